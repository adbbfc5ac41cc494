"""`python -m local.leash MODULE ARGUMENTS`: run a module that ends when the process that started it ends.

The parent holds the other end of standard input. It closes with the parent, also with one that is killed, and then
the module gets SIGTERM, as from a parent that stops it in order.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _watch() -> None:
    # Not through sys.stdin: a thread that waits in there keeps the interpreter from ending.
    while os.read(0, 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Start the watch, then become the module."""
    del sys.argv[0]
    threading.Thread(target=_watch, name="leash", daemon=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
