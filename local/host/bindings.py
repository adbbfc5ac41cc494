"""From the metadata that the library returns to the three kinds of function that the host can run. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.host.errors import HostError
from local.host.ncrontab import Schedule, parse
from local.host.routes import Route, compile_route

_SETTING = re.compile(r"%([^%\s]+)%")
_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
DEFAULT_CONNECTION = "AzureWebJobsStorage"


class AuthLevel(StrEnum):
    """Which key a caller must show."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True)
class FunctionMetadata:
    """One function as the library indexed it."""

    name: str
    function_id: str
    raw_bindings: tuple[str, ...]


@dataclass(frozen=True)
class TimerFunction:
    """A function fired by a schedule."""

    name: str
    function_id: str
    parameter: str
    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True)
class QueueFunction:
    """A function called for each message of a queue."""

    name: str
    function_id: str
    parameter: str
    queue: str
    connection: str


@dataclass(frozen=True)
class HttpFunction:
    """A function called for the requests that its route and methods take."""

    name: str
    function_id: str
    parameter: str
    route: Route
    methods: frozenset[str]  # empty: all
    auth_level: AuthLevel


type Function = TimerFunction | QueueFunction | HttpFunction


def substitute(text: str, settings: Mapping[str, str], where: str) -> str:
    """Put settings in the place of `%NAME%`."""

    def value(match: re.Match[str]) -> str:
        found = settings.get(match[1])
        if found is None:
            raise HostError(
                f"{where}: the setting {match[1]} is missing; add it to local.settings.json or the environment."
            )
        return found

    return _SETTING.sub(value, text)


def read_functions(found: Iterable[FunctionMetadata], settings: Mapping[str, str], route_prefix: str) -> list[Function]:
    """Make the functions of the app, in their order; a binding that the host cannot serve is a HostError."""
    return [_read(metadata, settings, route_prefix) for metadata in found]


def _read(metadata: FunctionMetadata, settings: Mapping[str, str], route_prefix: str) -> Function:
    where = f"function {metadata.name}"
    triggers: list[dict[str, Any]] = []
    outputs: list[str] = []
    for raw in metadata.raw_bindings:
        binding: dict[str, Any] = json.loads(raw)
        if str(binding["direction"]).upper() == "IN" and str(binding["type"]).endswith("Trigger"):
            triggers.append(binding)
        else:
            outputs.append(binding["type"])
    if len(triggers) != 1:
        raise HostError(f"{where} has {len(triggers)} triggers, and needs one.")
    trigger = triggers[0]
    kind = trigger["type"]
    allowed = ["http"] if kind == "httpTrigger" else []
    foreign = [name for name in outputs if name not in allowed]
    if foreign:
        raise HostError(f"{where} uses the binding {foreign[0]}, which the development host does not serve.")

    def text(key: str, default: str = "") -> str:
        return substitute(str(trigger.get(key) or default), settings, where)

    common = (metadata.name, metadata.function_id, str(trigger["name"]))
    if kind == "timerTrigger":
        try:
            schedule = parse(text("schedule"))
        except ValueError as error:
            raise HostError(f"{where}: {error}.") from None
        return TimerFunction(
            *common, schedule, bool(trigger.get("runOnStartup")), trigger.get("useMonitor") is not False
        )
    if kind == "queueTrigger":
        queue = text("queueName").lower()  # the real host lower-cases it too
        if not _QUEUE_NAME.fullmatch(queue):
            raise HostError(f"{where}: {queue!r} is not a queue name: 3 to 63 letters, digits and single hyphens.")
        return QueueFunction(*common, queue, text("connection", DEFAULT_CONNECTION))
    if kind == "httpTrigger":
        try:
            level = AuthLevel(str(trigger.get("authLevel") or AuthLevel.FUNCTION).lower())
            route = compile_route(route_prefix, text("route", metadata.name))
        except ValueError as error:
            raise HostError(f"{where}: {error}.") from None
        return HttpFunction(*common, route, frozenset(m.upper() for m in trigger.get("methods") or ()), level)
    raise HostError(f"{where} uses {kind}, which the development host does not serve.")
