"""Reads one mail with one library, down to the SHA-256 of every decoded leaf: `python -m bench.parse_readers NAME PATH`.

Prints seconds, peak and idle memory as JSON: one process for each reading, so that no reading profits from another's memory.
"""

from __future__ import annotations

import base64
import binascii
import email
import hashlib
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHUNK = 64 << 10
"""What a reader that streams reads at a time."""
LINE = 78
"""Bytes of a line of base64 in these mails, with its end."""

type Leaves = list[str]


def postrum(path: Path) -> Leaves:
    """What the flow does, without the facts about the mail as a whole."""
    from shared.mail.leaves import LeafEnd, Outbox
    from shared.mail.level import Level
    from shared.mail.limits import Account, Limits

    account = Account(Limits())
    outbox = Outbox(account.warn)
    level = Level(outbox, account)
    found: Leaves = []

    def take() -> None:
        found.extend(event.sha256 for event in outbox.events if isinstance(event, LeafEnd))
        outbox.events.clear()

    with path.open("rb") as file:
        while data := file.read(CHUNK):
            level.write(data)
            take()
    level.end()
    take()
    return [*(hashlib.sha256(body.data).hexdigest() for body in level.bodies), *found]


def whole(path: Path) -> Leaves:
    """Everything that Postrum reads in a mail: reply, quotation, machines, authentication…; the others do none of it."""
    from shared.mail import MailReader

    reader = MailReader()
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            for _ in reader.feed(data):
                pass
    _, mail = reader.close()
    return [one.sha256 for one in mail.attachments]


def compat32(path: Path) -> Leaves:
    """The standard library."""
    message = email.message_from_bytes(path.read_bytes())
    leaves = (part.get_payload(decode=True) for part in message.walk() if not part.is_multipart())
    return [hashlib.sha256(leaf).hexdigest() for leaf in leaves if isinstance(leaf, bytes)]


def fast_mail_parser(path: Path) -> Leaves:
    """fast-mail-parser (Rust)."""
    found: Any = importlib.import_module("fast_mail_parser").parse_email(path.read_bytes())
    texts = (text.encode() for text in (*found.text_plain, *found.text_html))
    return [hashlib.sha256(leaf).hexdigest() for leaf in (*texts, *(file.content for file in found.attachments))]


def mail_parser(path: Path) -> Leaves:
    """mail-parser, which leaves base64 to its caller."""
    found: Any = importlib.import_module("mailparser").parse_from_bytes(path.read_bytes())
    leaves = [text.encode() for text in (*found.text_plain, *found.text_html)]
    leaves += [base64.b64decode(file["payload"]) for file in found.attachments]
    return [hashlib.sha256(leaf).hexdigest() for leaf in leaves]


def limit(path: Path) -> Leaves:
    """No mail at all: base64 and SHA-256 over the last attachment's lines."""
    data = memoryview(path.read_bytes())
    end = len(data) - 200 + bytes(data[-200:]).rfind(b"\r\n--") + 2
    start = bytes(data[: 1 << 20]).rfind(b"\r\n\r\n", 0, 1 << 20) + 4
    digest = hashlib.sha256()
    for at in range(start, end, LINE * 4096):
        digest.update(binascii.a2b_base64(data[at : min(at + LINE * 4096, end)]))
    return [digest.hexdigest()]


READERS: dict[str, Callable[[Path], Leaves]] = {
    "postrum": postrum,
    "whole": whole,
    "compat32": compat32,
    "fast_mail_parser": fast_mail_parser,
    "mail_parser": mail_parser,
    "limit": limit,
}


def memory(name: str) -> float:
    """A figure of this process in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def main() -> None:
    """One reading, after a small one that loads everything."""
    reader, path = READERS[sys.argv[1]], Path(sys.argv[2])
    reader(Path(sys.argv[3]))
    Path("/proc/self/clear_refs").write_text("5")
    idle, began = memory("VmRSS"), time.perf_counter()
    leaves = reader(path)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "above_idle": memory("VmHWM") - idle, "last": leaves[-1]}))


if __name__ == "__main__":
    main()
