"""What a hold of a lane does beside the mail: it notes whether the mailbox answers, and keeps its change notifications coming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.errors import PostrumError
from shared.identity.connection_keeper import ConnectionKeeper
from shared.identity.connection_state import Event, Happened, judged
from shared.model.config import Company, ConnectionKind, Mailbox
from shared.pipeline.gate import Gate
from shared.pipeline.subscriptions import KeepSubscription, SubscriptionClient
from shared.stores.connection import STORAGE
from shared.telemetry import event

SubscriptionClients = Callable[[Company, Mailbox, str], SubscriptionClient]
"""Gives the calls to the provider for the notifications of a mailbox; the text is the account that signed in, or empty."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Notes how a connection does, and keeps the subscription of a mailbox alive. Neither ever stops the mail.

    Attributes:
        connections: writes down how each mailbox is connected.
        subscription: makes and renews subscriptions.
        clients: calls to the provider.
    """

    connections: ConnectionKeeper
    subscription: KeepSubscription
    clients: SubscriptionClients

    async def answered(self, company: Company, mailbox: Mailbox) -> None:
        """The mailbox was listed."""
        await self._note(company, mailbox, Event(Happened.ANSWERED))

    async def failed(self, company: Company, mailbox: Mailbox, error: PostrumError) -> None:
        """The mailbox could not be worked on. What our own storage did says nothing about its connection."""
        if error.cause == STORAGE:
            return
        await self._note(company, mailbox, judged(error, mailbox.connection))

    async def subscribe(
        self, company: Company, mailbox: Mailbox, cursors: dict[str, Any], gate: Gate, folder: str
    ) -> dict[str, Any]:
        """Make or renew the subscription where it is time; at most once a hold, and after the listing.

        Returns:
            What has to be written into the cursors of the lane; None removes.

        Raises:
            LeaseLost: another worker has the lane.
        """
        account = ""
        if mailbox.connection is ConnectionKind.GRAPH_DELEGATED:
            try:
                account = (await self.connections.now(company.id, mailbox)).account
            except PostrumError as error:
                event("subscription_not_seen_to", company=company.id, mailbox=mailbox.id, code=error.code)
                return {}
        if not self.subscription.due(company, mailbox, cursors, account, folder):
            return {}
        async with gate.call():
            return await self.subscription(
                company,
                mailbox,
                cursors,
                client=self.clients(company, mailbox, account),
                folder_id=folder,
                account=account,
            )

    async def _note(self, company: Company, mailbox: Mailbox, happened: Event) -> None:
        try:
            await self.connections.note(company.id, mailbox, happened)
        except PostrumError as error:
            event("connection_not_noted", company=company.id, mailbox=mailbox.id, code=error.code)
