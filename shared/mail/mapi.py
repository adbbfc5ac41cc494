"""MAPI properties to a message: what TNEF and .msg have in common ([MS-OXPROPS], [MS-OXCMSG], [MS-OXCDATA])."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.mail import charsets, rtf
from shared.mail.headers import parse_header_block
from shared.mail.outlook import OutlookAttachment, OutlookMessage
from shared.model.mail import Person

__all__ = ["Properties", "Value", "attachment_of", "fixed", "message_of"]

type Value = bytes | memoryview | str | int | bool | datetime | list[str] | None

STRING8, UNICODE, BINARY, OBJECT = 0x001E, 0x001F, 0x0102, 0x000D
MULTIPLE = 0x1000
FIXED = {
    0x0002: 2,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 2,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}

MESSAGE_CLASS, SUBJECT, BODY, RTF, HTML, HEADERS = 0x001A, 0x0037, 0x1000, 0x1009, 0x1013, 0x007D
MESSAGE_ID, REFERENCES, IN_REPLY_TO = 0x1035, 0x1039, 0x1042
SUBMITTED, DELIVERED, CREATED = 0x0039, 0x0E06, 0x3007
SENDER_NAME, SENDER_TYPE, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1E, 0x0C1F, 0x5D01
FROM_NAME, FROM_TYPE, FROM_ADDRESS, FROM_SMTP = 0x0042, 0x0064, 0x0065, 0x5D02
INTERNET_CODE_PAGE, CODE_PAGE = 0x3FDE, 0x3FFD
NAME, ADDRESS_TYPE, ADDRESS, SMTP, RECIPIENT_TYPE = 0x3001, 0x3002, 0x3003, 0x39FE, 0x0C15
RECIPIENT_NAME = 0x5FF6
DATA, SHORT_NAME, LONG_NAME, METHOD, PATHNAME = 0x3701, 0x3704, 0x3707, 0x3705, 0x370D
MIME_TYPE, CONTENT_ID, LOCATION, EXTENSION = 0x370E, 0x3712, 0x3713, 0x3703
BY_VALUE, BY_REFERENCE, EMBEDDED, OLE, BY_WEB = 1, 4, 5, 6, 7

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_PAGES = {65001: "utf-8", 65000: "utf-7", 20127: "us-ascii", 28591: "iso-8859-1", 28592: "iso-8859-2", 28595: "iso-8859-5",
          28605: "iso-8859-15", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 51932: "euc-jp",
          51949: "euc-kr", 54936: "gb18030", 52936: "hz-gb-2312", 1200: "utf-16le", 10000: "macintosh"}  # fmt: skip


@dataclass(slots=True)
class Properties:
    """Properties by their number; strings in 8 bit stay bytes until the code page is known."""

    values: dict[int, tuple[int, Value]] = field(default_factory=dict)
    named: dict[str, Value] = field(default_factory=dict)
    code_page: str | None = None

    def put(self, number: int, kind: int, value: Value) -> None:
        """Note a property; the first one counts."""
        self.values.setdefault(number, (kind, value))

    def number(self, number: int) -> int | None:
        """An integer."""
        value = self.values.get(number, (0, None))[1]
        return int(value) if isinstance(value, int) else None

    def text(self, number: int) -> str | None:
        """A string."""
        kind, value = self.values.get(number, (0, None))
        return self.decoded(kind, value)

    def decoded(self, kind: int, value: Value) -> str | None:
        """A string value, decoded by its own type."""
        if isinstance(value, str):
            return value
        if not isinstance(value, bytes | memoryview):
            return None
        data = bytes(value)
        if kind == UNICODE:
            return data.decode("utf-16-le", "replace").partition("\0")[0]
        return charsets.decode(data.partition(b"\0")[0], self.code_page or "windows-1252")[0]

    def data(self, number: int) -> bytes | memoryview | None:
        """Bytes."""
        value = self.values.get(number, (0, None))[1]
        return value if isinstance(value, bytes | memoryview) else None

    def date(self, number: int) -> str | None:
        """A moment as RFC 3339."""
        value = self.values.get(number, (0, None))[1]
        return value.isoformat(timespec="seconds") if isinstance(value, datetime) else None

    def settle_code_page(self, otherwise: str | None = None) -> None:
        """Take the code page from the properties themselves."""
        number = self.number(CODE_PAGE) or self.number(INTERNET_CODE_PAGE)
        self.code_page = code_page_name(number) or otherwise or self.code_page


def code_page_name(number: int | None) -> str | None:
    """The charset of a Windows code page number."""
    if not number:
        return None
    name = _PAGES.get(number) or f"cp{number}"
    return name if charsets.codec_of(name) else None


def fixed(kind: int, data: bytes | memoryview) -> Value:
    """A value of fixed size."""
    if kind in (0x0002, 0x0003, 0x000A, 0x0014):
        return int.from_bytes(data, "little", signed=kind != 0x000A)
    if kind == 0x000B:
        return data[0] != 0
    if kind == 0x0040:
        ticks = int.from_bytes(data, "little")
        try:
            return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None
    return bytes(data)


def message_of(
    properties: Properties, recipients: list[Properties], attachments: list[OutlookAttachment]
) -> OutlookMessage:
    """Make the message."""
    message = OutlookMessage(message_class=properties.text(MESSAGE_CLASS) or "", attachments=attachments)
    raw = properties.text(HEADERS)
    if raw:
        block = raw.encode("utf-8", "surrogateescape").lstrip()
        block = re.split(rb"\r?\n\r?\n", block, maxsplit=1)[0][: 1 << 20]
        message.headers = parse_header_block(block, 5000, top=True)[0]
    message.subject = properties.text(SUBJECT)
    message.message_id = properties.text(MESSAGE_ID)
    message.in_reply_to = properties.text(IN_REPLY_TO)
    message.references = properties.text(REFERENCES)
    message.date = properties.date(SUBMITTED) or properties.date(DELIVERED) or properties.date(CREATED)
    message.sender = _person(properties, (FROM_NAME,), FROM_TYPE, FROM_ADDRESS, FROM_SMTP) or _person(
        properties, (SENDER_NAME,), SENDER_TYPE, SENDER_ADDRESS, SENDER_SMTP
    )
    if message.sender and not message.sender.address:
        smtp = properties.text(SENDER_SMTP) or properties.text(FROM_SMTP)
        message.sender = Person(name=message.sender.name, address=smtp or "")
    for recipient in recipients:
        person = _person(recipient, (RECIPIENT_NAME, NAME), ADDRESS_TYPE, ADDRESS, SMTP)
        if person:
            where = {2: message.cc, 3: message.bcc}.get((recipient.number(RECIPIENT_TYPE) or 1) & 0xF, message.to)
            where.append(person)
    _bodies(message, properties)
    return message


def _person(properties: Properties, names: tuple[int, ...], type_: int, address: int, smtp: int) -> Person | None:
    """A person; an Exchange directory name is no address."""
    name = next((n for n in map(properties.text, names) if n), "").strip().strip("'")
    given = (properties.text(address) or "").strip()
    if (properties.text(type_) or "").upper() == "EX" or given.lower().startswith("/o="):
        given = ""
    found = (properties.text(smtp) or "").strip() or given
    found = re.sub(r"(?i)^smtp:", "", found).strip("'")
    return Person(name="" if name == found else name, address=found) if name or found else None


def _bodies(message: OutlookMessage, properties: Properties) -> None:
    """Text and HTML, from whichever form there is."""
    message.text = properties.text(BODY)
    kind, value = properties.values.get(HTML, (0, None))
    if kind == BINARY and isinstance(value, bytes | memoryview):
        data = bytes(value)[: 4 << 20]
        label = code_page_name(properties.number(INTERNET_CODE_PAGE)) or properties.code_page
        meta = re.search(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,40})""", data[:2048], re.I)
        message.html = charsets.decode(data, meta[1].decode("ascii") if meta and not label else label)[0].rstrip("\0")
    elif value is not None:
        message.html = properties.decoded(kind, value)
    compressed = properties.data(RTF)
    if compressed is not None and not (message.html and message.text):
        try:
            source = rtf.decompress(compressed)
        except rtf.DamagedError as error:
            message.problems.append(f"the RTF body: {error}")
            return
        text, html = rtf.read(source)
        message.html = message.html or html
        message.text = message.text or text


def attachment_of(
    properties: Properties, data: bytes | memoryview, message: OutlookMessage | None
) -> OutlookAttachment:
    """Make the attachment."""
    name = properties.text(LONG_NAME) or properties.text(SHORT_NAME) or properties.text(NAME)
    item = OutlookAttachment(name=(name and name.replace("\0", "").strip()) or None, data=data, message=message)
    item.content_type = (properties.text(MIME_TYPE) or "").strip().lower() or None
    item.content_id = (properties.text(CONTENT_ID) or "").strip().strip("<>") or None
    item.location = (properties.text(LOCATION) or "").strip() or None
    method = properties.number(METHOD)
    if method == BY_WEB or (method in (2, 3, BY_REFERENCE) and not len(data)):
        item.reference = (
            properties.text(PATHNAME)
            or properties.text(0x3708)
            or str(properties.named.get("AttachmentOriginalUrl") or "")
        )
    return item
