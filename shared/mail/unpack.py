"""Archives opened where somebody asked for it (`Limits.open_archives`): their files become leaves of their own.

The archive itself is a leaf all the same. One level deep: an archive inside an archive is listed. What is unpacked is
counted as it comes out, whatever the table says (zipfile trusts it), and ends at the first budget that is used up.
"""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from shared.mail.names import clean_name
from shared.mail.openers import way_into
from shared.mail.outlook import NotReadable

if TYPE_CHECKING:
    from shared.mail.leaves import LeafWriter
    from shared.mail.level import Level

__all__ = ["Unpacking"]

CHUNK = 64 << 10
HEADROOM = 1 << 20
"""A small archive may grow this much, whatever its ratio."""
_ERRORS = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, NotImplementedError,
    RuntimeError, OverflowError, MemoryError, UnicodeError, KeyError,
    struct.error,
)  # fmt: skip
"""What the standard library raises at damaged archives; RuntimeError stands for a missing password."""


class Unpacking:
    """Writes the archive through, keeps a copy, and at its end writes what it holds."""

    def __init__(self, level: Level, writer: LeafWriter) -> None:
        self._level, self._writer = level, writer
        self._copy: bytearray | None = bytearray()

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes of the archive."""
        self._writer.write(data)
        if self._copy is not None:
            self._copy += data
            if len(self._copy) > self._level.account.limits.container_bytes:
                self._copy = None

    def end(self) -> None:
        """The archive is complete: open it."""
        self._writer.end()
        draft, account = self._writer.draft, self._level.account
        if self._copy is None:
            account.breach("archive_not_opened", f"{draft.path}: too large to be opened")
            return
        budget = _Budget(min(account.limits.archive_bytes, len(self._copy) * account.limits.archive_ratio + HEADROOM))
        try:
            for number, (name, file) in enumerate(_members(io.BytesIO(self._copy), draft.detected_type), 1):
                if number > account.limits.archive_members:
                    raise NotReadable(f"more than {account.limits.archive_members} files")
                account.parts += 1
                if account.parts > account.limits.parts:
                    raise NotReadable("more parts than are read")
                self._member(file, f"{way_into(draft.path, draft.name, 'archive')}/{number}", name, budget)
        except NotReadable as error:
            account.breach("archive_not_opened", f"{draft.path}: {error}; the rest was not read")
        except _ERRORS:
            account.warn("archive_not_opened", f"{draft.path}: damaged or protected; what could be read was read")
        self._copy = None

    def _member(self, file: IO[bytes], path: str, name: str, budget: _Budget) -> None:
        """One file of the archive."""
        writer = self._level.begin(None, path, clean_name(name), "application/octet-stream")
        try:
            while data := file.read(min(CHUNK, budget.left + 1)):
                budget.take(len(data))
                writer.write(data)
        finally:
            writer.end()


class _Budget:
    """Bytes that may still come out."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> None:
        """Use some of it up."""
        if size > self.left:
            raise NotReadable("it becomes too large")
        self.left -= size


def _members(data: io.BytesIO, kind: str) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of an archive, each open for reading."""
    if kind == "application/zip":
        with zipfile.ZipFile(data) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as file:
                        yield entry.filename, file
    elif kind == "application/x-tar":
        with tarfile.open(fileobj=data, mode="r:") as tar:
            for member in tar:
                if member.isreg() and (opened := tar.extractfile(member)):
                    yield member.name, opened
    else:
        raise NotReadable(f"archives of type {kind} are not opened")
