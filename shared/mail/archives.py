"""What an archive says that it holds: names and sizes, read while its bytes flow past, nothing unpacked.

A zip has its table at the end, so the end is kept; a tar has a header before each file, the files themselves are passed
over. Both tables are what the sender wrote: sizes are claims, and names are never paths.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from typing import Protocol

from shared.mail.encoded_words import Warn
from shared.mail.leaves import MOST_MEMBERS
from shared.mail.names import clean_name
from shared.model.mail import Archive, ArchiveMember

__all__ = ["ARCHIVES", "Lister", "lister_for"]

ARCHIVES = {
    "application/zip": "zip", "application/x-tar": "tar", "application/x-7z-compressed": "7z", "application/vnd.rar": "rar",
    "application/gzip": "gzip", "application/x-bzip2": "bzip2", "application/x-xz": "xz", "application/zstd": "zstd",
    "application/vnd.ms-cab-compressed": "cab",
}  # fmt: skip
"""Detected type and the name of the format. What is not listed here is no archive: an Office file is a zip, and a document."""
LONGEST_NAME = 255
TABLE = 1 << 20
"""Bytes kept of the end of a zip."""
BOMB_RATIO = 200
BOMB_BYTES = 256 << 20
"""A file that claims to become so much larger, and larger than this, is called a bomb."""


class Lister(Protocol):
    """Takes the bytes of an archive."""

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes."""

    def end(self, warn: Warn, path: str, room: int) -> Archive:
        """There are no more: answer what it says that it holds; `room` members are named."""


def lister_for(detected_type: str) -> Lister | None:
    """What lists a file of this type; None where it is no archive."""
    name = ARCHIVES.get(detected_type)
    if name is None:
        return None
    return _Zip() if name == "zip" else _Tar() if name == "tar" else _Named(name)


class _Named:
    """An archive whose table is not read."""

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, data: bytes | memoryview) -> None:
        """Nothing of it is looked at."""

    def end(self, warn: Warn, path: str, room: int) -> Archive:
        """Its name alone."""
        del warn, path, room
        return Archive(format=self._name)


class _Zip:
    """Keeps the end of a zip."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        self._tail += data
        if len(self._tail) > 2 * TABLE:
            del self._tail[:-TABLE]

    def end(self, warn: Warn, path: str, room: int) -> Archive:
        try:
            with zipfile.ZipFile(_End(bytes(self._tail), self._size)) as file:
                entries = file.infolist()
        except (
            zipfile.BadZipFile,
            OSError,
            ValueError,
            EOFError,
            NotImplementedError,
            ArithmeticError,
            MemoryError,
            struct.error,
        ):
            warn("archive_not_listed", f"{path}: the table of the archive is damaged or too large; it was not listed")
            return Archive(format="zip")
        return _archive(
            "zip",
            [(e.filename, e.file_size, bool(e.flag_bits & 1)) for e in entries if not e.is_dir()],
            self._size, warn, path, room,
        )  # fmt: skip


class _End(io.RawIOBase):
    """The end of a file, as a file; whoever reads before it gets an error."""

    def __init__(self, tail: bytes, size: int) -> None:
        super().__init__()
        self._tail, self._start, self._size, self._at = tail, size - len(tail), size, 0

    def seekable(self) -> bool:
        """It can be read anywhere."""
        return True

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read from where it is."""
        if self._at < self._start:
            raise OSError("before the end that was kept")
        begin = self._at - self._start
        data = self._tail[begin:] if size < 0 else self._tail[begin : begin + size]
        self._at += len(data)
        return data


class _Tar:
    """Reads the headers of a tar as they come, and passes over the files."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._skip = 0
        self._long: str | None = None
        self._name: bytearray | None = None
        self._found: list[tuple[str, int, bool]] = []
        self._count = self._total = self._size = 0
        self._damaged = False
        self._over = False

    def write(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        at = 0
        while at < len(data) and not self._over:
            if self._skip and self._name is None:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            step = min((self._skip or 512) - len(self._block), len(data) - at)
            self._block += data[at : at + step]
            at += step
            if len(self._block) == (self._skip or 512):
                block, self._block = bytes(self._block), bytearray()
                if self._name is not None:
                    self._long = block.rstrip(b"\0").decode("utf-8", "replace")
                    self._name, self._skip = None, 0
                else:
                    self._header(block)

    def _header(self, block: bytes) -> None:
        if not block.strip(b"\0"):
            self._over = True
            return
        try:
            entry = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except (tarfile.HeaderError, ValueError):
            self._damaged = self._over = True
            return
        padded = max(0, entry.size) + (-entry.size) % 512
        if entry.type == tarfile.GNUTYPE_LONGNAME and entry.size <= 4096:
            self._name, self._skip = bytearray(), padded
            return
        self._skip = padded
        if entry.isreg():
            self._count += 1
            self._total += entry.size
            if len(self._found) < MOST_MEMBERS:
                self._found.append((self._long or entry.name, entry.size, False))
        self._long = None

    def end(self, warn: Warn, path: str, room: int) -> Archive:
        if self._damaged and not self._count:
            warn("archive_not_listed", f"{path}: the table of the archive is damaged or too large; it was not listed")
            return Archive(format="tar")
        listed = _archive("tar", self._found, self._size, warn, path, room)
        return listed.model_copy(update={"members": self._count, "size": self._total})


def _archive(name: str, found: list[tuple[str, int, bool]], packed: int, warn: Warn, path: str, room: int) -> Archive:
    """The facts, and a warning about what they claim."""
    size = sum(size for _, size, _ in found)
    encrypted = any(locked for _, _, locked in found)
    if encrypted:
        warn("archive_encrypted", f"{path}: the archive needs a password")
    if size > BOMB_BYTES and size > BOMB_RATIO * max(1, packed):
        warn("archive_bomb", f"{path}: {packed} bytes claim to become {size}")
    entries = tuple(
        ArchiveMember(
            name=(clean_name(name.encode("utf-8", "replace").decode("utf-8")) or "")[-LONGEST_NAME:],
            size=size,
            encrypted=locked,
        )
        for name, size, locked in found[:room]
    )
    return Archive(format=name, listed=True, members=len(found), size=size, encrypted=encrypted, entries=entries)
