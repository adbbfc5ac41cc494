"""Proves how a mailbox is connected: a token, then a call to the mailbox itself. Nothing else counts as connected.

A token says little: Entra gives one to an application without any permission, and rights that Exchange gives do not stand in
it (https://learn.microsoft.com/exchange/permissions-exo/application-rbac). So the inbox is asked for, as the pipeline will.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import NotFound, PostrumError
from shared.identity.connection_keeper import ConnectionKeeper
from shared.identity.connection_state import WAITING, Event, Happened, judged
from shared.identity.credentials import AppCredential
from shared.identity.scopes import GRAPH_DEFAULT
from shared.model.config import SIGNED_IN_KINDS, Company, ConnectionKind, Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.pipeline.ending import mailbox_task
from shared.setup.visiting import Visits
from shared.stores.grants import Grants

BY_ITSELF = frozenset({"consent_not_propagated", "scope_pending"})
"""Codes of connections for which the grant was given and a service has to learn of it."""


@dataclass(frozen=True, slots=True)
class CheckConnection:
    """Use case: test the connection of a mailbox, for a person or for the tick.

    Attributes:
        visits: opens mailboxes, beside the lane.
        keeper: writes down how mailboxes are connected.
        grants: accounts that signed in.
        application: the application in a tenant.
        home_tenant: tenant that Postrum is deployed into.
    """

    visits: Visits
    keeper: ConnectionKeeper
    grants: Grants
    application: Callable[[str], AppCredential]
    home_tenant: str

    async def check(self, company_id: str, mailbox_id: str) -> Connection:
        """Test the connection now, and write down what came of it.

        Raises:
            NotFound: there is no such mailbox.
            TransientError: our own storage does not answer; what the other side does is never an exception.
        """
        company, mailbox = await self.mailbox(company_id, mailbox_id)
        before = await self.keeper.now(company.id, mailbox)
        if mailbox.connection in SIGNED_IN_KINDS and mailbox.grant is None:
            event = await self._without_account(mailbox, before)
        else:
            if mailbox.connection is ConnectionKind.GRAPH_APP and before.code != "scope_pending":
                # A consent shows in a new token only. A scope shows in none, so for that one the token in memory will do.
                self.application(mailbox.tenant_id or self.home_tenant).forget()
            event = await self.prove(company, mailbox)
            if mailbox.grant is not None and event.happened is Happened.SIGN_IN_NEEDED and _by_provider(event.code):
                await self.grants.ended(company.id, mailbox.grant)
            event = await self._of_application(mailbox, before, event)
        if event.happened is Happened.ANSWERED:
            await self._resume(company, mailbox)
        return await self.keeper.note(company.id, mailbox, event)

    async def check_again(self, company_id: str, mailbox_id: str) -> None:
        """Test a connection that is due, for the tick. One whose mailbox was removed with the configuration file is forgotten.

        Raises:
            TransientError: our own storage does not answer.
        """
        try:
            await self.check(company_id, mailbox_id)
        except NotFound:
            await self.keeper.forget(company_id, mailbox_id)

    async def _resume(self, company: Company, mailbox: Mailbox) -> None:
        """The mailbox answers: a pause after earlier failures is over, and what was asked for behind it is done now."""
        services = self.visits.services
        if await services.lanes.resume(services.sources.lane(company, mailbox)) and mailbox.active:
            await services.queues.put(mailbox_task(company, mailbox))

    async def prove(self, company: Company, mailbox: Mailbox) -> Event:
        """What a token and a call to the mailbox say, without writing anything down.

        Args:
            company: whose mailbox.
            mailbox: how it is reached; need not be stored.
        """
        grant = await self.grants.get(company.id, mailbox.grant) if mailbox.grant else None
        try:
            async with self.visits.visit(company, mailbox) as source:
                inbox = await source.folder("")
        except PostrumError as error:
            return judged(error, mailbox.connection)
        if inbox is None:
            return Event(Happened.BROKEN, code="not_found", detail="The mailbox has no inbox.")
        return Event(Happened.ANSWERED, account=grant.account if grant else "")

    async def mailbox(self, company_id: str, mailbox_id: str) -> tuple[Company, Mailbox]:
        """The mailbox as it is configured now.

        Raises:
            NotFound: there is none.
        """
        return await self.visits.mailbox(company_id, mailbox_id)

    async def _of_application(self, mailbox: Mailbox, before: Connection, event: Event) -> Event:
        """A refusal while consent was awaited in another tenant: where a token came, the consent is there by now."""
        if (
            event.happened is Happened.REFUSED
            and event.code == "scope_pending"
            and before.state in WAITING
            and before.code not in BY_ITSELF
            and before.code != "consent_revoked"
            and self._foreign(mailbox)
        ):
            return Event(Happened.NOT_YET, code="scope_pending", detail=event.detail)
        return event

    async def _without_account(self, mailbox: Mailbox, before: Connection) -> Event:
        """No account has signed in yet. Whether an administrator approved in the meantime can be seen from here in another
        tenant only: there the application is unknown until somebody consents. In the own tenant the consent link tells."""
        if before.state not in WAITING:
            return Event(Happened.SIGN_IN_NEEDED, code="sign_in_needed")
        if mailbox.connection is ConnectionKind.GOOGLE or not self._foreign(mailbox):
            return Event(Happened.REFUSED, code=before.code)
        application = self.application(mailbox.tenant_id or self.home_tenant)
        application.forget()
        try:
            await application.get_token(GRAPH_DEFAULT)
        except PostrumError as error:
            return judged(error, mailbox.connection)
        return Event(Happened.CONSENTED)

    def _foreign(self, mailbox: Mailbox) -> bool:
        return (mailbox.tenant_id or self.home_tenant).casefold() != self.home_tenant.casefold()


def _by_provider(code: str) -> bool:
    """Whether Microsoft or Google ended the grant itself; a mail server that refuses its token says nothing of the grant."""
    return code.startswith(("entra_", "google_"))


def usable(connection: Connection | None) -> bool:
    """Whether folders can be chosen: the last call to the mailbox was answered."""
    return connection is not None and connection.state is ConnectionState.CONNECTED
