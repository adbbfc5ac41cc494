"""The scope in Exchange: the script that opens the chosen mailboxes and no other, and the probe that proves it.

An application permission for mail, consented in Entra, opens every mailbox of a tenant, and no scope narrows it. So none is asked
for: the script gives the application roles over the chosen mailboxes in Exchange.
https://learn.microsoft.com/exchange/permissions-exo/application-rbac
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from shared.errors import InvalidRequest, MessageGone, PermissionDenied, PostrumError
from shared.identity.credentials import AppCredential
from shared.identity.scopes import GRAPH_DEFAULT
from shared.identity.token_claims import claims
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.config import Company, ConnectionKind
from shared.setup.visiting import Visits
from shared.sources.base import MailSource

TEMPLATE: Final = Path(__file__).parent / "exchange" / "Set-PostrumMailboxAccess.ps1"
MOST_MAILBOXES: Final = 100
"""Beyond that, the filter of a scope becomes too long for Exchange; a group names them better."""
LONGEST_LABEL: Final = 20
_QUOTES: Final = frozenset("'\u2018\u2019\u201a\u201b")
"""What PowerShell reads as a single quote; inside one, each is doubled.
https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules"""


class Script(Model):
    """A script to be run by an Exchange administrator."""

    file_name: str
    text: str
    tenant: str
    mailboxes: tuple[str, ...]
    complete: bool
    """Whether it knows the application's object id in the tenant; otherwise it asks for it when it is run."""

    def content(self) -> bytes:
        """The file: with a byte order mark, without which Windows PowerShell reads it in the machine's code page, where bytes
        of a letter can be quotes."""
        return self.text.encode("utf-8-sig")


class ProbeOutcome(StrEnum):
    """What the probe found."""

    REFUSED = "refused"
    """The mailbox outside is closed, as it has to be."""
    READABLE = "readable"
    """It can be read: something opens more than the scope."""
    NOT_CONFIGURED = "not_configured"
    """No mailbox outside is named for this tenant."""
    CANNOT_TELL = "cannot_tell"
    """The answer says neither: no connection, or no such mailbox."""


class ProbeResult(Model):
    """What the probe found, and of which mailbox."""

    outcome: ProbeOutcome
    tenant: str
    mailbox: str = ""
    code: str = ""
    """Entry of the catalogue of errors; `scope_open` where it can be read."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeScript:
    """Use case: the script for a company's mailboxes.

    Each company has a scope of its own under its own label, so the script of one names no mailbox of another, and running or
    removing it changes nothing for others.

    Attributes:
        visits: where the configuration is read.
        application: the application in a tenant.
        client_id: of the app registration.
        home_tenant: tenant that Postrum is deployed into.
        probe_mailbox: address in the home tenant that must stay closed; None where none is named.
    """

    visits: Visits
    application: Callable[[str], AppCredential]
    client_id: str
    home_tenant: str
    probe_mailbox: str | None = None

    async def script(self, company_id: str, mailbox_id: str) -> Script:
        """The script for all mailboxes of the company that the application reads by itself, in the tenant of this one.

        Raises:
            NotFound: there is no such mailbox.
            InvalidRequest: the mailbox is not read by the application itself, or there are too many for a script.
        """
        company, mailbox = await self.visits.mailbox(company_id, mailbox_id)
        if mailbox.connection is not ConnectionKind.GRAPH_APP:
            raise InvalidRequest(gettext_noop("Only mailboxes that the application reads by itself need a scope."))
        tenant = mailbox.tenant_id or self.home_tenant
        addresses = self._addresses(company, tenant)
        if len(addresses) > MOST_MAILBOXES:
            raise InvalidRequest(
                f"A script names at most {MOST_MAILBOXES} mailboxes.", remedy="Run it with a group; see docs/deploy.md."
            )
        principal = await self._principal(tenant)
        outside = self.probe_mailbox if tenant.casefold() == self.home_tenant.casefold() else None
        return Script(
            file_name=f"Postrum-{company.id}.ps1",
            text=filled(
                TEMPLATE.read_text("utf-8"),
                client_id=self.client_id,
                principal=principal,
                mailboxes=addresses,
                label=label_of(company.id),
                outside=outside,
            ),
            tenant=tenant,
            mailboxes=addresses,
            complete=bool(principal),
        )

    def _addresses(self, company: Company, tenant: str) -> tuple[str, ...]:
        found = {
            mailbox.address.casefold(): mailbox.address
            for mailbox in company.mailboxes
            if mailbox.connection is ConnectionKind.GRAPH_APP
            and (mailbox.tenant_id or self.home_tenant).casefold() == tenant.casefold()
        }
        return tuple(found[key] for key in sorted(found))

    async def _principal(self, tenant: str) -> str:
        """Object id of the application's service principal in the tenant, as its own token says; empty where there is no token."""
        try:
            token = await self.application(tenant).get_token(GRAPH_DEFAULT)
        except PostrumError:
            return ""
        found = str((claims(token.token) or {}).get("oid") or "")
        return found if len(found) == 36 and all(c in "0123456789abcdefABCDEF-" for c in found) else ""


@dataclass(frozen=True, slots=True)
class ScopeProbe:
    """Use case: try a mailbox that must be closed, as the pipeline would. It reads nothing but that there is an inbox.

    Attributes:
        open: a source for an address of a tenant.
        home_tenant: tenant that Postrum is deployed into.
        probe_mailbox: address in the home tenant that must stay closed; None where none is named.
    """

    open: Callable[[str, str], MailSource]
    home_tenant: str
    probe_mailbox: str | None = None

    async def probe(self, tenant: str | None = None) -> ProbeResult:
        """Try it now. Never raises for what the other side does.

        Args:
            tenant: None for the home tenant. For any other, no mailbox outside is known.
        """
        tenant = tenant or self.home_tenant
        address = self.probe_mailbox
        if not address or tenant.casefold() != self.home_tenant.casefold():
            return ProbeResult(outcome=ProbeOutcome.NOT_CONFIGURED, tenant=tenant)
        source = self.open(tenant, address)
        try:
            await source.folder("")
        except (PermissionDenied, MessageGone) as error:
            # Only what says "no access" to this application proves it; a token that is refused as a whole proves nothing.
            proven = error.cause == "graph_access_denied"
            outcome = ProbeOutcome.REFUSED if proven else ProbeOutcome.CANNOT_TELL
            return ProbeResult(
                outcome=outcome,
                tenant=tenant,
                mailbox=address,
                code="" if proven else error.cause,
                detail=error.message,
            )
        except PostrumError as error:
            code = error.cause or error.code
            return ProbeResult(
                outcome=ProbeOutcome.CANNOT_TELL, tenant=tenant, mailbox=address, code=code, detail=error.message
            )
        finally:
            await source.aclose()
        return ProbeResult(outcome=ProbeOutcome.READABLE, tenant=tenant, mailbox=address, code="scope_open")


def label_of(company_id: str) -> str:
    """The label of a company in Exchange: its id, or its beginning and a hash where it is too long."""
    if len(company_id) <= LONGEST_LABEL:
        return company_id
    return f"{company_id[:11]}-{hashlib.sha256(company_id.encode()).hexdigest()[:8]}"


def quoted(text: str) -> str:
    """A text as PowerShell reads it literally, in single quotes.

    Raises:
        InvalidRequest: it holds a control character, which has no business in an address.
    """
    if not text.isprintable():
        raise InvalidRequest("An address with control characters cannot stand in a script.")
    return "'" + "".join(c + c if c in _QUOTES else c for c in text) + "'"


def filled(
    template: str,
    *,
    client_id: str,
    principal: str,
    mailboxes: Sequence[str],
    label: str,
    outside: str | None,
) -> str:
    """The template with its parameters filled in: run without arguments it does what is asked, `-Remove` takes it back.

    Args:
        template: text of the script.
        client_id: of the app registration.
        principal: object id of its service principal; empty leaves the script to ask for it.
        mailboxes: addresses.
        label: of the scope.
        outside: address that must stay closed; None lets the script pick one.

    Raises:
        InvalidRequest: an address cannot stand in a script.
    """
    names = f"@({', '.join(quoted(address) for address in mailboxes)})"
    values = {
        "[Parameter(Mandatory)][guid]$AppId,": f"[guid]$AppId = {quoted(client_id)},",
        "[string[]]$Mailboxes = @(),": f"[string[]]$Mailboxes = {names},",
        "[string]$Label = '',": f"[string]$Label = {quoted(label)},",
        "[string]$OutsideMailbox = '',": f"[string]$OutsideMailbox = {quoted(outside or '')},",
    }
    if principal:
        asked = "[Parameter(Mandatory)][guid]$ServicePrincipalObjectId,"
        values[asked] = f"[guid]$ServicePrincipalObjectId = {quoted(principal)},"
    for place, value in values.items():
        before, found, after = template.partition(place)
        if not found:
            raise AssertionError(f"the script has no parameter {place}")
        template = before + value + after
    return template
