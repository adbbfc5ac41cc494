"""A mail put together again from its parts, where Graph could not give it whole.

`$value` of a very large mail ends in 504 after half a minute, however often it is asked for (microsoftgraph/microsoft-graph-docs-contrib,
issue 1220), while its properties and each of its attachments can be had. What comes of them is a mail with the same header fields,
text and attachments, but not the bytes that were sent: signatures over the content do not hold any more, and of several forms of the
text there is one. It is marked for people by a first header field, and for the product by `FetchedMail.reconstructed`.

https://learn.microsoft.com/graph/api/attachment-get
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import PermanentError
from shared.sources.graph.client import CHUNK, GraphClient, RefusedError
from shared.sources.graph.listing import as_text, entries, next_link
from shared.sources.graph.mime import (
    Base64Lines,
    base64_lines,
    delimiter,
    field,
    message_head,
    multipart_head,
    part_head,
)
from shared.sources.graph.properties import MARK, head, text

if TYPE_CHECKING:
    from shared.sources.graph.requests import Requests

LARGE = 4 * 1024 * 1024
"""Bytes of attachments from which a 504 is taken for Graph's limit. Below, it is a failure that passes; the whole mail is better."""
MOST_ATTACHMENTS = 1_000
_PAGES = 100
_FILE = "#microsoft.graph.fileattachment"
_ITEM = "#microsoft.graph.itemattachment"
_REFERENCE = "#microsoft.graph.referenceattachment"
_CARDS = {b"BEGIN:VCALENDAR": ("text/calendar", ".ics"), b"BEGIN:VCARD": ("text/vcard", ".vcf")}
_ENOUGH = 32
"""Bytes that tell what an item is."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is attached, as Graph lists it; everything but `id` was chosen by the sender."""

    id: str
    kind: str
    name: str
    content_type: str
    size: int
    inline: bool
    content_id: str


class Rebuild:
    """Puts one mail together. Only its properties and one piece of an attachment are in memory.

    Args:
        client: makes the requests.
        requests: the requests to the mailbox.
        message_id: which mail.
    """

    def __init__(self, client: GraphClient, requests: Requests, message_id: str) -> None:
        self._client = client
        self._requests = requests
        self._message_id = message_id
        self._deadline = client.fetch_deadline()
        self._mail: dict[str, Any] = {}
        self._attachments: tuple[Attachment, ...] = ()

    async def is_large(self) -> bool:
        """Whether so much is attached that Graph cannot be expected to give the mail whole. Reads the list of attachments."""
        self._attachments = await self._listed()
        return sum(attachment.size for attachment in self._attachments) >= LARGE

    async def read(self) -> None:
        """Read the properties of the mail."""
        self._mail = await self._client.call(self._requests.whole(self._message_id), "reading the parts of the mail")

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The mail in pieces of at most 256 KiB.

        Raises:
            PostrumError: an attachment could not be had; what came before is not the whole mail.
        """
        inline = [one for one in self._attachments if one.inline and one.content_id and one.kind == _FILE]
        beside = [one for one in self._attachments if one not in inline]
        outer, inner = self._boundary("mixed"), self._boundary("related")
        yield field(MARK, "graph-504")
        header = head(self._mail)
        for start in range(0, len(header), CHUNK):
            yield header[start : start + CHUNK]
        yield multipart_head("mixed", outer) + delimiter(outer)
        if inline:
            yield multipart_head("related", inner) + delimiter(inner)
        for piece in text(self._mail):
            yield piece
        for boundary, attachments in ((inner, inline), (outer, beside)):
            for attachment in attachments:
                yield delimiter(boundary)
                async with aclosing(self._part(attachment)) as part:
                    async for piece in part:
                        yield piece
            if attachments or boundary == outer:
                yield delimiter(boundary, last=True)

    async def _listed(self) -> tuple[Attachment, ...]:
        found: list[Attachment] = []
        info = self._requests.attachments(self._message_id)
        for _ in range(_PAGES):
            answer = await self._client.call(info, "listing the attachments of the mail")
            found += [_attachment(entry) for entry in entries(answer) if isinstance(entry.get("id"), str)]
            link = next_link(answer, self._client.base_url)
            if len(found) > MOST_ATTACHMENTS:
                break
            if link is None:
                return tuple(found)
            info = self._requests.link(link)
        error = PermanentError(f"The mail has more than {MOST_ATTACHMENTS:,} attachments and cannot be had as a whole.")
        raise error.because("graph_too_many_attachments")

    async def _part(self, attachment: Attachment) -> AsyncGenerator[bytes]:
        """The part of one attachment."""
        if attachment.kind == _REFERENCE:
            note = f"The file {attachment.name!r} is kept elsewhere. The mail has a link to it; the file was not fetched.\r\n"
            yield part_head("text/plain", name=f"{attachment.name}.txt", encoding="base64")
            for piece in base64_lines(note.encode("utf-8", "replace")):
                yield piece
            return
        info = self._requests.attachment(self._message_id, attachment.id)
        try:
            async with self._client.stream(info, "fetching an attachment", deadline=self._deadline) as content:
                written = _item(attachment, content) if attachment.kind == _ITEM else _file(attachment, content)
                async with aclosing(written) as pieces:
                    async for piece in pieces:
                        yield piece
        except RefusedError as refused:
            raise refused.error from None

    def _boundary(self, of: str) -> str:
        """The same each time, and not to be known by who wrote the mail: its id was given when it arrived."""
        return f"=_postrum_{hashlib.sha256(f'{of} {self._message_id}'.encode()).hexdigest()[:40]}"


async def _file(attachment: Attachment, content: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield part_head(
        attachment.content_type,
        name=attachment.name,
        inline=attachment.inline,
        content_id=attachment.content_id,
        encoding="base64",
    )
    async with aclosing(_in_base64(content)) as pieces:
        async for piece in pieces:
            yield piece


async def _item(attachment: Attachment, content: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """A mail, an appointment or a contact: Graph gives MIME, iCalendar or vCard, and does not say which."""
    first = b""
    async for piece in content:
        first += piece
        if len(first) >= _ENOUGH:
            break
    card = next((one for one in _CARDS if first.lstrip(b"\xef\xbb\xbf").upper().startswith(one)), None)
    if card is None:
        yield message_head(f"{attachment.name}.eml")
        if first:
            yield first
        async for piece in content:
            yield piece
        return
    kind, suffix = _CARDS[card]
    yield part_head(kind, name=f"{attachment.name}{suffix}", encoding="base64")
    async with aclosing(_in_base64(content, first)) as pieces:
        async for piece in pieces:
            yield piece


async def _in_base64(content: AsyncIterator[bytes], first: bytes = b"") -> AsyncGenerator[bytes]:
    lines = Base64Lines()
    for encoded in lines.write(first):
        yield encoded
    async for piece in content:
        for encoded in lines.write(piece):
            yield encoded
    for encoded in lines.end():
        yield encoded


def _attachment(entry: dict[str, Any]) -> Attachment:
    kind = str(entry.get("@odata.type") or "").lower()
    size = entry.get("size")
    return Attachment(
        id=entry["id"],
        kind=kind if kind in (_ITEM, _REFERENCE) else _FILE,
        name=as_text(entry.get("name")),
        content_type=as_text(entry.get("contentType")),
        size=size if isinstance(size, int) else 0,
        inline=entry.get("isInline") is True,
        content_id=as_text(entry.get("contentId")),
    )
