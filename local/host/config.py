"""`host.json` and `local.settings.json`, read strictly. No I/O beyond reading the two files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.host.errors import HostError

_TIMESPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):([0-5]?\d):([0-5]?\d)(?:\.(\d{1,7}))?")

MIN_POLLING_SECONDS = 0.1
MAX_BATCH = 32


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`, times in seconds."""

    batch_size: int = 16
    new_batch_threshold: int = -1  # -1: half of the batch, resolved by `read_host_json`
    max_dequeue_count: int = 5
    visibility_timeout: float = 0
    max_polling_interval: float = 60
    message_encoding: str = "base64"


@dataclass(frozen=True)
class HostConfig:
    """What the host takes from `host.json`."""

    queues: QueueOptions = field(default_factory=lambda: QueueOptions(new_batch_threshold=8))
    route_prefix: str = "api"
    function_timeout: float | None = 1800


@dataclass(frozen=True)
class Settings:
    """What the host takes from `local.settings.json`."""

    values: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


def timespan(text: object) -> float:
    """Seconds of a .NET time span such as "00:05:00" or "1.02:00:00.5"; ValueError says what is wrong."""
    match = _TIMESPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[2]) > 23:
        raise ValueError(f'{json.dumps(text)} is not a time span such as "00:00:30"')
    days, hours, minutes, seconds, fraction = match.groups()
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    return whole + float(f"0.{fraction or 0}")


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        # bool is an int in Python, and `true` is not a number in JSON
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{json.dumps(value)} is not a whole number from {low} to {high}")
        return value

    return read


def _span(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        seconds = timespan(value)
        if not low <= seconds <= high:
            raise ValueError(f"{json.dumps(value)} is not between {low:g} and {high:g} seconds")
        return seconds

    return read


def _encoding(value: object) -> str:
    if not isinstance(value, str) or value.lower() not in ("base64", "none"):
        raise ValueError(f'{json.dumps(value)} is neither "base64" nor "none"')
    return value.lower()


def _prefix(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{json.dumps(value)} is not a text")
    return value.strip("/")


def _timeout(value: object) -> float | None:
    return None if value == "-1" else _span(1, 10 * 86400)(value)


def _version(value: object) -> None:
    if value != "2.0":
        raise ValueError(f'{json.dumps(value)} is not "2.0"')


def _anything(value: object) -> None:
    """Accepted for Azure's sake; nothing here depends on it."""


# key of host.json -> (reader, what the host keeps it as); a key that is not here is refused
_WEEK = 7 * 86400
_KEYS: dict[str, tuple[Callable[[object], Any], str | None]] = {
    "version": (_version, None),
    "functionTimeout": (_timeout, "function_timeout"),
    "extensions.http.routePrefix": (_prefix, "route_prefix"),
    "extensions.queues.batchSize": (_whole(1, MAX_BATCH), "queues.batch_size"),
    "extensions.queues.newBatchThreshold": (_whole(0, 10_000), "queues.new_batch_threshold"),
    "extensions.queues.maxDequeueCount": (_whole(1, 10_000), "queues.max_dequeue_count"),
    "extensions.queues.visibilityTimeout": (_span(0, _WEEK), "queues.visibility_timeout"),
    "extensions.queues.maxPollingInterval": (_span(MIN_POLLING_SECONDS, _WEEK), "queues.max_polling_interval"),
    "extensions.queues.messageEncoding": (_encoding, "queues.message_encoding"),
    "logging": (_anything, None),
    "extensionBundle": (_anything, None),
    "telemetryMode": (_anything, None),
}
_BRANCHES = ("extensions", "extensions.http", "extensions.queues")


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise HostError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise HostError(f"{path} cannot be read: {error}.") from None
    except json.JSONDecodeError as error:
        raise HostError(f"{path}, line {error.lineno}: this is not JSON ({error.msg}).") from None
    if not isinstance(document, dict):
        raise HostError(f"{path} must hold a JSON object.")
    return document


def _leaves(path: Path, node: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in node.items():
        key = f"{prefix}{name}"
        if key in _KEYS:
            found[key] = value
        elif key in _BRANCHES and isinstance(value, dict):
            found |= _leaves(path, value, f"{key}.")
        elif key in _BRANCHES:
            raise HostError(f"{path}: {key} must be a JSON object.")
        else:
            raise HostError(
                f"{path}: the development host does not know the key {key}; remove it, or teach local/host/config.py."
            )
    return found


def read_host_json(path: Path) -> HostConfig:
    """Read `host.json`; a missing version, an unknown key or a wrong value is a HostError that names it."""
    leaves = _leaves(path, _load(path))
    if "version" not in leaves:
        raise HostError(f'{path}: "version": "2.0" is missing.')
    top: dict[str, Any] = {}
    queues: dict[str, Any] = {}
    for key, value in leaves.items():
        reader, target = _KEYS[key]
        try:
            result = reader(value)
        except ValueError as error:
            raise HostError(f"{path}: {key}: {error}.") from None
        if target and target.startswith("queues."):
            queues[target.removeprefix("queues.")] = result
        elif target:
            top[target] = result
    options = QueueOptions(**queues)
    if options.new_batch_threshold < 0:
        options = replace(options, new_batch_threshold=options.batch_size // 2)
    return HostConfig(queues=options, **top)


def read_settings(path: Path) -> Settings:
    """Read a `local.settings.json`: Values, and Host.LocalHttpPort."""
    document = _load(path)
    if document.get("IsEncrypted"):
        raise HostError(f"{path} is encrypted; decrypt it with `func settings decrypt`.")
    unknown = sorted(set(document) - {"IsEncrypted", "Values", "Host"})
    if unknown:
        raise HostError(f"{path}: the development host does not know {', '.join(unknown)}; use Values.")
    values = document.get("Values", {})
    if not isinstance(values, dict):
        raise HostError(f"{path}: Values must be a JSON object.")
    for name, value in values.items():
        if not isinstance(value, str):
            raise HostError(f"{path}: Values.{name} must be a text, as in an environment variable.")
    host = document.get("Host", {})
    port = host.get("LocalHttpPort") if isinstance(host, dict) else None
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535):
        raise HostError(f"{path}: Host.LocalHttpPort must be a port number.")
    return Settings(values=values, port=port)
