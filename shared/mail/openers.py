"""Files that may hold more than they say: looked into, kept until they are complete, and opened.

A container that cannot be opened is an attachment, whole, and a warning says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.mail import containers
from shared.mail.leaves import Consumer, LeafWriter
from shared.mail.mime import Machine, Part
from shared.mail.outlook import NotReadable, OutlookMessage
from shared.mail.sniff import OLE, TNEF, is_mail_head, sniff
from shared.mail.transfer import Decoder

if TYPE_CHECKING:
    from shared.mail.level import Level

__all__ = ["Container", "Peek", "Signed", "way_into"]

_OPENED = frozenset({"application/zip", "application/x-tar"})
_OPAQUE_NAMES = re.compile(r"\.(?:doc|dot|xls|xlt|ppt|pps|pot|msi|mpp|vsd|pub|db|one|dwg|dll|exe|hwp|wps)$", re.I)


def way_into(path: str, name: str | None, otherwise: str) -> str:
    """The path into a container."""
    return f"{path}/{(name or otherwise).replace('/', '_')[:120]}"


class Peek:
    """Looks at the first bytes of a file that may be a container under a wrong type, then hands on."""

    def __init__(
        self, level: Level, part: Part | None, path: str, name: str | None, kind: str, content_id: str | None = None,
        location: str | None = None,
    ) -> None:  # fmt: skip
        self._level, self._part, self._path, self._name, self._kind = level, part, path, name, kind
        self._content_id, self._location = content_id, location
        self._held = bytearray()
        self._to: Consumer | None = None

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes."""
        if self._to:
            self._to.write(data)
            return
        self._held += data
        if len(self._held) >= 1024:
            self._decide()

    def end(self) -> None:
        """There are no more."""
        if not self._to:
            self._decide()
        if self._to:
            self._to.end()

    def _decide(self) -> None:
        head, name = bytes(self._held[:4096]), (self._name or "").lower()
        level, part, path, kind = self._level, self._part, self._path, self._kind
        if head.startswith(TNEF):
            self._to = Container(level, part, path, self._name, kind, containers.read_tnef)
        elif head.startswith(OLE) and (name.endswith(".msg") or kind == "application/vnd.ms-outlook" or (
                kind == "application/octet-stream" and not _OPAQUE_NAMES.search(name))):  # fmt: skip
            self._to = Container(level, part, path, self._name, kind, containers.read_msg, mail=True)
        elif name.endswith(".eml") and is_mail_head(head) and level.depth < level.account.limits.mails_deep:
            self._to = level.mail_inside(path, self._name)
        elif name.endswith(".p7m") and head[:1] == b"0":
            self._to = Signed(level, part, path, self._name, kind)
        else:
            writer = level.begin(part, path, self._name, kind)
            if part is None:
                writer.draft.content_id, writer.draft.location = self._content_id, self._location
            self._to = writer
            if level.account.limits.open_archives and sniff(head) in _OPENED:
                from shared.mail.unpack import Unpacking

                self._to = Unpacking(level, writer)
        if self._held:
            self._to.write(bytes(self._held))
        self._held = bytearray()


class _Buffered:
    """Keeps a container until it is complete; one that is too large becomes an attachment."""

    def __init__(self, level: Level, part: Part | None, path: str, name: str | None, kind: str) -> None:
        self.level, self.part, self.path, self.name, self.kind = level, part, path, name, kind
        self._data = bytearray()
        self._whole: LeafWriter | None = None

    def write(self, data: bytes | memoryview) -> None:
        if self._whole:
            self._whole.write(data)
            return
        self._data += data
        if len(self._data) > self.level.account.limits.container_bytes:
            self.level.account.breach("container_too_large", f"{self.path}: too large to be opened; kept whole")
            self._keep_whole()

    def _keep_whole(self) -> LeafWriter:
        writer = self._whole = self.level.begin(self.part, self.path, self.name, self.kind)
        data, self._data = self._data, bytearray()
        writer.write(memoryview(data))
        return writer

    def end(self) -> None:
        if self._whole:
            self._whole.end()
            return
        try:
            if self.path.count("/") >= 2 * self.level.account.limits.mails_deep:
                self.level.account.breach("too_deep", f"{self.path}: containers lie too deep inside each other")
                raise NotReadable("it lies too deep")
            self.open(self._data)
        except NotReadable as error:
            self.level.account.warn("container_not_opened", f"{self.path}: {error}")
            self._keep_whole().end()

    def open(self, data: bytearray) -> None:
        """Open the complete container; raise `NotReadable` to have it kept whole."""
        raise NotImplementedError


class Container(_Buffered):
    """A winmail.dat, or an Outlook .msg."""

    def __init__(
        self, level: Level, part: Part | None, path: str, name: str | None, kind: str,
        reader: Callable[[bytes | bytearray, int], OutlookMessage], *, mail: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(level, part, path, name, kind)
        self._reader, self._mail = reader, mail

    def open(self, data: bytearray) -> None:
        """Take over what it holds."""
        level = self.level
        deepest = level.account.limits.mails_deep - level.depth
        if self._mail and deepest <= 0:
            level.account.breach(
                "mails_too_deep", f"mails are attached more than {level.account.limits.mails_deep} deep"
            )
            raise NotReadable("it lies too deep")
        message = self._reader(data, deepest)
        if self._mail:
            level.mail_inside(self.path, self.name).take_outlook(message)
        else:
            level.add_outlook(message, way_into(self.path, self.name, "winmail.dat"), bodies=True)


class Signed(_Buffered):
    """An opaque S/MIME envelope: the mail inside a signature is read, an encrypted one is named as such."""

    def open(self, data: bytearray) -> None:
        """Read the mail inside."""
        content, state = containers.unwrap_smime(data)
        if content is None:
            if not self.path.count("/"):
                self.level.protection = self.level.protection or state
            self._keep_whole_as(state)
            return
        self.level.protection = self.level.protection or "signed"
        inner = Machine(_Unwrapped(self.level, way_into(self.path, self.name, "smime.p7m")), self.level.account)
        view = memoryview(content)
        for at in range(0, len(view), 1 << 20):
            inner.feed(view[at : at + (1 << 20)])
        inner.close()

    def _keep_whole_as(self, state: str | None) -> None:
        writer = self._keep_whole()
        writer.draft.protected = state if state != "signed" else None
        writer.end()
        if state == "encrypted":
            self.level.account.warn(
                "encrypted", f"{self.path}: encrypted; it cannot be read without the recipient's key"
            )


class _Unwrapped:
    """The parts inside an opened envelope belong to the mail around it; only their paths tell."""

    def __init__(self, level: Level, path: str) -> None:
        self._level, self._prefix = level, path
        self._consumer: Consumer | None = None
        self._decoder: Decoder | None = None

    def part_seen(self, part: Part) -> None:
        if len(self._level.part_types) < 1000:
            self._level.part_types.append(part.content_type.value)

    def leaf_started(self, part: Part) -> None:
        level = self._level
        before, held = level.path, (level._decoder, level._consumer)
        level.path = self._prefix
        level.leaf_started(part)
        self._decoder, self._consumer = level._decoder, level._consumer
        level.path = before
        level._decoder, level._consumer = held

    def leaf_data(self, data: bytes | memoryview) -> None:
        if self._decoder and self._consumer and (decoded := self._decoder.feed(data)):
            self._consumer.write(decoded)

    def leaf_ended(self) -> None:
        if not self._decoder or not self._consumer:
            return
        if rest := self._decoder.close():
            self._consumer.write(rest)
        self._consumer.end()
        self._consumer = self._decoder = None
