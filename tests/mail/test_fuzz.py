"""A short run of `make fuzz`, with the same inputs each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import Reader, fuzz, inputs, seeds
from tests.fuzz.sizes import SIZES, Chunks, big

QUICK = [name for name in SIZES if not name.endswith(("20 MiB", "4 MiB", "64 MiB", "150 MB", "100,000"))]


@pytest.mark.fault("C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C12")
@pytest.mark.pain("C26", "C33")
def test_nothing_raises_takes_long_or_much_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count, failures = fuzz(60, len(QUICK) + 50, 1, None, tmp_path / "kept", QUICK)
    assert failures == 0, capsys.readouterr().out
    assert count >= len(QUICK)
    assert not (tmp_path / "kept").exists()


def test_the_same_seed_gives_the_same_inputs() -> None:
    start = seeds(None)
    one, two, other = inputs(start, 3), inputs(start, 3), inputs(start, 4)
    first = [next(one) for _ in range(20)]
    assert first == [next(two) for _ in range(20)]
    assert first != [next(other) for _ in range(20)]


def test_the_files_of_a_folder_are_mutated_too(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "own.eml").write_bytes(b"Subject: our own\r\n\r\nhi")
    assert b"Subject: our own\r\n\r\nhi" in seeds(tmp_path)


def test_what_fails_is_kept_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.fuzz.__main__.MEMORY", 1 << 20)
    count, failures = fuzz(10, 1, 1, None, tmp_path / "kept", ["nested, 50"])
    assert (count, failures) == (1, 1)
    [kept] = (tmp_path / "kept").iterdir()
    assert kept.read_bytes() == b"".join(SIZES["nested, 50"]())
    assert "MiB" in capsys.readouterr().out


def test_a_reader_that_was_killed_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "input"
    content: Chunks = big(1000)
    path.write_bytes(b"".join(content))
    with Reader() as reader:
        assert reader.read(path) is None
        assert reader._child
        reader._child.kill()
        reader._child.wait()
        assert reader.read(path) is None
        assert "No such file" in (reader.read(tmp_path / "nothing") or "")
