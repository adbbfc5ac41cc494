"""The child that reads documents: warm, limited, killed at the deadline, started anew, closed without a trace."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sample_mailbox import papers
from local.sample_mailbox.files import scan_pdf
from local.sample_mailbox.letters import SCAN_LINES
from local.sample_mailbox.pdf import pdf
from local.sample_mailbox.ubl import ubl
from shared.documents import limits
from shared.documents.child import DocumentReader
from tests.documents.material import deflate_bomb, forms_calling_forms

_PREPARE = """
import os, shared.documents.worker as worker
real = worker.read_document
def read_document(source):
    data = source if isinstance(source, bytes) else source.read_bytes()
    {act}
    return real(source)
worker.read_document = read_document
worker.main()
"""


def reader(act: str, seconds: float = 10.0) -> DocumentReader:
    """A reader whose child does something else with documents that begin with HOSTILE."""
    return DocumentReader(seconds=seconds, command=("-c", _PREPARE.format(act=f"if data[:7] == b'HOSTILE': {act}")))


@pytest.fixture(scope="module")
def shared_reader() -> Iterator[DocumentReader]:
    with DocumentReader() as child:
        yield child


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_starts_lazily_and_stays_warm(shared_reader: DocumentReader) -> None:
    with DocumentReader() as fresh:
        assert fresh.pid is None
    assert shared_reader.read_now(ubl(papers.EN_UBL_INVOICE)).kind == "invoice"
    first = shared_reader.pid
    assert shared_reader.read_now(pdf(papers.DA_CREDIT_NOTE)).kind == "credit_note"
    assert shared_reader.pid == first is not None


async def test_many_at_once(shared_reader: DocumentReader, tmp_path: Path) -> None:
    path = tmp_path / "a file.pdf"
    path.write_bytes(pdf(papers.SV_STATEMENT))
    sources: list[Path | bytes] = [path, ubl(papers.NL_UBL_INVOICE), pdf(papers.DE_REMINDER)] * 5
    readings = await asyncio.gather(*(shared_reader.read(source) for source in sources))
    assert [reading.kind for reading in readings] == ["statement", "invoice", "reminder"] * 5


@pytest.mark.fault("D05")
def test_endless_loop_is_killed_at_the_deadline_and_the_next_is_read() -> None:
    with reader("\n        while True: pass", seconds=1.0) as child:
        child.read_now(b"start")
        first = child.pid
        assert first is not None
        start = time.monotonic()
        assert child.read_now(b"HOSTILE").unread == "time"
        assert time.monotonic() - start < 3
        assert gone(first)
        assert child.read_now(pdf(papers.EN_INVOICE)).kind == "invoice"
        assert child.pid != first


@pytest.mark.fault("D05")
@pytest.mark.parametrize(
    ("act", "unread"),
    [
        ("bytearray(1 << 30)", "memory"),
        ("os._exit(3)", "crash"),
        ("os.kill(os.getpid(), 11)", "crash"),
        ("os.write(3, b'\\xff' * 100); os.write(4, b'\\xff' * 100); os._exit(0)", "crash"),
    ],
)
def test_memory_and_crashes_are_survived(act: str, unread: str) -> None:
    with reader(act) as child:
        assert child.read_now(b"HOSTILE").unread == unread
        assert child.read_now(pdf(papers.EN_INVOICE)).kind == "invoice"


@pytest.mark.fault("D05")
def test_hostile_pdfs_are_survived_within_the_memory(shared_reader: DocumentReader) -> None:
    assert "embedded_damaged" in [w.code for w in shared_reader.read_now(deflate_bomb(1000)).warnings]
    status = Path(f"/proc/{shared_reader.pid}/status")
    if status.exists():
        peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        assert peak < limits.MEMORY >> 10
    with DocumentReader(seconds=3.0) as child:
        assert child.read_now(forms_calling_forms(9, 10)).unread is not None
        assert child.read_now(pdf(papers.EN_INVOICE)).kind == "invoice"


@pytest.mark.parametrize("act", ["import socket; socket.socket()", "import subprocess; subprocess.run(['true'])"])
def test_child_makes_no_connection_and_starts_no_program(act: str) -> None:
    with reader(f"\n        try: {act}\n        except PermissionError: pass\n        else: os._exit(7)") as child:
        assert child.read_now(b"HOSTILE").unread is None


def test_child_writes_no_file(tmp_path: Path) -> None:
    target = tmp_path / "written"
    act = f"\n        try: open({str(target)!r}, 'w').write('x' * 10000)\n        except OSError: pass"
    with reader(act) as child:
        child.read_now(b"HOSTILE")
    assert not target.exists() or target.stat().st_size == 0


def test_child_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "a token")
    with reader("'IDENTITY_HEADER' in os.environ and os._exit(7)") as child:
        assert child.read_now(b"HOSTILE").unread is None


def test_large_document_by_path_and_as_bytes(shared_reader: DocumentReader, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    with path.open("wb") as out:
        out.writelines(scan_pdf(SCAN_LINES, 100))
    reading = shared_reader.read_now(path)
    assert reading.kind == "invoice"
    assert shared_reader.read_now(bytes(limits.PIPE_BYTES + 1)).unread == "too_large"


async def test_closing_leaves_nothing_and_wakes_who_waits() -> None:
    child = reader("\n        while True: pass", seconds=30.0)
    await child.read(b"start")
    pid = child.pid
    assert pid is not None
    waiting = asyncio.create_task(child.read(b"HOSTILE"))
    await asyncio.sleep(0.2)
    await child.aclose()
    assert (await waiting).unread == "closed"
    assert gone(pid)
    assert (await child.read(b"more")).unread == "closed"
    child.close()


def test_child_that_ended_while_it_was_idle_is_replaced() -> None:
    with DocumentReader() as child:
        child.read_now(b"start")
        first = child.pid
        assert first is not None
        os.kill(first, 9)
        assert child.read_now(pdf(papers.EN_INVOICE)).kind == "invoice"
        assert child.pid != first


def test_what_cannot_be_started_is_unavailable() -> None:
    with DocumentReader(command=("-c", "raise SystemExit(1)")) as child:
        assert child.read_now(b"x").unread == "unavailable"


def test_missing_file_is_no_crash_of_ours(shared_reader: DocumentReader, tmp_path: Path) -> None:
    assert shared_reader.read_now(tmp_path / "missing.pdf").unread == "crash"
    assert shared_reader.read_now(pdf(papers.EN_INVOICE)).kind == "invoice"
