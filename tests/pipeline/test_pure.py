"""The pure parts of the pipeline: schedules, what is to be done at the end, and events that are the same each time they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.config import Folders, Mailbox
from shared.model.decision import Decision, Outcome, PlannedAction
from shared.model.run import ActionResult, Run, Stage
from shared.pipeline.announce import events_of_actions, events_of_end
from shared.pipeline.ending import UNPLACED, awaits_placement, wanted_list, wanted_work, work_of
from shared.pipeline.schedule import is_due, problem

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAILBOX = Mailbox(id="invoices", address="a@b.example", folders=Folders(source="In", imported="Done", other="Rest"))


def _run(**more: Any) -> Run:
    values: dict[str, Any] = {
        "message": "a" * 26, "company": "nordlys", "mailbox": "invoices", "source_kind": "graph", "provider_id": "AAMk",
        "stage": Stage.ACTED, "received_at": NOON, "found_at": NOON, "updated_at": NOON, "sha256": "0" * 64,
    }  # fmt: skip
    return Run.model_validate(values | more)


def _decision(*actions: tuple[str, dict[str, Any]]) -> Decision:
    planned = [
        PlannedAction(position=position, action=name, parameters=parameters, rule="r")
        for position, (name, parameters) in enumerate(actions, 1)
    ]
    return Decision(generation=1, outcome=Outcome.OTHER, reason="no_accepted_document", actions=tuple(planned))


@pytest.mark.parametrize(
    ("schedule", "last", "now", "due"),
    [
        ("*/15 * * * *", None, NOON, True),
        ("*/15 * * * *", NOON, NOON, False),
        ("*/15 * * * *", NOON, NOON + timedelta(minutes=14, seconds=59), False),
        ("*/15 * * * *", NOON, NOON + timedelta(minutes=15), True),
        ("*/15 * * * *", NOON - timedelta(days=3), NOON, True),  # one run makes up for all that were missed
        ("0 6 * * 1-5", NOON, NOON + timedelta(hours=20), False),  # Sunday
        ("0 6 * * 1-5", NOON, NOON + timedelta(hours=42), True),  # Monday, six o'clock
        ("0 0 29 2 *", NOON, datetime(2028, 2, 28, 23, 59, tzinfo=UTC), False),
        ("0 0 29 2 *", NOON, datetime(2028, 2, 29, tzinfo=UTC), True),
        ("nonsense", NOON, NOON + timedelta(days=9), False),
        ("0 0 30 2 *", NOON, NOON + timedelta(days=999), False),
    ],
)
def test_a_mailbox_is_due_when_a_time_of_its_schedule_has_passed(
    schedule: str, last: datetime | None, now: datetime, due: bool
) -> None:
    assert is_due(schedule, last, now) is due


@given(st.integers(1, 59), st.lists(st.integers(1, 400), min_size=5, max_size=60))
def test_no_time_of_a_schedule_is_skipped_and_none_is_served_twice(every: int, steps: list[int]) -> None:
    # whenever it is asked, however irregularly: between two runs lies exactly what was due
    schedule, now, last = f"*/{every} * * * *", NOON, NOON
    ran: list[datetime] = []
    for step in steps:
        now += timedelta(seconds=step)
        if is_due(schedule, last, now):
            ran.append(now)
            last = now
    for before, after in pairwise([NOON, *ran]):
        minutes = range(int(before.timestamp()) // 60 + 1, int(after.timestamp()) // 60 + 1)
        assert any(datetime.fromtimestamp(minute * 60, UTC).minute % every == 0 for minute in minutes)
    rest = range(int(last.timestamp()) // 60 + 1, int(now.timestamp()) // 60 + 1)
    assert not any(datetime.fromtimestamp(minute * 60, UTC).minute % every == 0 for minute in rest)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("*/15 * * * *", None),
        ("nonsense", "not a cron expression"),
        ("* * * * * *", "not a cron"),
        ("0 0 30 2 *", "not a cron"),
    ],
)
def test_what_is_wrong_with_a_schedule(schedule: str, said: str | None) -> None:
    found = problem(schedule)
    assert (found is None) if said is None else said in (found or "")


@pytest.mark.parametrize(
    ("more", "awaits"),
    [
        ({"stage": Stage.FOUND}, False),
        ({"stage": Stage.ARCHIVED}, False),
        ({"stage": Stage.DECIDED}, False),
        ({"stage": Stage.ACTED}, True),
        ({"stage": Stage.ACTED, "placement": "moved"}, False),
        ({"stage": Stage.ANNOUNCED, "placement": "moved"}, False),
        ({"stage": Stage.GONE}, False),
        ({"stage": Stage.PARKED, "reason": "unexpected_error"}, True),
        ({"stage": Stage.PARKED, "reason": "unexpected_error", "placement": "moved"}, False),
        ({"stage": Stage.PARKED, "reason": "unexpected_error", "sha256": ""}, False),
        *(({"stage": Stage.PARKED, "reason": reason}, False) for reason in sorted(UNPLACED)),
    ],
)
def test_which_messages_still_have_to_be_put_into_their_folder(more: dict[str, Any], awaits: bool) -> None:
    # what is not durable is never touched in the mailbox
    assert awaits_placement(_run(**more)) is awaits


def test_the_work_in_the_mailbox_is_what_the_decision_asks_for() -> None:
    decision = _decision(
        ("webhook", {"event": "x"}),
        ("categorise", {"category": "Red"}),
        ("categorise", {"category": "Blue"}),
        ("categorise", {"category": "Red"}),
        ("mark_read", {}),
        ("move", {"folder": "imported"}),
    )
    work = work_of(_run(categories=("Mine",)), decision, MAILBOX)
    assert (work.folder, work.origin, work.provider_id) == ("Done", "In", "AAMk")
    assert (work.mark_read, work.categories, work.present) == (True, ("Red", "Blue"), ("Mine",))
    assert (work.check, work.not_before) == (False, "")


@pytest.mark.parametrize(
    ("more", "marked"),
    [({}, True), ({"read_receipt_requested": True}, False), ({"is_read": True}, False)],
    ids=["plain", "receipt requested", "read before"],
)
def test_a_mail_is_never_marked_read_where_a_receipt_is_requested(more: dict[str, Any], marked: bool) -> None:
    assert work_of(_run(**more), _decision(("mark_read", {})), MAILBOX).mark_read is marked


def test_a_parked_message_goes_to_the_other_folder_unchanged() -> None:
    decision = _decision(("mark_read", {}), ("categorise", {"category": "Red"}), ("move", {"folder": "imported"}))
    work = work_of(_run(stage=Stage.PARKED, reason="unexpected_error"), decision, MAILBOX)
    assert (work.folder, work.mark_read, work.categories) == ("Rest", False, ())


def test_without_a_move_a_mail_goes_to_the_other_folder() -> None:
    assert work_of(_run(), _decision(), MAILBOX).folder == "Rest"
    assert work_of(_run(), None, MAILBOX).folder == "Rest"


def test_a_message_that_is_run_again_is_moved_from_where_postrum_left_it_and_looked_for_first() -> None:
    work = work_of(_run(generation=2, folder="Rest"), _decision(("move", {"folder": "A/B"})), MAILBOX)
    assert (work.folder, work.origin, work.check, work.generation) == ("A/B", "Rest", True, 2)


def test_wishes_of_mailboxes_differ() -> None:
    names = {wish(company, mailbox) for wish in (wanted_list, wanted_work) for company in "ab" for mailbox in "cd"}
    assert len(names) == 8
    assert all(len(name.split("/")) == 3 and " " not in name for name in names)


RESULTS = (
    ActionResult(
        position=1,
        action="create_document",
        result={
            "document": "b" * 26, "number": "D-1", "kind": "invoice", "media_type": "application/pdf",
            "place": "worklist", "sha256": "0" * 64, "size": 9,
        },
    ),
    ActionResult(position=2, action="link", result={"entity": "relation", "number": "000123", "step": "keyword"}),
    ActionResult(position=3, action="webhook", result={"event": "order.received"}),
    ActionResult(position=4, action="something later", result={}),
)  # fmt: skip


def test_events_are_the_same_each_time_they_are_told() -> None:
    decision = _decision(("create_document", {}), ("link", {}), ("webhook", {}), ("something later", {}))
    run = _run(results=RESULTS)
    told = events_of_actions(run, decision)
    assert [event.type for event in told] == [
        "postrum.document.created",
        "postrum.message.linked",
        "postrum.rule.matched",
    ]
    assert [event.encode() for event in told] == [event.encode() for event in events_of_actions(run, decision)]
    # a retry changes what is counted, and nothing that is told
    later = run.model_copy(update={"attempts": 3, "placement": "moved"})
    assert [event.id for event in events_of_actions(later, decision)] == [event.id for event in told]


def test_a_later_generation_has_other_ids_and_higher_numbers_and_the_end_comes_last() -> None:
    decision = _decision(("create_document", {}), ("link", {}), ("webhook", {}))
    told: list[Any] = []
    for generation in (1, 2, 3):
        run = _run(results=RESULTS, generation=generation)
        ended = run.model_copy(
            update={"stage": Stage.ANNOUNCED, "outcome": Outcome.IMPORTED, "reason": "document_accepted"}
        )
        told += [*events_of_actions(run, decision), *events_of_end(ended)]
    assert len({event.id for event in told}) == 12
    sequences = [event.sequence for event in told]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) == 12
    assert [event.type for event in told][3] == "postrum.message.filed"
    assert told[3].data.documents == ("b" * 26,)


@pytest.mark.parametrize(
    ("more", "types"),
    [
        ({"stage": Stage.ACTED, "outcome": Outcome.OTHER}, []),
        ({"stage": Stage.GONE, "reason": "gone_before_fetch"}, []),
        ({"stage": Stage.PARKED, "reason": "not_fetched"}, ["postrum.message.parked"]),
        ({"stage": Stage.ANNOUNCED, "outcome": Outcome.OTHER, "reason": "duplicate"}, ["postrum.message.filed"]),
    ],
)
def test_the_end_of_a_message_is_told_once_it_is_there(more: dict[str, Any], types: list[str]) -> None:
    assert [event.type for event in events_of_end(_run(**more))] == types
