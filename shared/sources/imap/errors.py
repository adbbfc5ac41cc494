"""Refusals of a mail server, turned into the errors of the product.

What concerns the whole mailbox is never a plain `PermanentError`: the pipeline takes that for the end of one message. Response codes
are those of RFC 3501, 5530, 4315, 7889 and 9051; the wordings are those of Exchange Online, Gmail and Dovecot, where no code says it.
"""

from __future__ import annotations

import re
from typing import Final

from shared.errors import (
    MessageGone,
    NetworkFailure,
    NotFound,
    PermanentError,
    PermissionDenied,
    PostrumError,
    ServiceUnavailable,
    SignInNeeded,
    Throttled,
)
from shared.sources.imap.wire import Reply

MAYBE: Final = "It may or may not have taken place."
_LONGEST_TEXT: Final = 200
_BACKOFF = re.compile(r"backoff time: (\d{1,9}) milliseconds")
_MICROSOFT = re.compile(r"(?:^|\.)(?:outlook|office|office365|hotmail)\.com$")

_LIMITS: Final = (
    # (what the text says, cause)
    (re.compile(r"too many (?:simultaneous )?connections|connection limit|maximum number of connections"), "imap_too_many_connections"),
    (re.compile(r"throttl|bandwidth|too many (?:requests|commands)|rate limit|backoff time"), "imap_throttled"),
)  # fmt: skip
_SIGN_IN: Final = (
    (re.compile(r"application-specific password|app password"), "imap_app_password_needed"),
    (re.compile(r"web login required|log in via your web browser|webalert"), "imap_web_login_needed"),
    (
        re.compile(
            r"not enabled for imap|imap4? (?:access |service |login )?(?:is |has been )?(?:disabled|blocked|not enabled)|imap4?disabled"
            r"|enable imap|protocol is (?:disabled|blocked)"
        ),
        "imap_disabled",
    ),
    (re.compile(r"basic ?auth\w* ?(?:is |has been )?(?:blocked|disabled)|legacy auth"), "imap_basic_auth_blocked"),
    (re.compile(r"authenticated but not connected"), "imap_not_connected"),
)
_SAID: Final = {
    "imap_app_password_needed": "The account needs an app password: its normal one is not accepted for IMAP.",
    "imap_web_login_needed": "The provider wants the owner of the mailbox to sign in with a browser first.",
    "imap_disabled": "IMAP is switched off or blocked for this mailbox.",
    "imap_basic_auth_blocked": "The server does not take passwords for IMAP any more.",
    "imap_not_connected": "The sign-in worked, but the mailbox does not open.",
    "imap_login_refused": "The server does not accept this user name and password.",
    "imap_token_refused": "The server does not let the account that signed in into this mailbox.",
}


def sign_in_refused(
    reply: Reply, host: str, *, secret: str, token: bool = False, challenged: bool = False
) -> PostrumError:
    """The error for a refused sign-in: blocked, wrong credentials and trouble of the server are told apart.

    Args:
        reply: the refusal.
        host: name of the server.
        secret: what was sent; it is never repeated, also where the server repeats it.
        token: whether it was a token.
        challenged: whether the server explained the refusal of the token first.
    """
    said = plain(reply, secret)
    text = f"{reply.code} {said}".lower()
    limited = _limited(reply, text, said)
    if limited is not None:
        return limited
    cause = next((cause for pattern, cause in _SIGN_IN if pattern.search(text)), "")
    if not cause and reply.code in ("UNAVAILABLE", "INUSE", "SERVERBUG"):
        return _made(ServiceUnavailable(f"The mail server cannot sign anybody in now: {said}"), "imap_unavailable")
    if not cause and not token:
        cause = "imap_basic_auth_blocked" if _MICROSOFT.search(host.lower()) else "imap_login_refused"
    if not cause or challenged:
        cause = "imap_token_refused"
    message = f"{_SAID[cause]} It said: {said}" if said else _SAID[cause]
    return _made(SignInNeeded(message) if cause == "imap_token_refused" else PermissionDenied(message), cause)


def refused(reply: Reply, what: str, *, changing: bool = False) -> PostrumError:
    """The error for a refused command.

    Args:
        reply: the refusal.
        what: the command, in words, for the error text: "moving the mail".
        changing: the command changes something, so that after a failure of the server its outcome is not known.
    """
    said = plain(reply)
    text = f"{reply.code} {said}".lower()
    message = f"The mail server refused {what}{f': {said}' if said else '.'}"
    limited = _limited(reply, text, said)
    if limited is not None:
        return limited
    if "authenticated but not connected" in text:
        return _made(PermissionDenied(message), "imap_not_connected")
    if reply.code == "AUTHORIZATIONFAILED":
        return _made(PermissionDenied(message), "imap_no_permission")
    if reply.code == "OVERQUOTA":
        return _made(PermanentError(message, remedy="Make room in the mailbox."), "imap_over_quota")
    if reply.code in ("NONEXISTENT", "TRYCREATE"):
        return _made(NotFound(message), "imap_folder_gone")
    if reply.code in ("NOPERM", "CANNOT", "READ-ONLY"):
        return _made(
            PermanentError(message, remedy="Give the account more rights in the folder."), "imap_no_permission"
        )
    if reply.code == "EXPUNGEISSUED":
        return MessageGone("The mail is not in the folder any more.")
    if reply.status == "BAD":
        return _made(ServiceUnavailable(message), "imap_protocol")
    cause = "imap_unavailable" if reply.code in ("UNAVAILABLE", "INUSE", "SERVERBUG") else "imap_refused"
    return _made(ServiceUnavailable(f"{message} {MAYBE}" if changing else message), cause)


def closed(text: str, what: str, *, changing: bool = False) -> PostrumError:
    """The error for a BYE in the middle of something, or in place of a greeting."""
    said = _printable(text)
    limited = _limited(Reply("NO"), said.lower(), said)
    if limited is not None:
        return limited
    message = f"The mail server ended the connection when {what}: {said}"
    return _made(NetworkFailure(f"{message} {MAYBE}" if changing else message), "imap_bye")


def protocol(detail: str, what: str, *, changing: bool = False) -> ServiceUnavailable:
    """The error for an answer that IMAP does not allow, or that exceeds the limits."""
    error = ServiceUnavailable(f"The mail server answered in an impossible way when {what}: {detail}.")
    if changing:
        error = ServiceUnavailable(f"{error.message} {MAYBE}")
    error.cause = "imap_protocol"
    return error


def plain(reply: Reply, secret: str = "") -> str:
    """What the server said, short, printable, and without the secret."""
    text = reply.text.decode("utf-8", "replace")
    return _printable(text.replace(secret, "…") if secret else text)


def _limited(reply: Reply, text: str, said: str) -> Throttled | None:
    """An error that asks for patience, if this is one. Gmail says OVERQUOTA when the bandwidth of a day is used up."""
    cause = next((cause for pattern, cause in _LIMITS if pattern.search(text)), "")
    if not cause and reply.code in ("LIMIT", "THROTTLED"):
        cause = "imap_throttled"
    if not cause:
        return None
    backoff = _BACKOFF.search(text)
    error = Throttled(
        f"The mail server asks for patience: {said}", retry_after=int(backoff[1]) / 1000 if backoff else None
    )
    error.cause = cause
    return error


def _printable(text: str) -> str:
    kept = "".join(char if char.isprintable() else " " for char in text[: 4 * _LONGEST_TEXT])
    return " ".join(kept.split())[:_LONGEST_TEXT]


def _made[E: PostrumError](error: E, cause: str) -> E:
    error.cause = cause
    return error
