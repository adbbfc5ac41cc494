"""Queue tasks: what was once written is read for ever; anything else is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.errors import InvalidTask
from shared.model.task import LIMIT, TASKS, ActTask, ClassifyTask, DeliverTask, ImapTask, MailboxTask, Queue, Task

GOLDEN = Path(__file__).parents[1] / "golden" / "tasks"
MESSAGE = "a2b3c4d5e6f7abcdefghijklmn"
READ: dict[str, Task] = {
    # A file is never changed and never deleted. Where a new version adds a field, a file of that version is added.
    "mailbox.v1.json": MailboxTask(company="nordlys", mailbox="invoices"),
    "mailbox.work.v1.json": MailboxTask(company="nordlys", mailbox="invoices", list=False),
    "imap.v1.json": ImapTask(company="nordlys", mailbox="invoices"),
    "classify.v1.json": ClassifyTask(message=MESSAGE),
    "classify.again.v1.json": ClassifyTask(message=MESSAGE, generation=3),
    "act.v1.json": ActTask(message=MESSAGE, generation=2),
    "deliver.v1.json": DeliverTask(company="nordlys", subscriber="ledger", subject=MESSAGE),
}


def test_every_golden_file_has_a_test_and_every_queue_a_golden_file() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(READ)
    assert {name.partition(".")[0] for name in READ} == {queue.value for queue in Queue} == {q.value for q in TASKS}


@pytest.mark.parametrize("name", READ)
def test_what_was_written_once_is_read_for_ever(name: str) -> None:
    text = (GOLDEN / name).read_text()
    kind = TASKS[Queue(name.partition(".")[0])]
    assert kind.decode(text) == READ[name]
    assert kind.decode(text.encode()) == READ[name]


@pytest.mark.parametrize("name", READ)
def test_what_is_written_now_is_what_the_golden_file_says(name: str) -> None:
    assert READ[name].encode() == (GOLDEN / name).read_text().strip()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "not JSON"),
        ("nonsense", "not JSON"),
        ("[" * 100_00, "not JSON"),
        ("null", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("{}", "version None"),
        ('{"v": "1"}', "version '1'"),
        ('{"v": 2, "message": "x"}', "version 2 of a classify task"),
        ('{"v": 1}', "not a task of queue classify: message"),
        ('{"v": 1, "message": "short"}', "classify: message"),
        (f'{{"v": 1, "message": "{MESSAGE}", "generation": 0}}', "classify: generation"),
        (f'{{"v": 1, "message": "{MESSAGE}", "generation": "many"}}', "classify: generation"),
        (f'{{"v": 1, "message": "{MESSAGE}", "company": "nordlys"}}', "classify: company"),
        ('{"v": 1, "company": "nordlys", "mailbox": "invoices"}', "classify: "),
        ("x" * (LIMIT + 1), f"at most {LIMIT} bytes, this one {LIMIT + 1}"),
    ],
)
def test_anything_else_is_refused_and_the_text_says_why(body: str, said: str) -> None:
    with pytest.raises(InvalidTask, match=said):
        ClassifyTask.decode(body)


def test_the_text_of_a_refusal_repeats_nothing_of_the_message() -> None:
    body = json.dumps({"v": 1, "message": "a secret of somebody", "generation": "another secret"})
    with pytest.raises(InvalidTask) as refused:
        ClassifyTask.decode(body)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", READ)
def test_a_task_carries_ids_only_and_fits_into_a_queue_message(name: str) -> None:
    assert len(READ[name].encode()) < 200


@pytest.mark.parametrize("value", ["", "A", "a/b", "a|b", "a b", "-a", "a" * 41, "é", "a\n", "../a"])
def test_identifiers_are_safe_in_keys_paths_and_addresses(value: str) -> None:
    with pytest.raises(InvalidTask):
        MailboxTask.decode(json.dumps({"v": 1, "company": value, "mailbox": "invoices"}))
    with pytest.raises(InvalidTask):
        DeliverTask.decode(json.dumps({"v": 1, "company": "nordlys", "subscriber": "ledger", "subject": f"{value}/"}))
