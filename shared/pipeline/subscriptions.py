"""Use case: keep the subscription to change notifications of a mailbox alive.

Notifications are a hint: whatever becomes of them, the timer's listing finds all mail (Graph: Change notifications for Outlook
resources). So nothing here may stop a mailbox; what fails is remembered, shown, and tried again.

Everything that is known stands in the cursors of the mailbox's lane and is written by its holder: no row of its own has to be read.
A crash between Graph's answer and that write leaves a subscription that nobody renews; it ends by itself within seven days.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from shared.errors import LeaseLost, NotFound, PostrumError, TransientError
from shared.model.base import Model, stamp
from shared.model.config import Company, ConnectionKind, Mailbox
from shared.pipeline.services import Clock
from shared.stores.secret_store import SecretStore
from shared.telemetry import event, problem

LIFE = timedelta(minutes=10_080)
"""Longest life of a subscription to mail (Graph: subscription resource type, maximum length)."""
MARGIN = timedelta(minutes=5)
"""Asked for less than the longest life, because clocks differ."""
RENEW_FROM, RENEW_WITHIN = timedelta(days=3), timedelta(hours=12)
"""A subscription is renewed between 3 and 3.5 days after it was made: the mailboxes of a deployment at different times."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)
SECRET = "notification-key"  # noqa: S105 - its name
PATH = "/push/graph"
LIFECYCLE = "/lifecycle"


class ProviderSubscription(Protocol):
    """What the provider says of a subscription."""

    @property
    def id(self) -> str:
        """Its id at the provider."""

    @property
    def expires(self) -> datetime:
        """When it ends."""


class SubscriptionClient(Protocol):
    """Calls to the provider: `shared.sources.graph.subscriptions.GraphSubscriptions`."""

    async def create(
        self,
        address: str,
        *,
        folder_id: str = "inbox",
        notification_url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> ProviderSubscription:
        """Order notifications about new mail in a folder. An effect."""

    async def renew(self, subscription_id: str, *, expires: datetime) -> ProviderSubscription:
        """Let it live longer. An effect. NotFound: there is no such any more."""

    async def delete(self, subscription_id: str) -> None:
        """End it; gone is no error. An effect."""


class Kept(Model):
    """What a lane remembers of the subscription of a mailbox."""

    id: str = ""
    """At the provider; empty where there is none."""
    resource: str = ""
    """Address and folder that it tells of."""
    url: str = ""
    """Where it tells."""
    state: str = ""
    """Fingerprint of its `clientState`: one that was made with a key that is not kept any more is made again."""
    expires: str = ""
    next: str = ""
    """Before this there is nothing to do."""
    failing_since: str = ""
    failures: int = 0
    """In a row."""
    cause: str = ""
    """Entry of the catalogue of errors for the last failure, or the error's code where it has none."""


def cursor(company: str, mailbox: str) -> str:
    """Name of the cursor that holds what is kept."""
    return f"subscription/{company}/{mailbox}"


def asked(company: str, mailbox: str) -> str:
    """Name of the cursor in which the provider's wishes are noted: `renew` or `create`."""
    return f"subscription_asked/{company}/{mailbox}"


def kept(cursors: Mapping[str, Any], company: str, mailbox: str) -> Kept:
    """What a lane remembers."""
    found = cursors.get(cursor(company, mailbox))
    return Kept.model_validate(found) if isinstance(found, dict) else Kept()


def push_url(public_url: str, *, allow_http: bool) -> str | None:
    """Address for notifications, or None where the provider cannot reach this deployment.

    Args:
        public_url: of the deployment, without a path; empty where there is none.
        allow_http: a development set-up, whose provider runs on the same machine.
    """
    parts = urlsplit(public_url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or (not allow_http and (parts.scheme != "https" or local)):
        return None
    return public_url.rstrip("/") + PATH


@dataclass(slots=True)
class NotificationKey:
    """The key that notifications prove themselves with: made once, kept in the secret store, remembered in the process.

    `clientState` is the name of the mailbox and an HMAC-SHA256 over it, so a forged notification costs no look into storage.
    """

    secrets: Callable[[], SecretStore]
    _key: bytes | None = field(default=None, repr=False)

    async def client_state(self, company: str, mailbox: str) -> str:
        """What the provider sends with each notification of a mailbox; at most 125 characters of the 128 allowed."""
        return f"{company}/{mailbox}/{await self._sign(company, mailbox)}"

    async def mailbox_of(self, client_state: str) -> tuple[str, str] | None:
        """Company and mailbox that a `clientState` was made for; None where we did not make it. Compares in constant time."""
        if len(client_state) > 128 or not client_state.isascii():
            return None
        company, _, rest = client_state.partition("/")
        mailbox, _, given = rest.partition("/")
        expected = await self._sign(company, mailbox)
        return (company, mailbox) if hmac.compare_digest(given.encode(), expected.encode()) else None

    def forget(self) -> None:
        """Read it from the secret store again."""
        self._key = None

    async def _sign(self, company: str, mailbox: str) -> str:
        digest = hmac.digest(await self._load(), f"{company}/{mailbox}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    async def _load(self) -> bytes:
        if self._key is None:
            store = self.secrets()
            text = await store.get(SECRET)
            if not text:
                await store.put(SECRET, secrets.token_urlsafe(32))
                # Of two workers that make it at once, one may go on with a key that is not kept; what it orders is made again when
                # it is renewed.
                text = await store.get(SECRET)
            if not text:
                raise TransientError("the key of the change notifications was not stored")
            self._key = text.encode()
        return self._key


@dataclass(frozen=True, slots=True)
class KeepSubscription:
    """Makes and renews subscriptions. Called by the holder of the mailbox's lane, at most once a hold.

    Attributes:
        clock: the time.
        key: of the notifications.
        url: where the provider sends them; None where it cannot reach this deployment.
        chance: random numbers from 0 to 1, so that mailboxes are not renewed all at once.
    """

    clock: Clock
    key: NotificationKey
    url: str | None
    chance: Callable[[], float]

    def due(
        self,
        company: Company,
        mailbox: Mailbox,
        cursors: Mapping[str, Any],
        account: str = "",
        folder_id: str = "inbox",
    ) -> bool:
        """Whether there is anything to do now, with the arguments of the call; costs no request."""
        if self.url is None or not eligible(mailbox, account):
            return False
        before = kept(cursors, company.id, mailbox.id)
        return (
            asked(company.id, mailbox.id) in cursors
            or before.next <= stamp(self.clock())
            or self._elsewhere(before, mailbox, folder_id)
        )

    async def __call__(
        self,
        company: Company,
        mailbox: Mailbox,
        cursors: Mapping[str, Any],
        *,
        client: SubscriptionClient,
        folder_id: str = "inbox",
        account: str = "",
    ) -> dict[str, Any]:
        """Make or renew the subscription of a mailbox where it is time.

        Args:
            company: of the mailbox.
            mailbox: whose source folder is watched.
            cursors: of its lane.
            client: calls to the provider.
            folder_id: id of the source folder at the provider.
            account: address that signed in; empty where the application acts for itself.

        Returns:
            Cursors to write, None for those to drop; empty where nothing was to be done.

        Raises:
            LeaseLost: another worker has the lane.
        """
        before = kept(cursors, company.id, mailbox.id)
        if not self.due(company, mailbox, cursors, account, folder_id):
            return {}
        changed = self._elsewhere(before, mailbox, folder_id)
        now = self.clock()
        wish = cursors.get(asked(company.id, mailbox.id))
        try:
            after = await self._ensure(
                company, mailbox, before, client, folder_id, anew=changed or wish == "create" or not before.id
            )
        except LeaseLost:
            raise
        except PostrumError as error:
            problem("subscription_failed", None, company=company.id, mailbox=mailbox.id, code=error.code)
            after = before.model_copy(
                update={
                    "failing_since": before.failing_since or stamp(now),
                    "failures": before.failures + 1,
                    "cause": error.cause or error.code,
                    "next": stamp(now + self._pause(before.failures, error)),
                    # The provider does not know it any more, or it tells of another folder.
                    "id": "" if isinstance(error, NotFound) or changed else before.id,
                }
            )
        return {cursor(company.id, mailbox.id): after.model_dump(), asked(company.id, mailbox.id): None}

    def _elsewhere(self, before: Kept, mailbox: Mailbox, folder_id: str) -> bool:
        """Whether there is a subscription that tells of another folder, or somewhere else."""
        return bool(before.id) and (before.resource, before.url) != (f"{mailbox.address}/{folder_id}", self.url)

    async def _ensure(
        self,
        company: Company,
        mailbox: Mailbox,
        before: Kept,
        client: SubscriptionClient,
        folder_id: str,
        *,
        anew: bool,
    ) -> Kept:
        assert self.url is not None  # noqa: S101 - `due` was asked
        until = self.clock() + LIFE - MARGIN
        client_state = await self.key.client_state(company.id, mailbox.id)
        fingerprint = hashlib.sha256(client_state.encode()).hexdigest()[:16]
        anew = anew or before.state != fingerprint
        if not anew:
            try:
                made = await client.renew(before.id, expires=until)
            except NotFound:
                anew = True
        if anew:
            if before.id:
                await client.delete(before.id)
            made = await client.create(
                mailbox.address,
                folder_id=folder_id,
                notification_url=self.url,
                lifecycle_url=self.url + LIFECYCLE,
                client_state=client_state,
                expires=until,
            )
        event("subscription_kept", company=company.id, mailbox=mailbox.id, new=anew)
        renew_at = min(self.clock() + RENEW_FROM + RENEW_WITHIN * self.chance(), made.expires - timedelta(hours=1))
        return Kept(
            id=made.id,
            resource=f"{mailbox.address}/{folder_id}",
            url=self.url,
            state=fingerprint,
            expires=stamp(made.expires),
            next=stamp(renew_at),
        )

    def _pause(self, failures: int, error: PostrumError) -> timedelta:
        seconds = min(FIRST_PAUSE.total_seconds() * 2.0 ** min(failures, 10), LONGEST_PAUSE.total_seconds())
        told = (error.retry_after if isinstance(error, TransientError) else None) or 0.0
        return timedelta(seconds=max(seconds * (0.8 + 0.4 * self.chance()), min(told, LONGEST_PAUSE.total_seconds())))


def eligible(mailbox: Mailbox, account: str) -> bool:
    """Whether the provider tells of new mail in this mailbox at all.

    A delegated subscription to a mailbox of another account is confirmed by Graph and never delivers, so it is not made.
    """
    if mailbox.connection is ConnectionKind.GRAPH_APP:
        return True
    return mailbox.connection is ConnectionKind.GRAPH_DELEGATED and account.casefold() == mailbox.address.casefold()
