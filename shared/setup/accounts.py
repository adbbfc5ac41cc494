"""Accounts that mailboxes are read with: the list of a company, choosing one for a mailbox, taking it away.

Two things are kept apart: the consent of a tenant, which stays when an account is disconnected, and the grant of an account,
which belongs to one company and may serve several of its mailboxes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.configuration.service import Configure
from shared.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, TransientError
from shared.identity.connection_keeper import ConnectionKeeper
from shared.identity.connection_state import Event, Happened
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.config import SIGNED_IN_KINDS, Company, ConnectionKind, Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.setup.checking import CheckConnection
from shared.stores.grants import Grant, Grants, Provider


class AccountEntry(Model):
    """An account as it is offered for choice."""

    grant: Grant
    mailboxes: tuple[str, ...]
    """Ids of the mailboxes that are read with it."""


class Connected(Model):
    """Who is connected to a mailbox at the moment, and would have to be disconnected first."""

    mailbox: str
    account: str
    since: datetime
    by: str = ""


class ConnectionTaken(Conflict):
    """The mailbox is connected with another account. `connected` says with which."""

    cause = "connection_taken"

    def __init__(self, connected: tuple[Connected, ...]) -> None:
        names = ", ".join(entry.account for entry in connected)
        super().__init__(f"The mailbox is connected with {names}.", remedy="Disconnect it first, or replace it.")
        self.connected = connected


@dataclass(frozen=True, slots=True)
class Accounts:
    """Use case: the accounts of a company.

    Attributes:
        check: proves connections.
        keeper: writes them down.
        grants: accounts that signed in.
        configure: the one write path of the configuration.
    """

    check: CheckConnection
    keeper: ConnectionKeeper
    grants: Grants
    configure: Configure

    async def listed(self, company_id: str) -> list[AccountEntry]:
        """The accounts that signed in for the company, by name, each with the mailboxes that use it.

        Raises:
            NotFound: there is no such company.
        """
        company = await self.company(company_id)
        grants = sorted(await self.grants.of(company_id), key=lambda grant: (grant.account.casefold(), grant.id))
        return [
            AccountEntry(grant=grant, mailboxes=tuple(box.id for box in company.mailboxes if box.grant == grant.id))
            for grant in grants
        ]

    async def choose(
        self, company_id: str, mailbox_id: str, chosen: str, *, replace: bool = False, by: str
    ) -> Connection:
        """Read a mailbox with an account that signed in before.

        Args:
            company_id: whose mailbox.
            mailbox_id: which.
            chosen: id of the grant.
            replace: it takes the place of the account that the mailbox is connected with.
            by: who asks.

        Raises:
            NotFound: there is no such mailbox or account.
            InvalidRequest: the account is of the other provider.
            ConnectionTaken: the mailbox is connected with another account.
            PermissionDenied: the account may not open the mailbox; nothing was changed.
            TransientError: that could not be found out at the moment; nothing was changed.
        """
        company = await self.company(company_id)
        mailbox = company.mailbox(mailbox_id)
        grant = await self.grants.get(company_id, chosen)
        if mailbox is None or grant is None:
            raise NotFound(gettext_noop("There is no such mailbox, or no such account."))
        if mailbox.connection not in SIGNED_IN_KINDS or grant.provider is not provider_of(mailbox.connection):
            raise InvalidRequest(gettext_noop("This account cannot be used for a mailbox of this kind."), field="grant")
        if not replace:
            await self.ensure_free(company, mailbox, grant)
        event = await self.check.prove(company, mailbox.model_copy(update={"grant": grant.id}))
        if event.happened in (Happened.UNREACHABLE, Happened.BUSY):
            raise TransientError("The mailbox could not be reached.").because(event.code)
        if event.happened is not Happened.ANSWERED:
            raise PermissionDenied(f"{grant.account} may not open {mailbox.address}.").because(event.code)
        return await self.attach(company, mailbox, grant, event, by)

    async def detach(self, company_id: str, mailbox_id: str, *, by: str) -> Connection:
        """The mailbox is read with no account any more; the account stays in the list, and the tenant's consent as it is.

        Raises:
            NotFound: there is no such mailbox.
        """
        company = await self.company(company_id)
        mailbox = company.mailbox(mailbox_id)
        if mailbox is None:
            raise NotFound(f"There is no mailbox {mailbox_id} in company {company_id}.")
        await self.configure.change(company_id, _with_grant(mailbox_id, None))
        return await self.keeper.begin_again(company_id, mailbox, by)

    async def disconnect(self, company_id: str, chosen: str, *, by: str) -> tuple[str, ...]:
        """Remove an account with its secret. The consent of its tenant stays, so another account can sign in at once.

        Returns:
            Ids of the mailboxes that were read with it; they wait for another.

        Raises:
            NotFound: there is no such account.
        """
        company = await self.company(company_id)
        if await self.grants.get(company_id, chosen) is None:
            raise NotFound(gettext_noop("There is no such account."))
        used = [mailbox for mailbox in company.mailboxes if mailbox.grant == chosen]
        for mailbox in used:
            await self.configure.change(company_id, _with_grant(mailbox.id, None))
            await self.keeper.begin_again(company_id, mailbox, by)
        await self.grants.remove(company_id, chosen)
        return tuple(mailbox.id for mailbox in used)

    async def attach(self, company: Company, mailbox: Mailbox, grant: Grant, event: Event, by: str) -> Connection:
        """The mailbox is read with this account from here on; `event` is what the proof said."""
        await self.configure.change(company.id, _with_grant(mailbox.id, grant.id))
        noted = Event(event.happened, code=event.code, detail=event.detail, account=grant.account, by=by)
        return await self.keeper.note(company.id, mailbox, noted)

    async def ensure_free(self, company: Company, mailbox: Mailbox, grant: Grant) -> None:
        """One account at a time: another has to go first, or be replaced on purpose.

        Raises:
            ConnectionTaken: the mailbox is connected with another account.
        """
        if mailbox.grant is None or mailbox.grant == grant.id:
            return
        now = await self.keeper.now(company.id, mailbox)
        if now.state is not ConnectionState.CONNECTED:
            return
        known = await self.grants.get(company.id, mailbox.grant)
        account = known.account if known else now.account
        by = known.created_by if known else ""
        raise ConnectionTaken((Connected(mailbox=mailbox.id, account=account, since=now.since, by=by),))

    async def company(self, company_id: str) -> Company:
        """The company as it is configured now.

        Raises:
            NotFound: there is none.
        """
        company = await self.check.visits.services.companies.fresh(company_id)
        if company is None:
            raise NotFound(f"There is no company {company_id}.")
        return company


def provider_of(kind: ConnectionKind) -> Provider:
    """Who signs accounts in for mailboxes of this kind."""
    return Provider.GOOGLE if kind is ConnectionKind.GOOGLE else Provider.MICROSOFT


def _with_grant(mailbox_id: str, grant: str | None) -> Callable[[Company], Company]:
    def change(company: Company) -> Company:
        boxes = tuple(
            box.model_copy(update={"grant": grant}) if box.id == mailbox_id else box for box in company.mailboxes
        )
        return company.model_copy(update={"mailboxes": boxes})

    return change
