"""A bounded part of `make crash`: in every story the process dies at some of its effects, and the end is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.server import EmulatorThread
from local.azurite import Account
from tests.crash.mailbox import ImapMailbox
from tests.crash.paths import PATHS
from tests.crash.paths import Path as Story
from tests.crash.player import (
    Forks,
    Player,
    Point,
    difference,
    lost_graph_answers,
    lost_imap_answers,
    lost_storage_answers,
    points_of,
)

PLAYED = 6
"""Crash points of each story; `make crash` plays all."""

LOST = 9
"""Lost answers of storage in a story."""


@pytest.fixture(scope="module")
def player(_fresh_accounts: Iterator[Account], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    folder = tmp_path_factory.mktemp("crash")
    with EmulatorThread(folder / "emulator") as emulator, Forks() as forks, ImapMailbox() as imap:
        yield Player(emulator, forks, lambda: next(_fresh_accounts), folder, imap)


def chosen(story: Story, effects: list[tuple[str, int, str]]) -> list[Point]:
    """Points spread over the story, always with those around the move, which nothing can take back."""
    points = list(points_of(story, effects))
    spread = points[:: max(1, len(points) // PLAYED)][:PLAYED]
    around = [
        point
        for point in points
        if point.name in ("graph.move", "imap.move", "table.run.announced") and point.nth == 1 and point.times == 1
    ]
    return list(dict.fromkeys([*around[:3], *spread]))


@pytest.mark.fault("A01")
@pytest.mark.pain("C1", "C2")
@pytest.mark.parametrize("story", PATHS, ids=lambda story: story.name)
def test_the_end_is_the_same_wherever_the_process_dies(story: Story, player: Player) -> None:
    expected = player.play(story)
    assert expected.state["rows"]
    assert len(expected.effects) > 15

    lost = {
        str(point): lines
        for point in chosen(story, expected.effects)
        if (lines := difference(expected.state, player.play(story, point).state))
    }

    assert lost == {}


@pytest.mark.fault("A01")
@pytest.mark.pain("C1")
@pytest.mark.parametrize("name", ["invoice", "rule"])
def test_the_end_is_the_same_when_graph_does_it_and_the_answer_is_lost(name: str, player: Player) -> None:
    story = next(story for story in PATHS if story.name == name)
    expected = player.play(story)
    losses = list(lost_graph_answers(player.changing_calls()))
    assert len(losses) >= 4

    lost = {
        what: lines
        for what, faults in losses
        if (lines := difference(expected.state, player.play(story, faults=faults).state))
    }

    assert lost == {}


@pytest.mark.fault("A01", "A07")
@pytest.mark.pain("C1")
@pytest.mark.parametrize("name", ["invoice", "rule"])
def test_the_end_is_the_same_when_storage_does_it_and_the_answer_is_lost(name: str, player: Player) -> None:
    story = next(story for story in PATHS if story.name == name)
    expected = player.play_through_proxy(story)
    losses = list(lost_storage_answers(player.changing_requests))
    assert len(losses) > 40

    lost = {
        loss: lines
        for loss in losses[:: len(losses) // LOST]
        if (lines := difference(expected.state, player.play_through_proxy(story, loss).state))
    }

    assert lost == {}


def test_a_story_without_its_journal_would_be_noticed(player: Player) -> None:
    """The comparison is not blind: another mail gives another end."""
    plain = next(story for story in PATHS if story.name == "plain")
    rule = next(story for story in PATHS if story.name == "rule")

    assert difference(player.play(plain).state, player.play(rule).state)
