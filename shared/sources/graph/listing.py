"""Reading pages of Graph: the mails on them, and the link to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from shared.errors import PermanentError, ServiceUnavailable
from shared.sources.base import ListedMail, MailPage

LONGEST_LINK = 32 * 1024
UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)


def mail_page(answer: dict[str, Any], base_url: str) -> MailPage:
    """A page of mails. Entries that are no mails (removed ones) are left out.

    Raises:
        ServiceUnavailable: the page has no list of mails.
        PermanentError: the next link leads elsewhere.
    """
    return MailPage(
        mails=tuple(_listed(entry) for entry in entries(answer) if isinstance(entry.get("id"), str)),
        next=next_link(answer, base_url),
    )


def entries(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a page.

    Raises:
        ServiceUnavailable: it has no list of them; to take it for an empty page would hide mail.
    """
    value = answer.get("value")
    if not isinstance(value, list):
        raise ServiceUnavailable("Graph gave a page without a list of entries.")
    return [entry for entry in value if isinstance(entry, dict) and "@removed" not in entry]


def next_link(answer: dict[str, Any], base_url: str) -> str | None:
    """Where the next page is, or None on the last.

    Raises:
        PermanentError: the link leads elsewhere.
    """
    link = answer.get("@odata.nextLink")
    if not link:
        return None
    if not isinstance(link, str):
        raise ServiceUnavailable("Graph gave a next link that is not a text.")
    return safe_link(link, base_url)


def safe_link(link: str, base_url: str) -> str:
    """The link, if it leads to Graph and nowhere else: the token travels with the request.

    Raises:
        PermanentError: another scheme, host or port, a user name in it, or not below the address of Graph.
    """
    try:
        there, home = urlsplit(link), urlsplit(base_url)
        same = _origin(there) == _origin(home)
    except ValueError:
        same = False
    plain = len(link) <= LONGEST_LINK and link.isascii() and link.isprintable() and not set(link) & {" ", "\\"}
    if not same or not plain or "@" in there.netloc or not there.path.startswith(f"{home.path}/"):
        raise PermanentError("Graph gave a next link that leads to another place; it was not followed.")
    return link


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return (url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme))


def _listed(entry: dict[str, Any]) -> ListedMail:
    """https://learn.microsoft.com/graph/api/resources/message. Any property may be null."""
    sender = entry.get("from")
    address = sender.get("emailAddress") if isinstance(sender, dict) else None
    categories = entry.get("categories")
    return ListedMail(
        provider_id=entry["id"],
        received_at=_time(entry.get("receivedDateTime")),
        subject=_text(entry.get("subject")),
        sender=_text(address.get("address")) if isinstance(address, dict) else "",
        internet_message_id=_text(entry.get("internetMessageId")),
        is_read=entry.get("isRead") is True,
        read_receipt_requested=entry.get("isReadReceiptRequested") is True,
        categories=tuple(item for item in categories if isinstance(item, str)) if isinstance(categories, list) else (),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> datetime:
    """A time as Graph writes it, with up to seven decimals; the epoch where there is none (a draft has none)."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return UNKNOWN_TIME
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return UNKNOWN_TIME
