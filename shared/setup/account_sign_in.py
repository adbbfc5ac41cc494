"""Signing an account in for a company: sent to the page of Microsoft or Google, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.errors import InvalidRequest, NotFound, PermissionDenied, PostrumError
from shared.identity.authorisation_code import AuthorisationRequest, EntraAuthorisation, SignedIn
from shared.identity.connection_state import Event, Happened, judged
from shared.identity.consent import proper_tenant
from shared.identity.google import GoogleClient
from shared.identity.refreshed import forget_tokens
from shared.identity.scopes import scope_of
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.config import SIGNED_IN_KINDS, Company, ConnectionKind, Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.setup.accounts import Accounts, Connected, ConnectionTaken, provider_of
from shared.stores.grants import Grant, grant_id, new_secret_name
from shared.stores.sign_in_states import Away, SignInStates

CALLBACK: Final = "/connect/callback"
PURPOSE: Final = "connect"
_PARAMETERS: Final = ("state", "code", "error", "error_description", "error_subcode", "error_subtype")
_LONGEST: Final = 8_192


class AccountResult(Model):
    """What came of a sign-in, for the page after."""

    company: str
    mailbox: str | None
    grant: Grant | None = None
    """The account as it is kept from now on; None where nothing was kept."""
    account: str = ""
    """Who signed in."""
    expected: str = ""
    """The address of the mailbox, where another account signed in that may not open it."""
    connection: Connection | None = None
    code: str = ""
    """Entry of the catalogue of errors; empty where all went well."""
    connected: tuple[Connected, ...] = ()
    """Who is connected to the mailbox, where that stands in the way."""


@dataclass(frozen=True, slots=True)
class AccountSignIn:
    """Use case: an account signs in.

    Attributes:
        accounts: the accounts of the company, and what they are used for.
        states: people who are away on a sign-in page.
        entra: signs accounts of a tenant in.
        google: the OAuth client at Google; called late.
        home_tenant: tenant that Postrum is deployed into.
        public_url: where this deployment is reached.
        clock: the time.
    """

    accounts: Accounts
    states: SignInStates
    entra: Callable[[str], EntraAuthorisation]
    google: Callable[[], GoogleClient]
    home_tenant: str
    public_url: str
    clock: Callable[[], datetime]

    async def begin(
        self,
        company_id: str,
        browser: str,
        *,
        mailbox_id: str | None = None,
        kind: ConnectionKind | None = None,
        replace: bool = False,
        by: str,
        prompt: str | None = None,
    ) -> str:
        """Address of the sign-in page of Microsoft or Google; its answer is taken once, within 30 minutes.

        Args:
            company_id: for which company.
            browser: the browser's cookie: random, at least 32 characters.
            mailbox_id: the mailbox that the account is for; None where it shall only appear in the list.
            kind: how it will be used, where no mailbox is named.
            replace: the account takes the place of the one that the mailbox is connected with.
            by: who asks.
            prompt: `none` looks, without a page, whether an administrator has approved in the meantime (Microsoft).

        Raises:
            NotFound: there is no such company or mailbox.
            InvalidRequest: mailboxes of this kind have no account that signs in.
            ConfigurationError: the tenant is unknown, or the deployment has no OAuth client at Google.
            TransientError: the directory could not be asked.
        """
        company = await self.accounts.company(company_id)
        mailbox = company.mailbox(mailbox_id) if mailbox_id else None
        if mailbox_id and mailbox is None:
            raise NotFound(f"There is no mailbox {mailbox_id} in company {company_id}.")
        used = mailbox.connection if mailbox else kind
        if used not in SIGNED_IN_KINDS:
            raise InvalidRequest(gettext_noop("No account signs in for a mailbox of this kind."), field="connection")
        tenant = (mailbox.tenant_id if mailbox else None) or self.home_tenant
        request = await self._request(used, tenant, mailbox.address if mailbox else None, prompt)
        values: dict[str, Any] = {
            "company": company_id,
            "mailbox": mailbox_id,
            "kind": used.value,
            "tenant": tenant,
            "replace": replace,
            "by": by[:320],
            "flow": request.flow,
        }
        await self.states.keep(request.state, browser, Away(PURPOSE, values), self.clock())
        return request.url

    async def finish(self, parameters: Mapping[str, str], browser: str) -> AccountResult:
        """Somebody came back from a sign-in page.

        Args:
            parameters: of the address, untrusted.
            browser: the browser's cookie.

        Raises:
            PermissionDenied: this answer belongs to no sign-in that was begun in this browser (`sign_in_state`).
            NotFound: the company or mailbox is not there any more.
        """
        given = {name: parameters.get(name, "")[:_LONGEST] for name in _PARAMETERS}
        away = (await self.states.take(given["state"], browser, PURPOSE, self.clock())).values
        company = await self.accounts.company(str(away["company"]))
        mailbox = company.mailbox(str(away["mailbox"])) if away["mailbox"] else None
        if away["mailbox"] and mailbox is None:
            raise NotFound(f"There is no mailbox {away['mailbox']} in company {company.id}.")
        kind = ConnectionKind(away["kind"])
        try:
            if kind is ConnectionKind.GOOGLE:
                signed_in = await self.google().finish(away["flow"], given)
            else:
                signed_in = await self.entra(str(away["tenant"])).finish(away["flow"], given)
            grant, new = await self._kept(company, kind, signed_in, str(away["by"]))
        except PostrumError as error:
            return await self._failed(company, mailbox, error, kind, str(away["by"]))
        if mailbox is None:
            return AccountResult(company=company.id, mailbox=None, grant=grant, account=grant.account)
        return await self._for_mailbox(
            company, mailbox, grant, new=new, replace=bool(away["replace"]), by=str(away["by"])
        )

    async def _request(
        self, kind: ConnectionKind, tenant: str, address: str | None, prompt: str | None
    ) -> AuthorisationRequest:
        redirect_uri = f"{self.public_url}{CALLBACK}"
        if kind is ConnectionKind.GOOGLE:
            return await self.google().begin(redirect_uri=redirect_uri, login_hint=address)
        if not proper_tenant(tenant):
            raise InvalidRequest(gettext_noop("Name one tenant, by its id or one of its domains."), field="tenant_id")
        return await self.entra(tenant).begin(
            scopes=(scope_of(kind),),
            redirect_uri=redirect_uri,
            login_hint=address,
            prompt="none" if prompt == "none" else "select_account",
        )

    async def _kept(self, company: Company, kind: ConnectionKind, signed_in: SignedIn, by: str) -> tuple[Grant, bool]:
        """The grant, and whether this account had none before."""
        provider = provider_of(kind)
        if not signed_in.refresh_token:
            raise PermissionDenied("The sign-in gave no lasting grant.").because("sign_in_no_refresh_token")
        identity = grant_id(company.id, provider, signed_in.tenant_id, signed_in.oid)
        before = await self.accounts.grants.get(company.id, identity)
        now = self.clock()
        wanted = Grant(
            id=identity,
            company=company.id,
            provider=provider,
            account=signed_in.user_name,
            name=signed_in.name,
            tenant=signed_in.tenant_id,
            oid=signed_in.oid,
            secret_name=new_secret_name(identity),
            scopes=signed_in.scopes,
            created_at=now,
            created_by=by,
        )
        kept = await self.accounts.grants.keep(wanted, signed_in.refresh_token, now)
        forget_tokens(kept.secret_name)
        return kept, before is None

    async def _for_mailbox(
        self, company: Company, mailbox: Mailbox, grant: Grant, *, new: bool, replace: bool, by: str
    ) -> AccountResult:
        """The account is tried on the mailbox. It need not be the mailbox's own, but it must be able to open it."""
        result = AccountResult(company=company.id, mailbox=mailbox.id, grant=grant, account=grant.account)
        if not replace:
            try:
                await self.accounts.ensure_free(company, mailbox, grant)
            except ConnectionTaken as taken:
                now = await self.accounts.keeper.now(company.id, mailbox)
                return result.model_copy(update={"code": taken.cause, "connected": taken.connected, "connection": now})
        event = await self.accounts.check.prove(company, mailbox.model_copy(update={"grant": grant.id}))
        own = grant.account.casefold() == mailbox.address.casefold()
        if event.happened in (Happened.ANSWERED, Happened.UNREACHABLE, Happened.BUSY) or (
            own and event.code != "account_without_access"
        ):
            connection = await self.accounts.attach(company, mailbox, grant, event, by)
            return result.model_copy(update={"connection": connection, "code": connection.code})
        other = Event(
            Happened.OTHER_ACCOUNT, code="sign_in_other_account", detail=event.detail, account=grant.account, by=by
        )
        connection = await self.accounts.keeper.note(company.id, mailbox, other)
        if new:  # nobody asked for a lasting grant of this account
            await self.accounts.grants.remove(company.id, grant.id)
        return result.model_copy(
            update={
                "grant": None if new else grant,
                "expected": mailbox.address,
                "connection": connection,
                "code": "sign_in_other_account",
            }
        )

    async def _failed(
        self, company: Company, mailbox: Mailbox | None, error: PostrumError, kind: ConnectionKind, by: str
    ) -> AccountResult:
        """The sign-in came to nothing. A connection that works is not ended by it."""
        event = judged(error, kind)
        connection = await self.accounts.keeper.now(company.id, mailbox) if mailbox else None
        told = (Happened.APPROVAL_NEEDED, Happened.MAY_NOT, Happened.DECLINED, Happened.REFUSED)
        if mailbox and connection and connection.state is not ConnectionState.CONNECTED:
            noted = event if event.happened in told else None
            if event.happened in (Happened.BROKEN, Happened.SIGN_IN_NEEDED):
                noted = Event(Happened.SIGN_IN_NEEDED, code=event.code, detail=event.detail)
            if event.happened is Happened.REFUSED:  # the directory says that consent is missing: it has to be asked for
                noted = Event(Happened.APPROVAL_NEEDED, code=event.code, detail=event.detail)
            if noted is not None:
                by_person = Event(noted.happened, code=noted.code, detail=noted.detail, by=by)
                connection = await self.accounts.keeper.note(company.id, mailbox, by_person)
        return AccountResult(
            company=company.id, mailbox=mailbox.id if mailbox else None, connection=connection, code=event.code
        )
