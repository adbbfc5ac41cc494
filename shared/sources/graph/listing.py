"""Reading pages of Graph: the mails on them, and the link to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from shared.sources.base import ListedMail, MailPage
from shared.sources.graph.errors import elsewhere, malformed

LONGEST_LINK = 32 * 1024
UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)


def mail_page(answer: dict[str, Any], base_url: str) -> MailPage:
    """A page of mails. Entries that are no mails (removed ones) are left out.

    Raises:
        ServiceUnavailable: the page has no list of mails.
        PermanentError: the next link leads elsewhere.
    """
    return MailPage(
        mails=tuple(listed(entry) for entry in entries(answer) if is_mail(entry)),
        next=next_link(answer, base_url),
    )


def entries(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a page.

    Raises:
        ServiceUnavailable: it has no list of them; to take it for an empty page would hide mail.
    """
    value = answer.get("value")
    if not isinstance(value, list):
        raise malformed("Graph gave a page without a list of entries.")
    return [entry for entry in value if isinstance(entry, dict)]


def next_link(answer: dict[str, Any], base_url: str) -> str | None:
    """Where the next page is, or None on the last.

    Raises:
        PermanentError: the link leads elsewhere.
    """
    return _link(answer, "@odata.nextLink", base_url)


def delta_link(answer: dict[str, Any], base_url: str) -> str | None:
    """Where the next round of changes begins, or None where this page is not the last of its round.

    Raises:
        PermanentError: the link leads elsewhere.
    """
    return _link(answer, "@odata.deltaLink", base_url)


def _link(answer: dict[str, Any], name: str, base_url: str) -> str | None:
    link = answer.get(name)
    if not link:
        return None
    if not isinstance(link, str):
        raise malformed("Graph gave a link that is not a text.")
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
        raise elsewhere("Graph gave a link that leads to another place; it was not followed.")
    return link


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return (url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme))


def is_mail(entry: dict[str, Any]) -> bool:
    """Whether the entry is a mail, and not the note that one was removed."""
    return isinstance(entry.get("id"), str) and "@removed" not in entry


def removed_id(entry: dict[str, Any]) -> str | None:
    """Id of the mail of which this entry says that it was removed; None where it says something else."""
    identity = entry.get("id")
    return identity if "@removed" in entry and isinstance(identity, str) and identity else None


def listed(entry: dict[str, Any]) -> ListedMail:
    """What an entry says of a mail. https://learn.microsoft.com/graph/api/resources/message. Any property may be null."""
    sender = entry.get("from")
    address = sender.get("emailAddress") if isinstance(sender, dict) else None
    categories = entry.get("categories")
    return ListedMail(
        provider_id=entry["id"],
        received_at=as_time(entry.get("receivedDateTime")),
        subject=as_text(entry.get("subject")),
        sender=as_text(address.get("address")) if isinstance(address, dict) else "",
        internet_message_id=as_text(entry.get("internetMessageId")),
        is_read=entry.get("isRead") is True,
        read_receipt_requested=entry.get("isReadReceiptRequested") is True,
        categories=tuple(item for item in categories if isinstance(item, str)) if isinstance(categories, list) else (),
    )


def as_text(value: object) -> str:
    """The value where it is a text; Graph says null for what is not there."""
    return value if isinstance(value, str) else ""


def as_time(value: object) -> datetime:
    """A time as Graph writes it, with up to seven decimals; the epoch where there is none (a draft has none)."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return UNKNOWN_TIME
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return UNKNOWN_TIME
