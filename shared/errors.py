"""The errors of the product, as a tree.

::

    PostrumError                 carries a stable code, a message for people, and what to do
      ConfigurationError         a setting or a configuration file is wrong; never retried, never swallowed
      TransientError             may work later; may say when (`retry_after`, seconds)
        Throttled                the other side asked for patience (429, 503 with Retry-After)
        ServiceUnavailable       the other side failed (5xx), or the outcome of a call is not known
        NetworkFailure           no answer: refused, reset, timed out
        LeaseLost                another worker holds what this one held; stop at once, write nothing more
        ConcurrentWrite          somebody changed the row first; read it again
        NotPropagated            a grant exists but has not reached the service yet
        CursorLost               the provider forgot how far a folder was read; read it from its beginning
      PermanentError             trying again cannot help; a person has to look
        InvalidTask              a queue message that this version does not understand
        MessageGone              the mail left the mailbox before it was fetched
        PermissionDenied         the service refuses this identity
        SignInNeeded             the account behind a connection has to sign in again
        NotFound                 what was asked for does not exist
        InvalidRequest           what was asked for cannot be done as it was given; says which field
        Conflict                 what was asked for does not fit what is there; nothing was changed
        RuleInvalid              a rule cannot be evaluated
        DeliveryRefused          a subscriber's address may not be called, or it said 410

`functions/runtime.py` is the one place that turns these into what the host does.
"""

from __future__ import annotations

from typing import Self


class PostrumError(Exception):
    """Base of every error that the product raises on purpose.

    Args:
        message: what went wrong, for the person who reads it; never holds a secret or mail content.
        remedy: what to do about it, one sentence; empty where the message says it.

    Attributes:
        cause: entry of the catalogue of errors (`shared/remedies`) that tells people in their language who has to do what; set by
            whoever recognised what the other side answered, empty otherwise.
    """

    code = "error"
    cause: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def because(self, cause: str) -> Self:
        """The same error, with its entry of the catalogue: `raise PermissionDenied("…").because("sign_in_state")`."""
        self.cause = cause
        return self


class ConfigurationError(PostrumError):
    """A setting or a configuration file is wrong. Holds every problem found, so that they are mended in one go."""

    code = "configuration"

    def __init__(self, problems: list[str] | str, *, remedy: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("; ".join(self.problems), remedy=remedy)


class TransientError(PostrumError):
    """May work later. `retry_after` is in seconds, or None where the other side said nothing."""

    code = "transient"

    def __init__(self, message: str, *, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class Throttled(TransientError):
    """The other side asked for patience."""

    code = "throttled"


class ServiceUnavailable(TransientError):
    """The other side failed. A call with an effect may or may not have taken place."""

    code = "service_unavailable"


class NetworkFailure(TransientError):
    """No answer came. A call with an effect may or may not have taken place."""

    code = "network"


class LeaseLost(TransientError):
    """Another worker holds the lane now; the old holder writes nothing more."""

    code = "lease_lost"


class ConcurrentWrite(TransientError):
    """A row was changed by somebody else between reading and writing it."""

    code = "concurrent_write"


class NotPropagated(TransientError):
    """A grant exists but the service does not know it yet."""

    code = "not_propagated"


class CursorLost(TransientError):
    """The provider does not know any more how far a folder was read."""

    code = "cursor_lost"


class PermanentError(PostrumError):
    """Trying again cannot help."""

    code = "permanent"


class InvalidTask(PermanentError):
    """A queue message that is not a task of this version or the one before."""

    code = "invalid_task"


class MessageGone(PermanentError):
    """The mail is no longer in the mailbox."""

    code = "message_gone"


class PermissionDenied(PermanentError):
    """The service refuses this identity."""

    code = "permission_denied"


class SignInNeeded(PermissionDenied):
    """The account behind a connection has to sign in again: its grant ended, was revoked, or never came."""

    code = "sign_in_needed"


class NotFound(PermanentError):
    """What was asked for does not exist."""

    code = "not_found"


class InvalidRequest(PermanentError):
    """What a person or a program asked for cannot be done as it was given.

    Args:
        message: what is wrong, for the person at the form.
        field: which field of the form or the JSON body; empty where it is none alone.
        remedy: what to do about it.
    """

    code = "invalid_request"

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.field = field


class Conflict(PermanentError):
    """What was asked for does not fit what is there by now; nothing was changed."""

    code = "conflict"


class RuleInvalid(PermanentError):
    """A rule cannot be evaluated as it is written."""

    code = "rule_invalid"


class DeliveryRefused(PermanentError):
    """A subscriber's address may not be called, or the subscriber said that it is gone."""

    code = "delivery_refused"
