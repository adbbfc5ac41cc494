"""The same mail in several mailboxes, or arriving twice: the key that both have in common."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from shared.model.mail import Mail

__all__ = ["cluster_key", "normalised_subject"]

_PREFIX = re.compile(
    r"\s*(?:re|aw|sv|antw|antwort|vs|vá|odp|ref|rv|res|r|fw|fwd|wg|vb|vl|vedr|tr|doorst|i|enc|pd|fs"
    r"|reenv|rif|ynt|ilt|továbbítás"
    r"|回复|回覆|转发|轉寄|答复)(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*[:：]\s*",
    re.I,
)


def normalised_subject(subject: str | None) -> str:
    """The subject without the prefixes of replies and forwards, white space and case (RFC 5256 section 2.1)."""
    text = unicodedata.normalize("NFC", subject or "")
    for _ in range(50):
        stripped = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
        if stripped == text:
            break
        text = stripped
    return re.sub(r"\s+", " ", text).strip().casefold()


def cluster_key(mail: Mail) -> str:
    """SHA-256 over Message-ID, date, senders, normalised subject and the decoded parts.

    A Message-ID alone is only a hint: the same one on other content gives another key, so that a forged one suppresses
    nothing.
    """
    digest = hashlib.sha256()
    for item in (
        mail.message_id or "",
        mail.date or "",
        *sorted(person.address.casefold() for person in mail.from_),
        normalised_subject(mail.subject),
        *sorted(mail.part_sha256),
    ):
        digest.update(item.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()
