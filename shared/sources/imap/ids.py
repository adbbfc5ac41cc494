"""The identity of a mail at an IMAP server, and the name under which it is known everywhere else.

Folder, UIDVALIDITY and UID name a mail for ever (RFC 3501 section 2.3.1.1), as long as the server keeps its promise. Some do not: a
mailbox is made again from a backup, and old UIDs mean other mails. So a fourth part marks the mail itself: a few characters of a
hash of its Message-ID, or of its date, sender and subject where it has none. All of these never change in a mail that lies in a
folder. Whoever acts on an id first sees that the UID still has the mark.

A move gives a mail a new UID in another folder, and so a new id with the same mark.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from shared.errors import PermanentError
from shared.mail.headers import Headers, parse_header_block

_ID = re.compile(r"(?P<folder>[^\0\r\n]{1,1000})\|(?P<validity>\d{1,10})\|(?P<uid>\d{1,10})\|(?P<mark>[a-z2-7]{10})\Z")
_BLANKS = re.compile(rb"\s+")
_MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class MailId:
    """What an id says. `folder` is the name on the wire, as `names.py` has it."""

    folder: str
    validity: int
    uid: int
    mark: str

    def __str__(self) -> str:
        return f"{self.folder}|{self.validity}|{self.uid}|{self.mark}"

    @classmethod
    def parse(cls, text: str) -> MailId:
        """From the text.

        Raises:
            PermanentError: it is no id of a mail at an IMAP server.
        """
        found = _ID.match(text)
        if found is None:
            raise PermanentError("This is no id of a mail at an IMAP server.")
        return cls(found["folder"], int(found["validity"]), int(found["uid"]), found["mark"])


def fields_of(block: bytes) -> Headers:
    """The fields of a header, or of a part of one."""
    return parse_header_block(block, _MOST_FIELDS)[0]


def mark_of(headers: Headers) -> str:
    """What marks the mail with this header."""
    names = ("message-id",) if (headers.first("message-id") or b"").strip() else ("date", "from", "subject")
    digest = hashlib.sha256(b"\0".join(_BLANKS.sub(b"", headers.first(name) or b"") for name in names)).digest()
    return base64.b32encode(digest)[:10].decode("ascii").lower()
