"""How the control plane's methods run: in the event loop's thread, wherever they are called from."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

from emulator.world import World

Json = dict[str, Any]
OPERATIONS: dict[str, Callable[..., object]] = {}
_TIMEOUT = 120.0


def operation[F: Callable[..., Any]](method: F) -> F:
    """Run the method in the event loop's thread, from wherever it is called; offer it over HTTP."""

    @functools.wraps(method)
    def call(self: ControlBase, *args: Any, **kwargs: Any) -> Any:
        return self.in_loop(functools.partial(method, self, *args, **kwargs))

    OPERATIONS[method.__name__] = method
    return cast("F", call)


class ControlBase:
    """The world, and the thread that it belongs to."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self._world = world
        self._loop = loop
        self._thread = threading.get_ident()

    def in_loop[R](self, action: Callable[[], R]) -> R:
        """Run in the loop's thread and wait."""
        if threading.get_ident() == self._thread:
            return action()
        future: Future[R] = Future()

        def run() -> None:
            try:
                future.set_result(action())
            except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
                future.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return future.result(_TIMEOUT)
