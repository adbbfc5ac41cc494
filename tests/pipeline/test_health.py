"""What is wrong with mailboxes, from what their lanes remember: silence, groups of faults, Junk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.model.alert import Alert, AlertKind
from shared.model.base import stamp
from shared.model.config import Company, ConnectionKind, Folders, ImapServer, Mailbox, Series
from shared.model.health import MailboxState
from shared.pipeline.health import JUNK_RISE, is_silent, junk_grows, junk_note, mailbox_health
from shared.pipeline.places import Place, Places
from shared.pipeline.watch import Watched, watched
from shared.stores.lanes import LaneState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLACES = Places("graph.microsoft.com", "imap.gmail.com", "outlook.office365.com", "own-tenant")


def ago(**by: float) -> str:
    return stamp(NOW - timedelta(**by))


def failure(code: str, cause: str = "", **since: float) -> dict[str, str]:
    return {"code": code, "cause": cause, "text": "…", "since": ago(**since), "at": ago(minutes=1)}


def company(name: str, *mailboxes: Mailbox) -> Company:
    return Company(id=name, name=name, mailboxes=mailboxes, series=(Series(id="documents", default=True),))


def mailbox(name: str, **fields: Any) -> Mailbox:
    folders = Folders(imported="Imported", other="Other")
    return Mailbox(id=name, address=f"{name}@company.example", folders=folders, **fields)


def imap(name: str, host: str) -> Mailbox:
    return mailbox(name, connection=ConnectionKind.IMAP_PASSWORD, imap=ImapServer(host=host))


def watch(companies: list[Company], cursors: dict[str, dict[str, Any]], **options: Any) -> Watched:
    def state_of(company: Company, mailbox: Mailbox) -> LaneState | None:
        found = cursors.get(f"{company.id}/{mailbox.id}")
        return None if found is None else LaneState(cursors=found)

    return watched(companies, state_of, PLACES, options.get("now", NOW), options.get("silent_minutes", 60))


def told(found: Watched) -> list[tuple[AlertKind, str, str, str]]:
    return sorted((one.kind, one.company, one.mailbox, one.place) for one in found.conditions)


@pytest.mark.pain("C5", "C7")
def test_a_mailbox_is_silent_when_no_run_succeeded_for_the_time_and_for_three_of_its_times() -> None:
    assert not is_silent("*/15 * * * *", ago(minutes=59), NOW, 60)
    assert is_silent("*/15 * * * *", ago(minutes=60, seconds=1), NOW, 60)
    assert not is_silent("0 * * * *", ago(minutes=119), NOW, 60), "two of its times went by"
    assert is_silent("0 * * * *", ago(hours=3), NOW, 60)
    assert not is_silent("*/15 9-17 * * 1-5", ago(hours=18, minutes=15), NOW, 60), "its schedule rests on a Saturday"
    assert not is_silent("*/15 * * * *", "", NOW, 60), "the tick has not asked for it yet"


@pytest.mark.pain("C7")
def test_a_mailbox_that_is_connected_and_was_not_listed_is_not_well() -> None:
    one = mailbox("invoices")
    state = LaneState(cursors={"listed/acme/invoices": ago(hours=3), "archived/acme/invoices": ago(hours=4)})

    health = mailbox_health(company("acme", one), one, state, Place("h", "t"), NOW, 60)

    assert health.state is MailboxState.SILENT
    assert health.stages.listed_at == NOW - timedelta(hours=3)
    assert health.stages.archived_at == NOW - timedelta(hours=4)
    assert told(watch([company("acme", one)], {"acme/invoices": state.cursors})) == [
        (AlertKind.MAILBOX_SILENT, "acme", "invoices", "")
    ]


def test_the_states_of_a_mailbox() -> None:
    one = mailbox("invoices")
    listed = {"listed/acme/invoices": ago(minutes=3)}

    def state(lane: LaneState | None, box: Mailbox = one) -> MailboxState:
        return mailbox_health(company("acme", box), box, lane, Place("h", "t"), NOW, 60).state

    assert state(None) is MailboxState.NEW
    assert state(LaneState(cursors=listed)) is MailboxState.OK
    assert (
        state(LaneState(cursors=listed | {"failure/acme/invoices": failure("network", hours=1)}))
        is MailboxState.FAILING
    )
    assert state(LaneState(cursors=listed, blocked_until=stamp(NOW + timedelta(minutes=1)))) is MailboxState.WAITING
    assert state(LaneState(cursors=listed), mailbox("invoices", active=False)) is MailboxState.PAUSED


@pytest.mark.capability("S1.42")
def test_a_host_that_fails_is_one_alert_for_each_company_and_not_one_for_each_mailbox() -> None:
    companies = [
        company("acme", *(imap(f"m{number}", "imap.one.example") for number in range(4))),
        company("bravo", imap("m", "imap.one.example"), imap("fine", "imap.two.example")),
    ]
    down: dict[str, dict[str, Any]] = {
        f"acme/m{number}": {f"failure/acme/m{number}": failure("network", "network_refused", minutes=20 + number)}
        for number in range(3)
    }
    cursors = down | {
        "acme/m3": {"listed/acme/m3": ago(minutes=2)},
        "bravo/m": {"failure/bravo/m": failure("service_unavailable", minutes=15)},
        "bravo/fine": {"listed/bravo/fine": ago(minutes=2)},
    }

    found = watch(companies, cursors)

    assert told(found) == [
        (AlertKind.HOST_UNREACHABLE, "acme", "", "imap.one.example"),
        (AlertKind.HOST_UNREACHABLE, "bravo", "", "imap.one.example"),
    ]
    [acme] = [one for one in found.conditions if one.company == "acme"]
    assert (acme.affected, acme.since, acme.cause) == (3, NOW - timedelta(minutes=22), "network_refused")


@pytest.mark.capability("S1.42")
def test_one_mailbox_of_many_that_fails_is_its_own_alert() -> None:
    boxes = [imap(f"m{number}", "imap.one.example") for number in range(4)]
    cursors: dict[str, dict[str, Any]] = {f"acme/m{n}": {f"listed/acme/m{n}": ago(minutes=2)} for n in range(4)}
    cursors["acme/m0"] |= {"failure/acme/m0": failure("network", minutes=20)}

    assert told(watch([company("acme", *boxes)], cursors)) == [(AlertKind.CONNECTION_FAILING, "acme", "m0", "")]


def test_a_tenant_that_refuses_all_its_mailboxes_is_one_alert() -> None:
    boxes = [mailbox(f"m{n}", tenant_id="their-tenant") for n in range(3)] + [mailbox("ours")]
    cursors: dict[str, dict[str, Any]] = {
        f"acme/m{n}": {f"failure/acme/m{n}": failure("permission_denied", "graph_access_denied", minutes=20)}
        for n in range(3)
    }
    cursors["acme/ours"] = {"listed/acme/ours": ago(minutes=2)}

    assert told(watch([company("acme", *boxes)], cursors)) == [(AlertKind.TENANT_REFUSED, "acme", "", "their-tenant")]


def test_an_alert_of_a_mailbox_stays_while_its_whole_host_is_in_trouble() -> None:
    boxes = [imap(f"m{n}", "imap.one.example") for n in range(2)]
    found = watch(
        [company("acme", *boxes)],
        {f"acme/m{n}": {f"failure/acme/m{n}": failure("network", minutes=20)} for n in range(2)},
    )

    def alert(kind: AlertKind, name: str) -> Alert:
        return Alert(kind=kind, company="acme", mailbox=name, since=NOW, raised_at=NOW)

    assert found.stays(alert(AlertKind.CONNECTION_FAILING, "m0"))
    assert not found.stays(alert(AlertKind.CONNECTION_FAILING, "m7"))
    assert not found.stays(alert(AlertKind.JUNK_GROWING, "m0"))


@pytest.mark.parametrize(
    ("code", "minutes", "kind"),
    [
        ("network", 9, None),
        ("network", 11, AlertKind.CONNECTION_FAILING),
        ("sign_in_needed", 0, AlertKind.SIGN_IN_NEEDED),
        ("permission_denied", 0, AlertKind.CONSENT_REVOKED),
        ("not_found", 11, AlertKind.CONNECTION_FAILING),
    ],
)
@pytest.mark.fault("B05")
def test_a_person_is_told_at_once_where_only_a_person_can_help(
    code: str, minutes: float, kind: AlertKind | None
) -> None:
    found = watch(
        [company("acme", mailbox("m"))], {"acme/m": {"failure/acme/m": failure(code, "some_cause", minutes=minutes)}}
    )

    assert [(one.kind, one.cause) for one in found.conditions] == ([] if kind is None else [(kind, "some_cause")])


def test_junk_grows_when_much_came_within_a_day_and_not_by_what_was_there() -> None:
    note = junk_note(None, 400, NOW)
    assert not junk_grows(note)

    note = junk_note(note, 400 + JUNK_RISE - 1, NOW + timedelta(hours=20))
    assert not junk_grows(note)
    note = junk_note(note, 400 + JUNK_RISE, NOW + timedelta(hours=23))
    assert junk_grows(note)
    assert told(watch([company("acme", mailbox("m"))], {"acme/m": {"junk/acme/m": note}})) == [
        (AlertKind.JUNK_GROWING, "acme", "m", "")
    ]

    note = junk_note(note, 400 + JUNK_RISE, NOW + timedelta(hours=25))
    assert not junk_grows(note), "a day later it is what was there"
    emptied = junk_note(note, 0, NOW + timedelta(hours=26))
    assert junk_grows(junk_note(emptied, JUNK_RISE, NOW + timedelta(hours=27)))


def test_other_things_that_a_lane_tells() -> None:
    subscription = {"failing_since": ago(hours=2), "failures": 4, "cause": "graph_subscription_validation"}

    def cursors(more: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {"acme/m": {"listed/acme/m": ago(minutes=2)} | more}

    acme = [company("acme", mailbox("m"))]

    assert told(watch(acme, cursors({}))) == []
    assert told(watch(acme, cursors({"question/acme/m": 120}))) == [(AlertKind.BACKLOG_QUESTION, "acme", "m", "")]
    assert told(watch(acme, cursors({"subscription/acme/m": subscription}))) == [
        (AlertKind.SUBSCRIPTION_FAILING, "acme", "m", "")
    ]
    lately = subscription | {"failing_since": ago(minutes=20)}
    assert told(watch(acme, cursors({"subscription/acme/m": lately}))) == []


def test_a_paused_mailbox_raises_nothing() -> None:
    cursors = {"acme/m": {"listed/acme/m": ago(days=9), "failure/acme/m": failure("sign_in_needed", days=8)}}

    assert told(watch([company("acme", mailbox("m", active=False))], cursors)) == []
