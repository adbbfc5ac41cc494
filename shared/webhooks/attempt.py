"""What came of one attempt to deliver an event: codes and numbers, never an exception's text."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.model.base import Model


class Reason(StrEnum):
    """Why an attempt ended as it did."""

    DELIVERED = "delivered"
    STATUS = "status"
    REDIRECT = "redirect"
    GONE = "gone"
    TIMEOUT = "timeout"
    NO_SUCH_NAME = "no_such_name"
    NO_CONNECTION = "no_connection"
    TLS = "tls"
    BROKEN_ANSWER = "broken_answer"
    REFUSED = "refused"


EXPLANATIONS: dict[Reason, str] = {
    Reason.DELIVERED: "The subscriber accepted the event.",
    Reason.STATUS: "The subscriber answered with an error.",
    Reason.REDIRECT: "The subscriber answered with a redirect; redirects are never followed. Set the new URL.",
    Reason.GONE: "The subscriber answered 410: it does not want any more events.",
    Reason.TIMEOUT: "The subscriber did not answer in time.",
    Reason.NO_SUCH_NAME: "The name of the subscriber's host could not be resolved.",
    Reason.NO_CONNECTION: "No connection to the subscriber, or it was closed before an answer came.",
    Reason.TLS: "No trusted encrypted connection: the certificate is wrong, unknown or expired.",
    Reason.BROKEN_ANSWER: "The subscriber's answer is not valid HTTP.",
    Reason.REFUSED: "The URL leads to an address that may not be called.",
}
"""Each reason in a sentence, for people."""


_OVERLOADED = frozenset({429, 502, 503, 504})


class Attempt(Model):
    """The outcome of one POST."""

    reason: Reason
    status: Annotated[int, Field(ge=100, le=999)] | None = None
    """HTTP status, where there was an answer."""
    retry_after: Annotated[float, Field(ge=0)] | None = None
    """Seconds that the subscriber asked to wait, clamped."""
    excerpt: Annotated[str, Field(max_length=300)] = ""
    """The beginning of an error's body: printable, secrets masked. The subscriber's text: escape it when shown."""

    @property
    def delivered(self) -> bool:
        """Whether the subscriber has the event now."""
        return self.reason is Reason.DELIVERED

    @property
    def outage(self) -> bool:
        """Whether the failure says something about the subscriber rather than about this event."""
        return not self.delivered and (self.status is None or self.status in _OVERLOADED)
