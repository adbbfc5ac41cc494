"""The consent link: made for a mailbox, opened by an administrator, finished when the directory sends them back."""

from __future__ import annotations

import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.errors import InvalidRequest, PermissionDenied, PostrumError, TransientError
from shared.identity.connection_keeper import ConnectionKeeper
from shared.identity.connection_state import Event, Happened, judged
from shared.identity.consent import (
    CONSENTED_KINDS,
    SCOPE_ROLE,
    Consent,
    Permission,
    application_url,
    consent_url,
    directory_roles,
    expiry,
    opened,
    permissions,
    proper_tenant,
    requests_url,
    signed,
)
from shared.identity.credentials import AppCredential
from shared.identity.entra_refusal import refused
from shared.identity.scopes import GRAPH_DEFAULT
from shared.identity.token_claims import claims
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.config import Company, ConnectionKind, Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.setup.checking import CheckConnection
from shared.stores.sign_in_states import Away, SignInStates

CALLBACK: Final = "/consent/callback"
PURPOSE: Final = "consent"
_LONGEST: Final = 4_096


class ConsentOffer(Model):
    """What the page before the directory's says. Texts of the permissions are keys of the catalogues."""

    company: str
    company_name: str
    mailbox: str
    address: str
    tenant: str
    foreign: bool
    """Whether it is another tenant than the one that Postrum is deployed into."""
    kind: ConnectionKind
    application_name: str
    client_id: str
    permissions: tuple[Permission, ...]
    roles: tuple[str, ...]
    """Directory roles of which one is needed; names of Microsoft's."""
    scope_role: str
    """Role for the script in Exchange; empty where there is none to run."""
    tenant_wide: bool
    needs_consent: bool
    """False in the own tenant with a scope: the application is known there since it was deployed."""
    expires_at: datetime
    requests_url: str
    """Where requests for approval are, in the Entra admin center."""
    application_url: str
    """The application in the Entra admin center."""


class ConsentResult(Model):
    """What came of it, for the page after."""

    company: str
    mailbox: str
    address: str
    kind: ConnectionKind
    tenant: str
    granted: bool
    """The administrator's part is done: the mailbox is connected, or an account may sign in now, or the scope is next."""
    code: str = ""
    """Entry of the catalogue of errors; empty where nothing is left to do."""
    connection: Connection
    token: str = ""
    """Of the link that was opened, to begin again or to go on with the script."""


@dataclass(frozen=True, slots=True)
class ConsentLinks:
    """Use case: from the link to the proof.

    Attributes:
        check: proves connections.
        keeper: writes them down.
        states: people who are away on the directory's page.
        key: with which links are signed.
        application: the application in a tenant.
        home_tenant: tenant that Postrum is deployed into.
        client_id: of the app registration.
        authority: where Entra ID is.
        public_url: where this deployment is reached.
        clock: the time.
        tenant_wide_declared: the app registration declares the application permission for every mailbox of a tenant.
        sign_in_declared: it declares the permissions of accounts that sign in.
        application_name: what the directory's page calls the application.
    """

    check: CheckConnection
    keeper: ConnectionKeeper
    states: SignInStates
    key: Callable[[], Awaitable[bytes]]
    application: Callable[[str], AppCredential]
    home_tenant: str
    client_id: str
    authority: str
    public_url: str
    clock: Callable[[], datetime]
    tenant_wide_declared: bool = False
    sign_in_declared: bool = True
    application_name: str = "Postrum"

    async def link(self, company_id: str, mailbox_id: str, *, tenant_wide: bool = False, by: str = "") -> str:
        """A link for an administrator, good for seven days; the mailbox waits for consent from here on.

        Args:
            company_id: whose mailbox.
            mailbox_id: which.
            tenant_wide: ask for the application permission that opens every mailbox of the tenant, in place of a scope.
            by: who asks; that person is told.

        Raises:
            NotFound: there is no such mailbox.
            InvalidRequest: a mailbox of this kind needs no consent of an administrator, or its tenant is not one tenant.
        """
        company, mailbox = await self.check.mailbox(company_id, mailbox_id)
        tenant = mailbox.tenant_id or self.home_tenant
        if mailbox.connection not in CONSENTED_KINDS:
            raise InvalidRequest(
                gettext_noop("A mailbox that is connected in this way needs no consent of an administrator.")
            )
        if tenant_wide and mailbox.connection is not ConnectionKind.GRAPH_APP:
            raise InvalidRequest(
                gettext_noop("Only an application permission can be tenant-wide."), field="tenant_wide"
            )
        if tenant_wide and not self.tenant_wide_declared:
            raise InvalidRequest(
                gettext_noop("This deployment asks for no tenant-wide permission."),
                field="tenant_wide",
                remedy=gettext_noop(
                    "Use the scope in Exchange, or deploy again with POSTRUM_MAILBOX_ACCESS set to tenantWide."
                ),
            )
        if not proper_tenant(tenant):
            raise InvalidRequest(gettext_noop("Name one tenant, by its id or one of its domains."), field="tenant_id")
        consent = Consent(
            company=company.id,
            mailbox=mailbox.id,
            tenant=tenant,
            kind=mailbox.connection,
            tenant_wide=tenant_wide,
            expires_at=expiry(self.clock()),
            by=by[:320],
        )
        if self._needs_consent(consent):
            await self.keeper.note(company.id, mailbox, Event(Happened.LINK_SENT, by=by))
        return f"{self.public_url}/consent/{signed(consent, await self.key())}"

    async def offer(self, token: str) -> ConsentOffer:
        """What the page before the directory's says.

        Raises:
            PermissionDenied: the link has expired or was changed (`consent_link_expired`).
            NotFound: its mailbox is not there any more.
        """
        consent, company, mailbox = await self._opened(token)
        scoped = consent.kind is ConnectionKind.GRAPH_APP and not consent.tenant_wide
        return ConsentOffer(
            company=company.id,
            company_name=company.name,
            mailbox=mailbox.id,
            address=mailbox.address,
            tenant=consent.tenant,
            foreign=self._foreign(consent),
            kind=consent.kind,
            application_name=self.application_name,
            client_id=self.client_id,
            permissions=permissions(consent, sign_in_declared=self.sign_in_declared),
            roles=directory_roles(consent),
            scope_role=SCOPE_ROLE if scoped else "",
            tenant_wide=consent.tenant_wide,
            needs_consent=self._needs_consent(consent),
            expires_at=consent.expires_at,
            requests_url=requests_url(),
            application_url=application_url(self.client_id),
        )

    async def begin(self, token: str, browser: str) -> str:
        """Address of the directory's page; its answer is taken once, within 30 minutes, from the same browser.

        Args:
            token: of the link.
            browser: the browser's cookie: random, at least 32 characters.

        Raises:
            PermissionDenied: the link has expired or was changed.
            NotFound: its mailbox is not there any more.
            InvalidRequest: nothing has to be consented to.
        """
        consent, _, _ = await self._opened(token)
        if not self._needs_consent(consent):
            raise InvalidRequest(
                gettext_noop("In this tenant the application is known already; only the scope in Exchange is left.")
            )
        state = random.token_urlsafe(32)
        away = Away(PURPOSE, {"consent": consent.model_dump(mode="json")})
        await self.states.keep(state, browser, away, self.clock())
        return consent_url(
            self.authority,
            consent,
            client_id=self.client_id,
            redirect_uri=f"{self.public_url}{CALLBACK}",
            state=state,
        )

    async def finish(self, parameters: Mapping[str, str], browser: str) -> ConsentResult:
        """The administrator came back. What is true is found out by a token and a call, not by what the address says.

        Args:
            parameters: of the address, untrusted. `admin_consent=True` stands beside errors too; `tenant` is not believed.
            browser: the browser's cookie.

        Raises:
            PermissionDenied: this answer belongs to no link that was opened in this browser (`sign_in_state`).
            NotFound: the mailbox is not there any more.
        """
        away = await self.states.take(parameters.get("state", "")[:_LONGEST], browser, PURPOSE, self.clock())
        consent = Consent.model_validate(away.values["consent"])
        result = await self._finished(consent, parameters)
        return result.model_copy(update={"token": signed(consent, await self.key())})

    async def _finished(self, consent: Consent, parameters: Mapping[str, str]) -> ConsentResult:
        _, mailbox = await self._unchanged(consent)
        error = parameters.get("error", "")
        if error:
            answer = {
                name: parameters.get(name, "")[:_LONGEST] for name in ("error", "error_description", "error_subcode")
            }
            return await self._refused(consent, mailbox, refused(answer, who=self._who(consent)))
        if parameters.get("admin_consent", "").lower() != "true":
            return await self._refused(
                consent, mailbox, PermissionDenied("No consent came.").because("consent_incomplete")
            )
        return await self._proven(consent, mailbox)

    async def approval_sent(self, company_id: str, mailbox_id: str, *, by: str) -> Connection:
        """A person says that a request for approval lies with an administrator (the directory does not tell us).

        Raises:
            NotFound: there is no such mailbox.
        """
        company, mailbox = await self.check.mailbox(company_id, mailbox_id)
        now = await self.keeper.now(company.id, mailbox)
        if now.state is ConnectionState.CONNECTED:
            return now
        return await self.keeper.note(
            company.id, mailbox, Event(Happened.APPROVAL_NEEDED, code="consent_requested", by=by)
        )

    async def _proven(self, consent: Consent, mailbox: Mailbox) -> ConsentResult:
        application = self.application(consent.tenant)
        application.forget()
        waiting = "consent_not_propagated" if consent.tenant_wide else "scope_pending"
        try:
            token = await application.get_token(GRAPH_DEFAULT)
        except TransientError as error:
            event = Event(Happened.CONSENTED, code="consent_not_propagated", detail=error.message)
            return self._result(consent, mailbox, await self.keeper.note(consent.company, mailbox, event))
        except PostrumError as error:
            event = judged(error, consent.kind)
            if event.happened is Happened.REFUSED:  # the directory's other machines do not know it yet
                event = Event(Happened.NOT_YET, code="consent_not_propagated", detail=error.message)
            return self._result(consent, mailbox, await self.keeper.note(consent.company, mailbox, event))
        tenant = str((claims(token.token) or {}).get("tid") or "")
        if not _same_tenant(consent.tenant, tenant):
            elsewhere = PermissionDenied("The consent was given in another tenant.").because("consent_other_tenant")
            return await self._refused(consent, mailbox, elsewhere)
        connection = await self.keeper.note(consent.company, mailbox, Event(Happened.CONSENTED, code=waiting))
        if consent.kind is ConnectionKind.GRAPH_APP:
            connection = await self.check.check(consent.company, consent.mailbox)
        return self._result(consent, mailbox, connection)

    async def _refused(self, consent: Consent, mailbox: Mailbox, error: PostrumError) -> ConsentResult:
        """The directory, or what it said, is no consent. A connection that works is not ended by it."""
        connection = await self.keeper.now(consent.company, mailbox)
        event = judged(error, consent.kind)
        if event.happened is Happened.DECLINED:
            event = Event(Happened.DECLINED, code="consent_declined", detail=error.message)
        if connection.state is not ConnectionState.CONNECTED and event.happened is not Happened.UNREACHABLE:
            if event.happened in (Happened.BROKEN, Happened.SIGN_IN_NEEDED):
                event = Event(Happened.DECLINED, code=event.code, detail=error.message)  # still nobody has consented
            connection = await self.keeper.note(consent.company, mailbox, event)
        return self._result(consent, mailbox, connection, code=event.code, granted=False)

    def _result(
        self,
        consent: Consent,
        mailbox: Mailbox,
        connection: Connection,
        *,
        code: str | None = None,
        granted: bool | None = None,
    ) -> ConsentResult:
        done = connection.state is ConnectionState.CONNECTED or connection.code in ("consent_approved", "scope_pending")
        return ConsentResult(
            company=consent.company,
            mailbox=mailbox.id,
            address=mailbox.address,
            kind=consent.kind,
            tenant=consent.tenant,
            granted=done if granted is None else granted,
            code=connection.code if code is None else code,
            connection=connection,
        )

    async def _opened(self, token: str) -> tuple[Consent, Company, Mailbox]:
        consent = opened(token, await self.key(), self.clock())
        return (consent, *await self._unchanged(consent))

    async def _unchanged(self, consent: Consent) -> tuple[Company, Mailbox]:
        """The mailbox that was consented for, if it is still the same one."""
        company, mailbox = await self.check.mailbox(consent.company, consent.mailbox)
        if mailbox.connection is not consent.kind or (mailbox.tenant_id or self.home_tenant) != consent.tenant:
            raise PermissionDenied("The mailbox was changed since the link was made.").because("consent_link_expired")
        return company, mailbox

    def _needs_consent(self, consent: Consent) -> bool:
        scoped = consent.kind is ConnectionKind.GRAPH_APP and not consent.tenant_wide
        return self._foreign(consent) or not scoped

    def _foreign(self, consent: Consent) -> bool:
        return consent.tenant.casefold() != self.home_tenant.casefold()

    def _who(self, consent: Consent) -> str:
        return f"application {self.client_id} in tenant {consent.tenant}"


def _same_tenant(expected: str, found: str) -> bool:
    """A tenant that is named by a domain was resolved by the directory itself, in the address of the token endpoint."""
    return bool(found) and ("." in expected or expected.casefold() == found.casefold())
