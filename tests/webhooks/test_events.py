"""The event catalogue: golden files, schemas, and what the official CloudEvents library says about it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import jsonschema  # type: ignore[import-untyped]
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import from_json
from pydantic import ValidationError

from shared.model.event import EVENTS, DocumentCreatedData, MessageLinkedData, build, data_schema, event_id, read
from tests.webhooks.examples import DATA, GOLDEN, MESSAGE, TIME, examples, golden_name, pretty


def test_every_event_has_an_example() -> None:
    assert set(examples()) == set(EVENTS)


@pytest.mark.parametrize("type_", EVENTS)
def test_the_bytes_are_those_of_the_golden_file(type_: str) -> None:
    golden = (GOLDEN / golden_name(type_)).read_text()
    encoded = examples()[type_].encode()
    assert pretty(json.loads(encoded)) == golden
    assert json.dumps(json.loads(golden), separators=(",", ":"), ensure_ascii=False).encode() == encoded


@pytest.mark.parametrize("type_", EVENTS)
def test_the_schema_is_that_of_the_golden_file(type_: str) -> None:
    assert pretty(data_schema(type_)) == (GOLDEN / "schemas" / golden_name(type_)).read_text()


def test_no_golden_file_is_left_over() -> None:
    expected = {golden_name(type_) for type_ in EVENTS}
    assert {path.name for path in GOLDEN.glob("*.json")} == expected
    assert {path.name for path in (GOLDEN / "schemas").glob("*.json")} == expected


@pytest.mark.parametrize("type_", EVENTS)
def test_the_official_library_reads_it(type_: str) -> None:
    event = examples()[type_]
    parsed = JSONFormat().read(CloudEvent, event.encode())
    assert (parsed.get_id(), parsed.get_type(), parsed.get_subject()) == (event.id, type_, event.subject)
    assert (parsed.get_specversion(), parsed.get_time()) == ("1.0", TIME)
    assert parsed.get_dataschema() == event.dataschema
    assert parsed.get_extension("sequence") == event.sequence
    assert parsed.get_extension("company") == "acme"
    assert parsed.get_data() == json.loads(event.encode())["data"]
    assert from_json(event.encode())["id"] == event.id  # the library's older interface, which is still much used


@pytest.mark.parametrize("type_", EVENTS)
def test_the_data_meets_its_schema_and_may_grow(type_: str) -> None:
    schema = data_schema(type_)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads((GOLDEN / golden_name(type_)).read_text())["data"]
    validator.validate(data)
    validator.validate(data | {"added_later": 1})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({key: value for key, value in data.items() if key not in ("message", "alert")})


@pytest.mark.parametrize("type_", EVENTS)
def test_what_was_written_is_read(type_: str) -> None:
    event = examples()[type_]
    assert read(event.encode()) == event


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"type":"postrum.unknown"}', b"\xff", b"[" * 100_000, b'{"type":[]}']
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="event"):
        read(body)


def test_an_id_says_what_happened_to_what_in_which_generation() -> None:
    first = examples()["postrum.message.filed"]
    later = build(first.data, company="acme", generation=1, sequence=9, time=TIME + timedelta(hours=1))
    again = build(first.data, company="acme", generation=2, sequence=9, time=TIME)
    assert first.id == later.id
    assert first.id != again.id
    assert uuid.UUID(first.id).version == 5
    assert len({event.id for event in examples().values()}) == len(EVENTS)
    # The ids must be the same for ever: subscribers know duplicates by them.
    assert event_id(MESSAGE, "postrum.message.filed", 1) == "7351e43b-f65a-5d1f-8a44-a8063e9bc69e"


def test_two_links_of_one_message_are_two_events() -> None:
    link = next(data for data in DATA if isinstance(data, MessageLinkedData))
    others = [
        link,
        link.model_copy(update={"number": "42"}),
        link.model_copy(update={"phase": None}),
        link.model_copy(update={"sub_project": None, "phase": "7"}),
        link.model_copy(update={"number": '0042", "7'}),
    ]
    ids = {build(data, company="acme", generation=1, sequence=1, time=TIME).id for data in others}
    assert len(ids) == len(others)


def test_sequences_sort_as_text_as_they_do_as_numbers() -> None:
    sequences = [
        build(DATA[0], company="acme", generation=1, sequence=n, time=TIME).sequence for n in (1, 9, 10, 99, 10**9)
    ]
    assert sequences == sorted(sequences)


def test_the_time_is_in_utc_and_must_have_a_zone() -> None:
    local = TIME.astimezone(timezone(timedelta(hours=2)))
    event = build(DATA[0], company="acme", generation=1, sequence=1, time=local)
    assert json.loads(event.encode())["time"] == "2026-11-21T10:00:00.250000Z"
    whole = build(DATA[0], company="acme", generation=1, sequence=1, time=datetime(2026, 11, 21, tzinfo=UTC))
    assert json.loads(whole.encode())["time"] == "2026-11-21T00:00:00Z"
    with pytest.raises(ValidationError):
        build(DATA[0], company="acme", generation=1, sequence=1, time=TIME.replace(tzinfo=None))


@pytest.mark.fault("F07")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1\r\nX: y"),
        ("kind", "a\nb"),
        ("media_type", "text/html\r\n"),
        ("document", "../x y"),
        ("mailbox", "A B"),
    ],
)
def test_line_breaks_and_the_like_never_get_into_an_event(field: str, value: str) -> None:
    document = next(data for data in DATA if isinstance(data, DocumentCreatedData))
    with pytest.raises(ValidationError):
        DocumentCreatedData.model_validate(document.model_dump() | {field: value})
