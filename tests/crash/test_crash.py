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

PLAYED, PLAYED_IMAP = 3, 1
"""Crash points of each story beside those around the move; `make crash` plays all. Most of a story over IMAP is that over Graph."""

LOST = 4
"""Lost answers of storage in a story."""

STORIES = [
    pytest.param(story, id=story.name, marks=[pytest.mark.needs("dovecot")] if story.imap else []) for story in PATHS
]


@pytest.fixture(scope="module")
def player(_fresh_accounts: Iterator[Account], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    folder = tmp_path_factory.mktemp("crash")
    with EmulatorThread(folder / "emulator") as emulator, Forks() as forks, ImapMailbox() as imap:
        yield Player(emulator, forks, lambda: next(_fresh_accounts), folder, imap)


def chosen(story: Story, effects: list[tuple[str, int, str]]) -> list[Point]:
    """Points spread over the story, at other places in each, and always both sides of the move, which nothing can take back."""
    points = list(points_of(story, effects))
    played = PLAYED_IMAP if story.imap else PLAYED
    step = max(1, len(points) // played)
    # in each story from another place on
    spread = points[PATHS.index(story) * 7 % step :: step][:played]
    around = [
        point for point in points if point.name in ("graph.move", "imap.move") and point.nth == 1 and point.times == 1
    ]
    return list(dict.fromkeys([*around, *spread]))


@pytest.mark.fault("A01")
@pytest.mark.pain("C1", "C2")
@pytest.mark.parametrize("story", STORIES)
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
    losses = losses[::2] if name == "invoice" else losses[1::2]  # the answer 504 in one, the cut in the other

    lost = {
        what: lines
        for what, faults in losses
        if (lines := difference(expected.state, player.play(story, faults=faults).state))
    }

    assert lost == {}


@pytest.mark.fault("A01")
@pytest.mark.pain("C1")
@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("name", ["imap_invoice", "imap_copy"])
def test_the_end_is_the_same_when_the_mail_server_does_it_and_the_answer_is_lost(name: str, player: Player) -> None:
    story = next(story for story in PATHS if story.name == name)
    expected = player.play(story)
    losses = list(lost_imap_answers(player.changing_commands(story)))
    assert {("STORE", 1), ("COPY" if story.imap_without else "MOVE", 1)} <= set(losses)

    lost = {
        command: lines
        for command in losses
        if (lines := difference(expected.state, player.play_without_answer(story, command).state))
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
