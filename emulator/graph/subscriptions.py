"""Subscriptions: create, list, get, renew, reauthorize, delete, and what they tell (Graph: resources/subscription)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import ClientError, ClientTimeout

from emulator.clock import iso, parse_iso
from emulator.errors import EmulatorError, GraphError, bad_request
from emulator.graph.call import Answer, Json
from emulator.graph.notifier import Notifier
from emulator.ids import guid
from emulator.state import ChangeKind, Folder, Mailbox, Message
from emulator.world import World

MAX_MINUTES = 10_080
MIN_MINUTES = 45
MOST_PER_MAILBOX = 1000
_RESOURCE = re.compile(
    r"/?users(?:/([^/(]+)|\('([^']+)'\))/(?:mailfolders(?:/([^/(]+)|\('([^']+)'\))/)?messages(?:\?.*)?", re.IGNORECASE
)
_TOKEN = "Validation: Testing client application reachability for subscription Request-Id: "
_NOT_VALIDATED = (
    "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request."
)
_CHANGES = {"created", "updated", "deleted"}


@dataclass
class Subscription:
    """A subscription of one app to the messages of a mailbox or folder."""

    id: str
    app_id: str
    tenant_id: str
    mailbox: Mailbox
    folder: Folder | None
    resource: str
    change_types: frozenset[str]
    change_type: str
    url: str
    lifecycle_url: str | None
    client_state: str | None
    expires: datetime
    immutable: bool
    creator_id: str
    silent: bool
    """Validated and renewed like any other, but never told of a change."""

    def json(self) -> Json:
        """As Graph shows it."""
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.app_id,
            "changeType": self.change_type,
            "clientState": self.client_state,
            "notificationUrl": self.url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": iso(self.expires),
            "creatorId": self.creator_id,
            "includeResourceData": None,
            "latestSupportedTlsVersion": "v1_2",
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


class Subscriptions:
    """All subscriptions, and the listener that tells them of changes."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self.world = world
        self.notifier = notifier
        self.all: dict[str, Subscription] = {}
        self._by_mailbox: dict[str, list[Subscription]] = {}
        self._created = 0

    def clear(self) -> None:
        """Forget all."""
        self.all.clear()
        self._by_mailbox.clear()
        self.notifier.clear()

    def watched_mailbox(self, resource: str) -> tuple[str, str | None]:
        """The user and the folder that a resource names."""
        match = _RESOURCE.fullmatch(resource)
        if match is None:
            raise bad_request("The resource is not supported.", "ExtensionError")
        folder = match[3] or match[4]
        return unquote(match[1] or match[2]), unquote(folder) if folder else None

    async def create(
        self, body: Json, mailbox: Mailbox, app_id: str, creator_id: str, *, immutable: bool, silent: bool = False
    ) -> Answer:
        """201 after both URLs have echoed a validation token."""
        resource = str(body.get("resource", ""))
        _, folder_reference = self.watched_mailbox(resource)
        folder = mailbox.folder_by_reference(folder_reference) if folder_reference else None
        if folder_reference and folder is None:
            raise GraphError(404, "ResourceNotFound", "The folder of the resource was not found.")
        change_type = str(body.get("changeType", ""))
        kinds = frozenset(kind.strip().lower() for kind in change_type.split(","))
        if not kinds <= _CHANGES:
            raise bad_request("The value of 'changeType' is invalid.", "InvalidRequest")
        url = body.get("notificationUrl")
        if not isinstance(url, str) or not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise bad_request("The value of 'notificationUrl' must be an https address.", "InvalidRequest")
        state = body.get("clientState")
        if state is not None and len(str(state)) > 128:
            raise bad_request("The value of 'clientState' is longer than 128 characters.", "InvalidRequest")
        if len(self._by_mailbox.get(mailbox.user_id, [])) >= MOST_PER_MAILBOX:
            raise GraphError(
                403, "ExtensionError", "The number of subscriptions of this mailbox has reached its limit."
            )
        expires = self._expiry(body)
        lifecycle = body.get("lifecycleNotificationUrl")
        await self.validate(url, lifecycle)
        self._created += 1
        identifier = guid(self.world.seed, "subscription", str(self._created))
        subscription = Subscription(
            identifier, app_id, mailbox.tenant_id, mailbox, folder, resource, kinds, change_type, url, lifecycle,
            None if state is None else str(state), expires, immutable, creator_id, silent,
        )  # fmt: skip
        self.all[identifier] = subscription
        self._by_mailbox.setdefault(mailbox.user_id, []).append(subscription)
        return Answer(201, self._entity(subscription))

    def owned(self, identifier: str, app_id: str) -> Subscription:
        """The app's own subscription that has not expired."""
        subscription = self.all.get(identifier)
        if subscription and subscription.expires <= self.world.clock.utc():
            self.remove(subscription)
            subscription = None
        if subscription is None or subscription.app_id != app_id:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return subscription

    def listing(self, app_id: str, tenant_id: str) -> Answer:
        """The app's subscriptions in the tenant."""
        now = self.world.clock.utc()
        found = [
            s.json() for s in self.all.values() if (s.app_id, s.tenant_id) == (app_id, tenant_id) and s.expires > now
        ]
        return Answer(body={"@odata.context": self._context, "value": found})

    def get(self, subscription: Subscription) -> Answer:
        """One subscription."""
        return Answer(body=self._entity(subscription))

    async def renew(self, subscription: Subscription, body: Json) -> Answer:
        """Another expiry. Adding a lifecycle URL later is not possible."""
        if "lifecycleNotificationUrl" in body:
            raise bad_request("'lifecycleNotificationUrl' cannot be changed.", "InvalidRequest")
        expires = self._expiry(body)
        if self.world.behaviour.validate_on_renewal:
            await self.validate(subscription.url, subscription.lifecycle_url)
        subscription.expires = expires
        return Answer(body=self._entity(subscription))

    async def reauthorize(self, subscription: Subscription) -> Answer:
        """Confirm without another expiry."""
        await self.validate(subscription.url, subscription.lifecycle_url)
        return Answer(200)

    def remove(self, subscription: Subscription) -> None:
        """Forget one."""
        self.all.pop(subscription.id, None)
        self._by_mailbox.get(subscription.mailbox.user_id, []).remove(subscription)

    @property
    def _context(self) -> str:
        return f"{self.world.entra.authority}/v1.0/$metadata#subscriptions"

    def _entity(self, subscription: Subscription) -> Json:
        return {"@odata.context": f"{self._context}/$entity", **subscription.json()}

    def _expiry(self, body: Json) -> datetime:
        now = self.world.clock.utc()
        try:
            wanted = parse_iso(str(body["expirationDateTime"]))
        except (KeyError, ValueError):
            raise bad_request("The value of 'expirationDateTime' is invalid.", "InvalidRequest") from None
        if wanted > now + timedelta(minutes=MAX_MINUTES, seconds=30):
            text = f"Subscription expiration can only be {MAX_MINUTES} minutes in the future."
            raise bad_request(text, "ValidationError")
        if wanted <= now:
            raise bad_request("Subscription expiration must be in the future.", "ValidationError")
        return max(wanted, now + timedelta(minutes=MIN_MINUTES))

    async def validate(self, *urls: str | None) -> None:
        """Each URL must echo the decoded token as text/plain with 200 in time."""
        for url in urls:
            if url:
                await self._validate_one(url)

    async def _validate_one(self, url: str) -> None:
        token = _TOKEN + guid(self._created, url)
        target = f"{url}{'&' if '?' in url else '?'}validationToken={quote(token, safe='')}"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        timeout = ClientTimeout(total=self.world.behaviour.validation_timeout_seconds)
        try:
            async with self.notifier.session.post(
                target, data=b"", headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                good = answer.status == 200 and answer.content_type == "text/plain" and await answer.text() == token
        except TimeoutError:
            raise bad_request("Subscription validation request timed out.", "ValidationError") from None
        except ClientError:
            good = False
        if not good:
            raise bad_request(_NOT_VALIDATED, "ValidationError")

    # -- telling

    def on_change(self, mailbox: Mailbox, folder: Folder, message: Message, kind: ChangeKind) -> None:
        """A mailbox tells of a change."""
        if self.world.behaviour.notifications_dropped:
            return
        watching = self._by_mailbox.get(mailbox.user_id)
        if not watching:
            return
        now = self.world.clock.utc()
        for subscription in watching:
            if (
                kind in subscription.change_types
                and not subscription.silent
                and subscription.folder in (None, folder)
                and subscription.expires > now
            ):
                self.notifier.send(subscription.url, self._item(subscription, message, kind))

    def _item(self, subscription: Subscription, message: Message, kind: str) -> Json:
        identifier = message.immutable_id if subscription.immutable else message.default_id
        path = f"Users/{subscription.mailbox.user_id}/Messages/{identifier}"
        return {
            **self._common(subscription),
            "changeType": kind,
            "resource": path,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.Message",
                "@odata.id": path,
                "@odata.etag": message.etag,
                "id": identifier,
            },
        }

    def _common(self, subscription: Subscription) -> dict[str, Any]:
        return {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": iso(subscription.expires),
            "clientState": subscription.client_state,
            "tenantId": subscription.tenant_id,
        }

    def send_lifecycle(self, subscription: Subscription, event: str) -> None:
        """Tell the lifecycle URL: reauthorizationRequired, subscriptionRemoved or missed."""
        if event not in ("reauthorizationRequired", "subscriptionRemoved", "missed"):
            raise EmulatorError(f"no lifecycle event {event!r}")
        if subscription.lifecycle_url is None:
            raise EmulatorError("the subscription has no lifecycle URL")
        self.notifier.send(subscription.lifecycle_url, {**self._common(subscription), "lifecycleEvent": event})
