"""The content of a mail, in windows: a mail of any size passes through the memory of one window (RFC 3501 section 6.4.5).

The first window comes with the size that the server believes in. It may be wrong where line ends were counted differently, so the
end is where a window is short and the size agrees, or where a window is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.errors import MessageGone, ServiceUnavailable
from shared.sources.imap.connection import Connection
from shared.sources.imap.errors import protocol
from shared.sources.imap.ids import MailId
from shared.sources.imap.mailbox import at, look, there
from shared.sources.imap.parse import body_of

WINDOW: Final = 1024 * 1024
CHUNK: Final = 256 * 1024
_WHAT: Final = "fetching the mail"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a mail, and the size of the whole as the server knows it; None where it does not."""

    content: bytes
    size: int | None

    def ends(self, offset: int) -> bool:
        """Whether the mail is over behind this window, which began at an offset."""
        reached = offset + len(self.content)
        return not self.content or (len(self.content) < WINDOW and (self.size is None or reached >= self.size))

    def pieces(self) -> Iterator[bytes]:
        """The content in chunks."""
        for start in range(0, len(self.content), CHUNK):
            yield self.content[start : start + CHUNK]


async def window(connection: Connection, mail: MailId, offset: int) -> Window:
    """A window of a mail that begins at an offset. The read flag stays as it is.

    Raises:
        MessageGone: the mail is not there any more.
    """
    await at(connection, mail)
    section = b"BODY.PEEK[]<%d.%d>" % (offset, WINDOW)
    found = await look(connection, mail, b"RFC822.SIZE", section, what=_WHAT)
    size = found.get("RFC822.SIZE")
    content = body_of(found, "BODY[]")
    if content is None and offset == 0:
        # RFC 2180 section 4.1.2: a mail that vanished in this moment may be answered with NIL
        if await there(connection, mail, what=_WHAT):
            raise ServiceUnavailable("The mail server gave no content of the mail.")
        raise MessageGone("The mail is not in the folder any more.")
    if content is not None and len(content) > WINDOW:
        raise protocol("more than was asked for", _WHAT)
    return Window(content or b"", size if isinstance(size, int) else None)
