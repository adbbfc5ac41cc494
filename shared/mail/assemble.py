"""From what one level collected to the `Mail`: the facts, each made by the module of its concept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Set as AbstractSet

from shared.mail import charsets, encoded_words
from shared.mail.addresses import parse_addresses
from shared.mail.authentication import authentication_of
from shared.mail.automatic import Evidence, find_automatic
from shared.mail.calendar import find_calendar
from shared.mail.dates import parse_date
from shared.mail.forward import find_forwarded
from shared.mail.headers import Headers, parse_header_block
from shared.mail.html_text import html_to_text
from shared.mail.leaves import Draft, Outbox
from shared.mail.level import Level
from shared.mail.limits import Account
from shared.mail.outlook import OutlookMessage
from shared.mail.quotation import without_marks
from shared.mail.recipients import find_recipients
from shared.mail.reply import find_reply
from shared.mail.transport import transport_tls
from shared.model.mail import Attachment, Calendar, Embedded, Header, Mail, Person

__all__ = ["Trust", "assemble"]

type Trust = AbstractSet[str]
"""authserv-ids in lower case, and `exchange`."""

HEADER_SHOWN = 4000
HEADERS_SHOWN = 500
SUBJECT_SHOWN = 10_000
_MESSAGE_ID = re.compile(r"<[^<>]{1,998}>")


def assemble(level: Level, outbox: Outbox, account: Account, size: int, trust: Trust) -> Mail:
    """Make the `Mail`."""
    headers = level.headers
    charset = next((b.charset for b in level.bodies if b.charset), None)

    def people(name: str) -> tuple[Person, ...]:
        return tuple(_people(headers, name, account, charset))

    outlook = level.outlook or OutlookMessage()
    text, html, spoken = _bodies(level, account)
    hashes = list(outbox.hashes)
    hashes += [hashlib.sha256(t.encode("utf-8", "replace")).hexdigest() for t in (text, html) if t]
    return_path = headers.first("return-path")
    mail = Mail(
        size=size,
        message_id=_message_id(headers.first("message-id")) or outlook.message_id,
        in_reply_to=_message_id(headers.first("in-reply-to")) or outlook.in_reply_to,
        references=_references(headers.all("references") or [(outlook.references or "").encode()]),
        date=_date(headers, account) or outlook.date,
        subject=_first_not_none(_subject(headers, account, charset), outlook.subject),
        from_=people("from") or _known(outlook.sender),
        sender=people("sender"),
        reply_to=people("reply-to"),
        to=people("to") or tuple(outlook.to),
        cc=people("cc") or tuple(outlook.cc),
        bcc=people("bcc") or tuple(outlook.bcc),
        headers=tuple(
            Header(name=name, value=encoded_words.decode_text(value[:HEADER_SHOWN], None, charset))
            for name, value in headers.fields[:HEADERS_SHOWN]
        ),
        return_path=None if return_path is None else encoded_words.decode_text(return_path[:1000]).strip() or "<>",
        list_id=headers.text("list-id"),
        receipt_requested="disposition-notification-to" in headers,
        text=text,
        html=html,
        protection=level.protection,
        attachments=tuple(map(_attachment, outbox.drafts)),
        embedded=tuple(_embedded(level, account)),
        part_sha256=tuple(sorted(hashes)),
    )
    mail = mail.model_copy(update={"reply": find_reply(spoken), "forwarded": find_forwarded(spoken, mail.subject)})
    automatic, bounce = find_automatic(_evidence(level, mail, account))
    mail = mail.model_copy(
        update={
            "automatic": automatic,
            "bounce": bounce,
            "authentication": authentication_of(headers, mail.from_, trust),
            "transport_tls": transport_tls(headers, trust),
            "recipients": find_recipients(headers, mail.to, mail.cc),
            "calendar": _calendar(level),
        }
    )
    return mail.model_copy(update={"complete": account.complete, "warnings": tuple(account.warnings)})


def _calendar(level: Level) -> Calendar | None:
    """The first invitation."""
    for report in level.reports:
        if report.kind == "text/calendar" and (found := find_calendar(charsets.decode(bytes(report.data), None)[0])):
            return found
    return None


def _evidence(level: Level, mail: Mail, account: Account) -> Evidence:
    """What tells that a machine wrote."""
    reports = [
        (r.kind, charsets.decode(bytes(r.data), None)[0].replace("\r\n", "\n").replace("\r", "\n"))
        for r in level.reports
    ]
    originals = [inner.headers for inner in level.embedded]
    for kind, text in reports:
        if kind.endswith(("rfc822-headers", "global-headers")):
            originals.append(parse_header_block(text.lstrip().encode("utf-8", "replace"), 1000, top=True)[0])
    limit = account.limits.structured_header
    sender = encoded_words.decode_text(b" ".join(level.headers.all("from")[:5])[:limit])
    return Evidence(
        level.headers,
        level.kind,
        level.parameters,
        mail.subject or "",
        sender,
        mail.text or "",
        level.part_types,
        reports,
        originals,
    )


def _lines(data: bytes) -> str:
    return charsets.decode(data, None)[0].replace("\r\n", "\n").replace("\r", "\n")


def _people(headers: Headers, name: str, account: Account, charset: str | None) -> list[Person]:
    """Every address of every field of that name."""
    limit = account.limits.structured_header
    found: list[Person] = []
    values = headers.all(name)
    if len(values) > 1 and name == "from":
        account.warn("several_from", "the mail has several From fields")
    for value in values[:100]:
        if len(value) > limit:
            account.breach("header_too_long", f"{name}: longer than {limit} bytes; the rest was not read")
            value = value[:limit].rpartition(b",")[0] or value[:limit]
        found += parse_addresses(value, account.warn, charset)
    return found


def _subject(headers: Headers, account: Account, charset: str | None) -> str | None:
    value = headers.first("subject")
    if value is None:
        return None
    limit = account.limits.structured_header
    if len(value) > limit:
        account.breach("header_too_long", f"subject: longer than {limit} bytes; the rest was not read")
        value = value[:limit]
    subject = encoded_words.decode_text(value, account.warn, charset)
    return subject[:SUBJECT_SHOWN]


def _date(headers: Headers, account: Account) -> str | None:
    value = headers.text("date")
    date = parse_date(value)
    if value and date is None:
        account.warn("date", f"the date cannot be read: {value[:60]!r}")
    return date


def _message_id(value: bytes | None) -> str | None:
    """A Message-ID with its brackets, also where they are missing."""
    if value is None:
        return None
    text = encoded_words.decode_text(value[:2000])
    if found := _MESSAGE_ID.search(text):
        return found[0]
    text = text.strip(" <>")
    return f"<{text}>" if text and " " not in text else text or None


def _first_not_none(one: str | None, two: str | None) -> str | None:
    return two if one is None else one


def _known(person: Person | None) -> tuple[Person, ...]:
    return (person,) if person else ()


def _references(values: list[bytes]) -> tuple[str, ...]:
    text = encoded_words.decode_text(b" ".join(values)[:100_000])
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))[:1000]


def _bodies(level: Level, account: Account) -> tuple[str | None, str | None, str]:
    """The plain text and the HTML, and what is looked at for reply and forward.

    The text is made from the HTML where there is no other; then the last one carries the marks of `quotation`.
    """
    plain = [b.text(account) for b in level.bodies if b.kind != "text/html"]
    htmls = [b.text(account) for b in level.bodies if b.kind == "text/html"]
    html = "\n".join(htmls) if htmls else None
    text = "\n".join([*(part.rstrip("\n") for part in plain[:-1]), *plain[-1:]]) if plain else None
    if html and not (text and text.strip()):
        marked = html_to_text(html, marked=True)
        return without_marks(marked), html, marked
    return text, html, text or ""


def _attachment(draft: Draft) -> Attachment:
    return Attachment(
        index=draft.index,
        path=draft.path,
        name=draft.name,
        content_type=draft.content_type,
        detected_type=draft.detected_type,
        size=draft.size,
        sha256=draft.sha256,
        inline=draft.inline,
        content_id=draft.content_id,
        nested=draft.nested,
        protected=draft.protected,
        archive=draft.archive,
        reference=draft.reference,
    )


def _embedded(level: Level, account: Account) -> list[Embedded]:
    """Every attached mail, also those attached to attached mails."""
    found: list[Embedded] = []
    waiting = list(reversed(level.embedded))
    while waiting:
        inner = waiting.pop()
        waiting += reversed(inner.embedded)
        outlook = inner.outlook
        people = _people(inner.headers, "from", account, None)
        if not people and outlook and outlook.sender:
            people = [outlook.sender]
        subject = _subject(inner.headers, account, None)
        found.append(
            Embedded(
                path=inner.path_in_parent,
                subject=_first_not_none(subject, outlook.subject if outlook else None),
                from_=tuple(people),
                attachments=len(inner.drafts),
                message_id=_message_id(inner.headers.first("message-id")) or (outlook.message_id if outlook else None),
                date=parse_date(inner.headers.text("date")) or (outlook.date if outlook else None),
            )
        )
    return found
