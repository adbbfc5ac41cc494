"""Every call that changes something outside this process, named.

An effect is the failpoint, the journal hook and the span in one: `async with effect("blob.put_mail"): ...`. The crash test
stops the process before and after each of them, and a transport that sees a changing request outside an effect refuses it
(`require_effect`), so that a forgotten name fails a test instead of hiding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from enum import StrEnum

from opentelemetry import trace

_current: ContextVar[str | None] = ContextVar("postrum_effect", default=None)
_tracer = trace.get_tracer("postrum")


class Moment(StrEnum):
    """When an observer is called: before the effect starts, or after it succeeded."""

    BEFORE = "before"
    AFTER = "after"


Observer = Callable[[str, Moment], None]
_observers: list[Observer] = []


class UnnamedEffect(AssertionError):
    """A changing call was made outside `effect(...)`: a defect of the caller."""


def observe(observer: Observer) -> Callable[[], None]:
    """Call `observer(name, moment)` around every effect; the returned function ends that."""
    _observers.append(observer)
    return lambda: _observers.remove(observer)


@asynccontextmanager
async def effect(name: str) -> AsyncIterator[None]:
    """Mark a changing call.

    Args:
        name: stable, dotted, from the kind of store to what is written: `table.run`, `graph.move`, `webhook.post`.
    """
    for observer in tuple(_observers):
        observer(name, Moment.BEFORE)
    token = _current.set(name)
    try:
        with _tracer.start_as_current_span(name):
            yield
    finally:
        _current.reset(token)
    for observer in tuple(_observers):
        observer(name, Moment.AFTER)


def current_effect() -> str | None:
    """Name of the effect that is under way in this task, or None."""
    return _current.get()


def require_effect(what: str) -> str:
    """Name of the effect under way.

    Args:
        what: the call that is about to be made, for the error text.

    Raises:
        UnnamedEffect: there is none.
    """
    name = _current.get()
    if name is None:
        raise UnnamedEffect(f"{what} changes something outside this process and has no name: wrap it in effect(...)")
    return name
