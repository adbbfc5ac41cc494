"""Header fields that every mail of the sample mailbox has: who, when, and what the receiving side added."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from local.sample_mailbox.mime import Headers, Part, address, message, words
from local.sample_mailbox.model import Automatic, Expected, Language, Party, SampleMail
from local.sample_mailbox.parties import BUYER, DOMAIN, MAILBOX

US = address(BUYER.name, MAILBOX)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment in November 2026, the month in which the sample mailbox plays."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def sample(
    name: str,
    language: Language,
    received: datetime,
    what: str,
    content: bytes,
    *,
    folder: str = "other",
    kind: str | None = None,
    automatic: Automatic | None = None,
) -> SampleMail:
    """A mail whose bytes are at hand."""
    expected = Expected.model_validate({"folder": folder, "kind": kind, "automatic": automatic})
    return SampleMail(name, language, received, what, expected, (content,))


def fields(
    name: str,
    sender: str,
    sender_domain: str,
    subject: str,
    received: datetime,
    *,
    to: str = US,
    extra: Headers = (),
    genuine: bool = True,
) -> Headers:
    """The header of a mail as it stands in the mailbox.

    `Received` and `Authentication-Results` are in the form in which Exchange writes them (no authserv-id). Where the
    mail is not `genuine`, the sender has written a second, favourable result, which only a careless reader believes.
    """
    stamp = format_datetime(received)
    if genuine:
        verdict = (
            f"spf=pass (sender IP is 192.0.2.10)\r\n smtp.mailfrom={sender_domain};"
            f" dkim=pass (signature was verified)\r\n"
            f" header.d={sender_domain};dmarc=pass action=none\r\n header.from={sender_domain};compauth=pass reason=100"
        )
    else:
        verdict = (
            f"spf=fail (sender IP is 203.0.113.66)\r\n smtp.mailfrom={sender_domain};"
            f" dkim=none (message not signed)\r\n"
            f" header.d=none;dmarc=fail action=oreject\r\n header.from={sender_domain};compauth=fail reason=000"
        )
    forged: Headers = (
        ()
        if genuine
        else (("Authentication-Results", f"mx.{DOMAIN}; dmarc=pass header.from={sender_domain}; spf=pass; dkim=pass"),)
    )
    source = "192.0.2.10" if genuine else "203.0.113.66"
    return (
        (
            "Received",
            f"from mail.{sender_domain} ({source}) by mx.{DOMAIN}\r\n (198.51.100.25) with Microsoft SMTP Server"
            f" (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.9999.1; {stamp}",
        ),
        ("Authentication-Results", verdict),
        *forged,
        ("From", sender),
        ("To", to),
        ("Subject", words(subject)),
        ("Date", stamp),
        ("Message-ID", f"<{name}@{sender_domain}>"),
        *extra,
    )


def from_party(
    name: str,
    party: Party,
    subject: str,
    received: datetime,
    content: Part,
    *,
    to: str = US,
    extra: Headers = (),
    genuine: bool = True,
) -> bytes:
    """A whole mail from one of the invented companies."""
    domain = party.email.rpartition("@")[2]
    sender = address(party.person, party.email)
    return message(fields(name, sender, domain, subject, received, to=to, extra=extra, genuine=genuine), content)


def from_person(
    name: str,
    person: str,
    mail: str,
    subject: str,
    received: datetime,
    content: Part,
    *,
    to: str = US,
    extra: Headers = (),
) -> bytes:
    """A whole mail from somebody else."""
    header = fields(name, address(person, mail), mail.rpartition("@")[2], subject, received, to=to, extra=extra)
    return message(header, content)
