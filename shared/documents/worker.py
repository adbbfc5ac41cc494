"""The child process that reads documents of strangers: `python -m shared.documents.worker`.

Messages of JSON in frames (`shared.documents.frames`), both ways over pipes. A request is
`{"seconds": 10.0, "path": "…"}`, or `{"seconds": 10.0, "bytes": 1234}` with so many bytes following; the answer is an
empty frame once the document has arrived, and then a `Reading`. The parent kills the child at the deadline; should the
parent be gone, the alarm clock does.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from shared.documents import limits
from shared.documents.frames import receive, send
from shared.documents.read import read_document
from shared.model.document import Reading

__all__ = ["main"]

_GRACE = 2  # seconds after the parent's deadline
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "ctypes.dlopen",
)


def main() -> None:
    """Answer requests until the input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # whatever a library prints must not get between the answers
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    _confine()
    send(answers, b"{}")  # ready
    while (request := receive(requests, limits.ANSWER_BYTES)) is not None:
        order = json.loads(request)
        signal.alarm(math.ceil(float(order["seconds"])) + _GRACE)
        send(answers, _answer(order, requests, answers).model_dump_json().encode())
        signal.alarm(0)


def _confine() -> None:
    """Less memory, no files written, no programs started, no connection made."""
    # Of the whole, the libraries' own pages are not counted as data
    resource.setrlimit(resource.RLIMIT_DATA, (limits.MEMORY - (32 << 20),) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a document reader does not do {event}")


def _answer(request: dict[str, object], requests: BinaryIO, answers: BinaryIO) -> Reading:
    try:
        if "bytes" in request:
            source: Path | bytes = _exactly(requests, int(str(request["bytes"])))
        else:
            source = Path(str(request["path"]))
        send(answers, b"")
        return read_document(source)
    except MemoryError:
        return Reading(unread="memory")


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise SystemExit(1)  # the parent is gone
    return data


if __name__ == "__main__":
    main()
