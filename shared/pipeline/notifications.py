"""Use case: take change notifications. They are a hint that a mailbox should be listed now, and nothing in them is believed.

A notification proves by its `clientState` which mailbox it was ordered for (`NotificationKey`); the mailbox then gets one wish in its
lane, however many notifications there are. Who sends them learns nothing: everything that has the form of a notification is answered
alike, before the caller could see whether it was genuine (Graph: Receive change notifications through webhooks).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.pipeline.ending import mailbox_task, wanted_list
from shared.pipeline.services import Services
from shared.pipeline.subscriptions import NotificationKey, asked
from shared.pipeline.together import each
from shared.telemetry import event

BODY_LIMIT = 1024 * 1024
"""Bytes of one request."""
ITEMS_LIMIT = 1000
"""Notifications of one request."""
WISHES = {"reauthorizationRequired": "renew", "subscriptionRemoved": "create", "missed": ""}
"""Lifecycle events, and what the lane's holder has to do besides listing (Graph: Reduce missing change notifications)."""


def read_items(body: bytes) -> list[dict[str, Any]] | None:
    """The notifications in a request (pure); None where it is not JSON, not of this form, or more than the limits allow."""
    if len(body) > BODY_LIMIT:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    items = content.get("value") if isinstance(content, dict) else None
    if not isinstance(items, list) or len(items) > ITEMS_LIMIT or not all(isinstance(item, dict) for item in items):
        return None
    return items


@dataclass(frozen=True, slots=True)
class TakeNotifications:
    """Wakes the mailboxes that notifications are about."""

    services: Services
    key: NotificationKey

    async def __call__(self, body: bytes) -> bool:
        """List the mailboxes in which something changed; where something happened to a subscription, see to that as well.

        Args:
            body: of the request; change and lifecycle notifications are told apart by what they say.

        Returns:
            False where the body has not the form of notifications; genuine and forged ones are True alike.

        Raises:
            PostrumError: they were not noted, so the provider has to send them again.
        """
        items = read_items(body)
        if items is None:
            return False
        wishes: dict[tuple[str, str], str] = {}
        for item in items:
            state = item.get("clientState")
            mailbox = await self.key.mailbox_of(state) if isinstance(state, str) else None
            if mailbox is not None:
                wishes[mailbox] = WISHES.get(str(item.get("lifecycleEvent")), "") or wishes.get(mailbox, "")
        await self._wake(wishes, len(items))
        return True

    async def _wake(self, wishes: Mapping[tuple[str, str], str], items: int) -> None:
        woken = 0

        async def one(name: tuple[str, str]) -> None:
            nonlocal woken
            company = await self.services.companies.get(name[0])
            mailbox = None if company is None else company.mailbox(name[1])
            if company is None or mailbox is None or not mailbox.active:
                return  # what is left of a subscription that nobody needs any more
            woken += 1
            lane = self.services.sources.lane(company, mailbox)
            cursors = {asked(*name): wishes[name]} if wishes[name] else None
            wish = frozenset({wanted_list(*name)})
            if await self.services.lanes.want(lane, wish, self.services.clock(), cursors=cursors):
                await self.services.queues.put(mailbox_task(company, mailbox))

        await each(wishes, one)
        event("notifications_taken", items=items, mailboxes=woken, dropped=len(wishes) - woken)
