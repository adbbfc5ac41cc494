"""Change notifications of Graph: subscribing to the mail that arrives in a folder. A notification is a hint, the sweep is the truth.

https://learn.microsoft.com/graph/outlook-change-notifications-overview, https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.effect import effect
from shared.errors import NotFound, PermanentError, PostrumError, ServiceUnavailable
from shared.model.base import Model
from shared.sources.graph.client import GraphClient, RefusedError
from shared.sources.graph.errors import Refusal, malformed
from shared.sources.graph.listing import UNKNOWN_TIME, as_text, as_time, entries, next_link

if TYPE_CHECKING:
    from shared.sources.graph.session import Session
    from shared.sources.graph.subscription_requests import SubscriptionRequests

LONGEST = timedelta(minutes=10_080)
"""Life of a subscription to mail, without the mail in the notification; an end further ahead is refused."""
LONGEST_CLIENT_STATE = 128
_PAGES = 100


class GraphSubscription(Model):
    """A subscription, without its secret."""

    id: str
    resource: str
    expires: datetime
    notification_url: str = ""


class GraphSubscriptions:
    """Subscriptions of an application in a tenant, or of an account that signed in.

    Graph calls the addresses while it answers, when a subscription is made, renewed or confirmed: the endpoint has ten seconds.
    Nothing is repeated here.

    Args:
        client: the client of the application and tenant, or of the account.
        account: address of the account that signed in; None where the application acts on its own.
    """

    def __init__(self, client: GraphClient, *, account: str | None = None) -> None:
        self._client = client
        self._account = account
        self._made_for: Session | None = None
        self._requests_: SubscriptionRequests

    async def create(
        self,
        address: str,
        *,
        folder_id: str = "inbox",
        notification_url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> GraphSubscription:
        """Ask to be told of mail that arrives. An effect: repeated, it makes another subscription.

        Args:
            address: the mailbox: its address, or the id of its user.
            folder_id: which folder of it, by id or well-known name.
            notification_url: https address that is told of mail.
            lifecycle_url: https address that is told when the subscription needs care; cannot be added later.
            client_state: secret that comes with each notification, at most 128 characters.
            expires: when it ends; at most `LONGEST` ahead, and Graph makes it at least 45 minutes.

        Raises:
            PermanentError: an account signed in to another mailbox than its own (such a subscription is made and never delivers), there
                are too many on the mailbox, or Graph refuses it otherwise.
            ServiceUnavailable: Graph could not reach our address in time.
        """
        if self._account is not None and self._account.casefold() != address.casefold():
            error = PermanentError(
                "Graph tells an account that signed in of mail in its own mailbox only.",
                remedy="Nothing has to be done: the mailbox is read by its schedule.",
            )
            raise error.because("graph_subscription_shared_mailbox")
        if not client_state or len(client_state) > LONGEST_CLIENT_STATE:
            raise ValueError(f"the client state has 1 to {LONGEST_CLIENT_STATE} characters")
        body = {
            "changeType": "created",
            "notificationUrl": notification_url,
            "lifecycleNotificationUrl": lifecycle_url,
            "resource": f"/users/{quote(address, safe='@.-_')}/mailFolders('{quote(folder_id, safe='=-_')}')/messages",
            "expirationDateTime": _written(expires),
            "clientState": client_state,
            "latestSupportedTlsVersion": "v1_2",
        }
        with _told():
            async with effect("graph.subscribe"):
                answer = await self._client.call(
                    self._requests.create(body), "subscribing to a mailbox", changing=True, expected=(200, 201)
                )
                return _subscription(answer)

    async def renew(self, subscription_id: str, *, expires: datetime) -> GraphSubscription:
        """Set another end, which also confirms the access. An effect that may be repeated.

        Raises:
            NotFound: Graph does not know it any more; make it anew.
            ServiceUnavailable: Graph could not reach our address in time.
        """
        with _told(existing=True):
            async with effect("graph.renew"):
                answer = await self._client.call(
                    self._requests.renew(subscription_id, {"expirationDateTime": _written(expires)}),
                    "renewing a subscription",
                    changing=True,
                )
                return _subscription(answer)

    async def reauthorize(self, subscription_id: str) -> None:
        """Confirm the access, as Graph asks for by a lifecycle notification. An effect that may be repeated.

        Raises:
            NotFound: Graph does not know it any more; make it anew.
            ServiceUnavailable: Graph could not reach our address in time.
        """
        with _told(existing=True):
            async with effect("graph.renew"):
                await self._client.call(
                    self._requests.reauthorize(subscription_id),
                    "confirming a subscription",
                    changing=True,
                    expected=(200, 202, 204),
                    answered=False,
                )

    async def delete(self, subscription_id: str) -> None:
        """End a subscription. An effect that may be repeated; one that is gone is no error."""
        try:
            with _told(existing=True):
                async with effect("graph.unsubscribe"):
                    await self._client.call(
                        self._requests.delete(subscription_id),
                        "ending a subscription",
                        changing=True,
                        expected=(200, 204),
                        answered=False,
                    )
        except NotFound:
            return

    async def list(self) -> tuple[GraphSubscription, ...]:
        """All subscriptions of the application in the tenant."""
        found: list[GraphSubscription] = []
        info = self._requests.listing()
        with _told():
            for _ in range(_PAGES):
                answer = await self._client.call(info, "listing the subscriptions")
                found += [_subscription(entry) for entry in entries(answer)]
                link = next_link(answer, self._client.base_url)
                if link is None:
                    break
                info = self._requests.link(link)
        return tuple(found)

    @property
    def _requests(self) -> SubscriptionRequests:
        """Made late: it loads the SDK."""
        session = self._client.session()
        if self._made_for is not session:
            from shared.sources.graph.subscription_requests import SubscriptionRequests

            self._requests_ = SubscriptionRequests(session)
            self._made_for = session
        return self._requests_


@contextmanager
def _told(*, existing: bool = False) -> Iterator[None]:
    """Raise the product's error in place of the refusal; `existing`: the call is about a subscription that was made before."""
    try:
        yield
    except RefusedError as refused:
        raise _error(refused.refused, refused.error, existing=existing) from None


def _error(refused: Refusal, error: PostrumError, *, existing: bool) -> PostrumError:
    """What a refusal means for a subscription. The codes are the same for very different things, so the message is looked at."""
    if existing and refused.status == 404:
        gone = NotFound(error.message, remedy="It is made anew.")
        return gone.because("graph_subscription_gone")
    if refused.status == 400 and "validation request" in refused.said:
        remedy = "Check that the public address of Postrum can be reached from the internet."
        return ServiceUnavailable(error.message, remedy=remedy).because("graph_subscription_validation")
    if refused.status == 403 and "limit" in refused.said:
        remedy = "A mailbox has at most 1,000 subscriptions over all applications."
        return PermanentError(error.message, remedy=remedy).because("graph_subscription_limit")
    if error.cause == "graph_refused":
        error.cause = "graph_subscription_refused"
    return error


def _subscription(answer: dict[str, Any]) -> GraphSubscription:
    identity, expires = as_text(answer.get("id")), as_time(answer.get("expirationDateTime"))
    if not identity or expires == UNKNOWN_TIME:
        raise malformed("Graph gave a subscription without an id or an end.", changing=True)
    return GraphSubscription(
        id=identity,
        resource=as_text(answer.get("resource")),
        expires=expires,
        notification_url=as_text(answer.get("notificationUrl")),
    )


def _written(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
