"""The switches for what is not certain about the clouds, or differs between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Behaviour:
    """Each field is one thing that documentation, threads and measurements do not settle; tests run with both
    values."""

    # -- ids
    ids_with_slash: bool = False
    """Ids use the standard base64 alphabet (``/`` and ``+``), as some older mailboxes do. Set it before mailboxes
    exist."""

    # -- delta (Graph: message-delta, delta-query-overview)
    delta_generations_kept: int = 3
    """How many of the newest sync states are kept; an older link answers 410 SyncStateNotFound. 0 keeps all."""
    delta_generation_scope: Literal["folder", "chain"] = "folder"
    """Whether generations are counted per folder, or per chain that began with one initial request."""
    delta_gone_location: bool = False
    """Whether the 410 carries a ``Location`` with an empty ``$deltatoken``."""
    delta_immutable_return_is_lost: bool = True
    """With immutable ids, a message that left and came back between two rounds is told as ``@removed`` only."""
    delta_created_tells_removed: bool = False
    """A round with ``changeType=created`` tells what left as ``@removed`` too, instead of leaving it out."""
    delta_removed_in_first_round: bool = False
    """A message that left during the first round is told as ``@removed`` in it, instead of being passed over."""
    delta_empty_pages: bool = False
    """Each round begins with an empty page that has a nextLink."""
    delta_duplicates: bool = False
    """Each page repeats the last entry of the page before."""
    delta_top: Literal["ignored", "total", "rejected"] = "ignored"
    """What ``$top`` does on delta: nothing, cap the whole round, or 400."""
    delta_page_size_cap: int = 1000
    """The largest page that ``odata.maxpagesize`` gets, whatever it asks for."""

    # -- throttling (Graph: throttling-limits)
    concurrency_scope: Literal["mailbox", "app"] = "mailbox"
    """Whether the concurrent requests are counted per app and mailbox, or per app."""
    throttled_requests_accrue: bool = True
    """Whether requests that are refused use up the allowance too."""
    throttle_retry_after: Literal["seconds", "date", "absent", "large"] = "seconds"
    """The form of ``Retry-After`` on the emulator's own 429; large is 300 seconds."""
    concurrency_retry_after: int = 1
    """The seconds that are told when too many requests are in flight."""
    throttle_code: Literal["ApplicationThrottled", "TooManyRequests", "UnknownError"] = "ApplicationThrottled"
    """The error code in the body of the emulator's own 429."""
    early_retry_grace_ms: int = 100
    """A request that arrives this soon after a refusal was on its way already, and is not judged."""

    # -- errors and preconditions
    inner_error_name: Literal["innerError", "innererror"] = "innerError"
    """The casing of the inner error's name; both occur."""
    honour_if_match: bool = True
    """Whether ``If-Match`` with another etag answers 412 ErrorIrresolvableConflict."""

    # -- mail
    inline_counts_as_attachment: bool = False
    """Whether ``hasAttachments`` is true for a mail that has inline parts only."""
    permanent_delete: bool = True
    """Whether ``permanentDelete`` exists (it does in the global cloud only)."""
    deliver_sent_mail: bool = True
    """Whether sent mail arrives in the recipients' mailboxes, where the emulator has them."""

    # -- change notifications (Graph: change-notifications-overview, change-notifications-delivery-webhooks)
    notifications_dropped: bool = False
    """All change notifications are lost; lifecycle events still come."""
    notification_delay_ms: int = 0
    """How long after the change the notification is sent."""
    notification_retry_seconds: list[float] = field(
        default_factory=lambda: [10.0, 30.0, 90.0, 300.0, 900.0, 1800.0, 3600.0]
    )
    """The waits between attempts; after the last one the notification is lost."""
    validation_timeout_seconds: float = 10.0
    """How long the endpoint may take to echo the validation token."""
    validate_on_renewal: bool = True
    """Whether renewing a subscription validates its URLs again."""
    subscriptions_accept_write_roles: bool = True
    """Whether ``Mail.ReadWrite`` alone is enough to subscribe, or ``Mail.Read`` is needed."""

    # -- Entra
    federation_mismatch_status: Literal[400, 401] = 401
    """The status for an assertion that fits no federated credential: 401 invalid_client today, 400 invalid_request
    before."""
    token_lifetime_seconds: int = 3599
    """How long tokens are valid."""
    refresh_lifetime_seconds: float = 90 * 86_400.0
    """How long a refresh token lives without being used."""
    refresh_rotation: Literal["kept", "rotated_out"] = "kept"
    """Whether a refresh token that was used stays good beside its successor."""
    consent_propagation_tokens: int = 0
    """How many app-only tokens after a change of consent still show the roles from before."""
    consent_propagation_seconds: float = 0.0
    """How long new app-only tokens still show them."""
    declined_admin_consent: Literal["consent_required", "access_denied"] = "consent_required"
    """What ``error`` says when an administrator cancels on v2.0/adminconsent: as documented, or as seen in 2023."""
    returned_without_reason: bool = False
    """Whether "Return to the application without granting consent" leaves ``error_description`` out."""
    stranger_at_admin_consent: Literal["redirect", "page"] = "redirect"
    """Whether somebody of another tenant (AADSTS50020) goes back to the app from the consent of administrators."""
    forbidden_consent: Literal["page", "redirect"] = "page"
    """Whether a person whom policy forbids to consent (AADSTS90093) is left on a page or sent back to the app."""

    # -- Exchange (Graph: auth-limit-mailbox-access; Exchange: application-rbac)
    scope_propagation_requests: int = 0
    """How many requests to Graph are still judged by the management scope from before its change."""
    scope_propagation_seconds: float = 0.0
    """How long they are; Exchange says 30 minutes to 2 hours."""
    foreign_mailbox_error: Literal["ErrorItemNotFound", "ErrorAccessDenied"] = "ErrorItemNotFound"
    """What a person gets who has no access to the mailbox."""
    delegated_shared_subscriptions: Literal["silent", "refused", "delivered"] = "silent"
    """A person's subscription to a shared mailbox: it is validated and never delivers, is refused, or works."""

    # -- Google (Google: oauth2/web-server, authorization errors)
    google_policy_answer: Literal["page", "redirect"] = "page"
    """Whether an account that an administrator restricts ends on Google's page or goes back with the error."""
