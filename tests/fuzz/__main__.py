"""`make fuzz`: read generated and mutated mails for a while; keep what the reader could not take.

No exception, no input over 10 seconds, none over 256 MiB. Every input comes again with its seed and number. The last line
is `inputs: N, failures: M`.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.sample_mailbox import sample_mails
from tests.fuzz.mutate import LARGEST, mutated
from tests.fuzz.reader import MEMORY, SECONDS
from tests.fuzz.sizes import SIZES
from tests.mail.test_archives import FILES, tarred, zipped
from tests.mail.test_containers import INNER, WINMAIL, forwarded
from tests.mail.test_mime import MIXED
from tests.mail.test_outlook_msg import MSG

ROOT = Path(__file__).parents[2]


class Reader:
    """A child that reads; a new one after each that was killed."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: Path) -> str | None:
        """Have a file read; answer what was wrong."""
        if self._child is None or self._child.poll() is not None:
            self._stop()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.reader"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        child = self._child
        assert child.stdin
        assert child.stdout
        child.stdin.write(f"{path}\n")
        child.stdin.flush()
        line = child.stdout.readline()
        if not line:
            return f"killed: over {SECONDS} s, or status {child.wait()}"
        answer = json.loads(line)
        if answer["wrong"]:
            return str(answer["wrong"])
        if answer["seconds"] > SECONDS:
            return f"{answer['seconds']:.1f} s"
        return f"{answer['memory'] >> 20} MiB" if answer["memory"] > MEMORY else None

    def _stop(self) -> None:
        if self._child is None:
            return
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.close()
        self._child.wait()
        self._child.stdout.close()
        self._child = None


def seeds(corpus: Path | None) -> list[bytes]:
    """Mails to begin with: the sample mailbox, those of the tests, and the files of a folder."""
    found = [b"".join(mail.content)[:LARGEST] for mail in sample_mails()]
    found += [MIXED, INNER, forwarded(INNER), WINMAIL, MSG, zipped(FILES), tarred(FILES)]
    if corpus:
        files = sorted(path for path in corpus.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
        found += [path.read_bytes() for path in files]
    return found


def inputs(start: list[bytes], seed: int) -> Iterator[tuple[str, bytes]]:
    """Mutated mails without end, each with its name."""
    number = 0
    while True:
        number += 1
        yield f"seed {seed}, number {number}", mutated(start, random.Random(f"{seed} {number}"))


def fuzz(
    seconds: float, most: int, seed: int, corpus: Path | None, keep: Path, sizes: Iterable[str] = SIZES
) -> tuple[int, int]:
    """Read until time or inputs are used up; answer how many were read, and how many of them failed."""
    until, count, failures = time.monotonic() + seconds, 0, 0
    with tempfile.TemporaryDirectory() as folder, Reader() as reader:
        path = Path(folder) / "input"

        def one(name: str, content: Iterable[bytes]) -> None:
            nonlocal count, failures
            with path.open("wb") as out:
                out.writelines(content)
            count += 1
            if wrong := reader.read(path):
                failures += 1
                keep.mkdir(parents=True, exist_ok=True)
                kept = keep / f"{name.replace(', ', '-').replace(' ', '-')}.bin"
                path.replace(kept)
                print(f"{name}: kept in {kept}\n{wrong.rstrip()}\n", flush=True)

        for size in sizes:
            one(size, SIZES[size]())
        for name, data in inputs(seeds(corpus), seed):
            if count >= most or time.monotonic() > until:
                return count, failures
            one(name, [data])
    return count, failures


def main() -> int:
    """Read the command line; status 1 when an input failed."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Read generated and mutated mails.")
    parser.add_argument("--seconds", type=float, default=120, help="how long (default 120)")
    parser.add_argument("--inputs", type=int, default=10**9, help="how many at most")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other inputs")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="mutate the files of this folder too")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", default=ROOT / ".cache" / "fuzz", help="where failing inputs are kept"
    )
    arguments = parser.parse_args()
    count, failures = fuzz(arguments.seconds, arguments.inputs, arguments.seed, arguments.corpus, arguments.keep)
    print(f"inputs: {count}, failures: {failures}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
