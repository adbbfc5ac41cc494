"""Plays stories with crashes and lost answers, and compares the end with that of the story without any."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from types import TracebackType
from typing import Any, Self

from emulator.server import EmulatorThread
from local.azurite import Account
from tests.crash.mailbox import ImapMailbox
from tests.crash.paths import Path
from tests.crash.state import outside_state
from tests.flow.world import MAILBOX, environment_for
from tests.support.storage_proxy import Mode, StorageProxy

CHANGING = ("move", "patch", "folder_create")
"""Kinds of requests to Graph that change something."""
START = "2026-11-21T09:00:00+00:00"
PATIENT = {"POSTRUM_SILENT_MINUTES": "10080"}
"""After a crash the clock goes on by 45 minutes, and the alert that nobody looked at the mailbox meanwhile would be right."""


@dataclass(frozen=True)
class Point:
    """Where a crash takes place: an effect by its name, the how manyth time, before or after it, and how often in a row."""

    path: str
    name: str
    nth: int
    moment: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.path}: {self.moment} {self.name} #{self.nth}, {'once' if self.times == 1 else 'twice in a row'}"


class Forks:
    """The server that plays lives, as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=FilePath(__file__).parents[2],
        )
        self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def live(self, **life: Any) -> dict[str, Any]:
        """One life of the product."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(life) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process that plays lives has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return dict(answer)


@dataclass
class End:
    """How a story ended."""

    state: dict[str, Any]
    effects: list[tuple[str, int, str]]
    """What the story did: the name of each effect, the how manyth of that name it was, and before or after it."""
    tasks: list[list[str]]


class Player:
    """Plays stories, each on a storage account of its own.

    Args:
        emulator: is reset for every story.
        forks: plays the lives.
        account: gives a fresh account at each call.
        folder: for secrets.
        imap: the mailbox of the stories that are played over IMAP.
    """

    def __init__(
        self,
        emulator: EmulatorThread,
        forks: Forks,
        account: Callable[[], Account],
        folder: FilePath,
        imap: ImapMailbox,
    ) -> None:
        self._emulator = emulator
        self._imap = imap
        self._forks = forks
        self._account = account
        self.changing_requests = 0
        """Of the last story that went through the storage proxy."""
        self._folder = folder
        self._played = 0

    def play(self, path: Path, point: Point | None = None, *, faults: list[dict[str, Any]] | None = None) -> End:
        """One story to its end: with the process killed at a point of it, once or twice, or with faults of Graph."""
        account = self._account()
        self._prepare(path, faults)
        return self._play(path, account.connection_string, account.connection_string, point)

    def play_without_answer(self, path: Path, command: tuple[str, int]) -> End:
        """One story to its end, with the answer to the nth IMAP command of a kind lost."""
        account = self._account()
        self._prepare(path)
        self._imap.proxy.lose(*command)
        end = self._play(path, account.connection_string, account.connection_string)
        assert self._imap.proxy.fired == 1
        return end

    def play_through_proxy(self, path: Path, loss: tuple[int, Mode] | None = None) -> End:
        """One story to its end, with the answer to the nth changing request to storage lost."""
        account = self._account()
        with StorageProxy(account) as proxy:
            if loss is not None:
                proxy.script(*loss)
            self._prepare(path)
            end = self._play(path, proxy.connection_string, account.connection_string)
            self.changing_requests = proxy.changing_requests
            assert loss is None or proxy.fired == 1
            return end

    def _prepare(self, path: Path, faults: list[dict[str, Any]] | None = None) -> None:
        """The surroundings, as they are when the story begins."""
        self._emulator.control.reset()
        self._emulator.control.create_mailbox(MAILBOX)
        self._emulator.control.set_exchange_scope([MAILBOX])
        path.prepare(self._emulator)
        if faults:
            self._emulator.control.add_faults(faults)
        if path.imap:
            self._imap.begin(path)

    def _play(self, path: Path, connection: str, host: str, point: Point | None = None) -> End:
        self._played += 1
        secrets = self._folder / f"secrets-{self._played}.json"
        if path.imap:
            self._imap.keep_password(secrets)
        life = {
            # The lives lie most of an hour apart, which is rightly an alert, and in no story without a crash.
            "environment": environment_for(self._emulator, connection, secrets) | {"POSTRUM_SILENT_MINUTES": "1440"},
            "host": host,
            "sink_url": self._emulator.addresses.sink_url,
            "configuration": self._imap.configuration(path.configuration) if path.imap else path.configuration,
            "broken_series": path.broken_series,
            "later": [base64.b64encode(content).decode() for content in path.later],
            "control_url": self._emulator.addresses.control_url,
            "clock": START,
            "rounds": 2,
            "first": True,
            "dump": point is None,
        }
        kill_at = None if point is None else {"name": point.name, "nth": point.nth, "moment": point.moment}
        answer = self._forks.live(**life, kill_at=kill_at)
        if point is not None:
            assert answer["killed"], f"never came to {point}"
            life |= {"first": False, "clock": "2026-11-21T09:45:00+00:00", "rounds": 4}
            if point.times == 2:
                # The next life dies at the first effect of that name, or the story has none of it left and ends well.
                self._forks.live(**life, kill_at=replace_nth(kill_at))
                life |= {"clock": "2026-11-21T10:30:00+00:00"}
            answer = self._forks.live(**(life | {"dump": True}), kill_at=None)
        assert not answer["killed"]
        state = {**answer["state"], **outside_state(self._emulator), **(self._imap.state() if path.imap else {})}
        return End(state, answer["effects"], answer["tasks"])

    def changing_calls(self) -> dict[str, int]:
        """How many changing calls of each kind the last story made to Graph."""
        charged: dict[str, int] = {}
        for lane in self._emulator.control.counters()["lanes"]:
            for kind in CHANGING:
                charged[kind] = charged.get(kind, 0) + lane["charged"].get(kind, 0)
        return {kind: times for kind, times in charged.items() if times}

    def changing_commands(self, path: Path) -> dict[str, int]:
        """How many changing IMAP commands of each kind the last story sent."""
        return self._imap.proxy.changing if path.imap else {}


def replace_nth(kill_at: dict[str, Any] | None) -> dict[str, Any] | None:
    """The first occurrence instead of the nth: the second life is shorter than the first."""
    return None if kill_at is None else kill_at | {"nth": 1}


def lost_graph_answers(calls: dict[str, int]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """For every changing call to Graph: the effect took place, and the answer was 504, or the connection was cut."""
    for kind, times in calls.items():
        for nth in range(1, times + 1):
            for mode in ("after", "drop"):
                yield f"{mode} {kind} #{nth}", [{"match": {"kind": kind}, "nth": nth, "mode": mode, "status": 504}]


def lost_imap_answers(commands: dict[str, int]) -> Iterator[tuple[str, int]]:
    """For every changing IMAP command: it was carried out, and the connection was cut before the answer came."""
    for name, times in commands.items():
        for nth in range(1, times + 1):
            yield name, nth


def lost_storage_answers(requests: int) -> Iterator[tuple[int, Mode]]:
    """For every changing request to storage: it took place, and the answer was 503, or the connection was cut."""
    for nth in range(1, requests + 1):
        yield nth, "lost_503"
        yield nth, "lost_cut"


def points_of(path: Path, effects: list[tuple[str, int, str]]) -> Iterator[Point]:
    """Every crash that the story can have."""
    for name, nth, moment in dict.fromkeys((name, nth, moment) for name, nth, moment in effects):
        point = Point(path.name, name, nth, moment)
        yield point
        yield replace(point, times=2)


def difference(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """What differs, in lines."""
    lines: list[str] = []
    for name in sorted(expected.keys() | actual.keys()):
        one, other = expected.get(name), actual.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            one, other = [f"{k} {v}" for k, v in one.items()], [f"{k} {v}" for k, v in other.items()]
        if isinstance(one, list) and isinstance(other, list):
            lines += [f"{name}: lost {str(item)[:600]}" for item in one if item not in other]
            lines += [f"{name}: more {str(item)[:600]}" for item in other if item not in one]
            if len(one) != len(other):
                lines.append(f"{name}: {len(other)} instead of {len(one)}")
    return lines
