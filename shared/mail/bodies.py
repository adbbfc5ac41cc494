"""Text parts and reports, collected as bytes until the mail is complete."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from shared.mail import charsets
from shared.mail.flowed import unflow
from shared.mail.limits import Account

__all__ = ["Body", "Report"]


@dataclass(slots=True)
class Body:
    """A text part that is shown, as bytes."""

    kind: str
    charset: str | None
    data: bytearray
    whole: bool = True
    flowed: bool = False
    """Lines end where the sender's program broke them (RFC 3676)."""
    delsp: bool = False

    def text(self, account: Account | None) -> str:
        """Decode it; line ends become LF, NUL characters go."""
        label = self.charset
        if label is None and self.kind == "text/html":
            label = _meta_charset(bytes(self.data[:2048]))
        if not self.whole:
            while self.data and self.data[-1] & 0xC0 == 0x80 and charsets.codec_of(label) == "utf-8":
                self.data.pop()
        text, wrong = charsets.decode(bytes(self.data), label)
        if wrong and account:
            account.warn("charset", wrong)
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        return unflow(text, delsp=self.delsp) if self.flowed else text


def _meta_charset(head: bytes) -> str | None:
    found = re.search(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w:.-]{2,40})""", head, re.I)
    label = found[1].decode("ascii") if found else None
    return None if label and label.lower().startswith("utf-16") else label


@dataclass(slots=True)
class Report:
    """A part written for machines, collected."""

    kind: str
    data: bytearray = field(default_factory=bytearray)
