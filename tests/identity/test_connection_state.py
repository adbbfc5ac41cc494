"""Every way through the states of a connection; all of it pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import (
    ConfigurationError,
    MessageGone,
    NetworkFailure,
    NotPropagated,
    PermissionDenied,
    PostrumError,
    ServiceUnavailable,
    SignInNeeded,
    Throttled,
)
from shared.identity.connection_state import CHECKS, PATIENCE, SERVICE_WAITS, Event, Happened, after, judged
from shared.model.config import ConnectionKind
from shared.model.connection import Connection, ConnectionState
from shared.remedies import known

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
APP, DELEGATED, PASSWORD = ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_PASSWORD
NEW, AWAITING, REQUESTED, MAY_NOT, SIGN_IN, CONNECTED, ERROR = (
    ConnectionState.NEW,
    ConnectionState.AWAITING_CONSENT,
    ConnectionState.CONSENT_REQUESTED,
    ConnectionState.CONSENT_FORBIDDEN,
    ConnectionState.SIGN_IN_AGAIN,
    ConnectionState.CONNECTED,
    ConnectionState.ERROR,
)


def connection(
    state: ConnectionState = NEW, kind: ConnectionKind = APP, code: str = "", **values: object
) -> Connection:
    return Connection.model_validate(
        {
            "company": "nordlys",
            "mailbox": "invoices",
            "kind": kind,
            "state": state,
            "code": code,
            "since": NOW,
            **values,
        }
    )


def run(start: Connection, *events: Event | Happened) -> Connection:
    now = start.since
    for event in events:
        now += timedelta(minutes=1)
        start = after(start, event if isinstance(event, Event) else Event(event), now)
    return start


@pytest.mark.capability("S1.18", "S3.6")
def test_consent_at_once_needs_no_request() -> None:
    assert run(connection(), Happened.ANSWERED).state is CONNECTED
    delegated = run(connection(kind=DELEGATED), Event(Happened.ANSWERED, account="admin@company.com"))
    assert (delegated.state, delegated.account, delegated.code) == (CONNECTED, "admin@company.com", "")
    assert delegated.next_check_at is None


@pytest.mark.capability("S1.19", "S3.3", "S3.21")
@pytest.mark.parametrize(
    ("code", "state"),
    [
        (90094, REQUESTED),
        (90095, REQUESTED),
        (900981, REQUESTED),
        (90093, MAY_NOT),
        (90097, MAY_NOT),
        (900941, MAY_NOT),
        (65001, AWAITING),
        (65004, AWAITING),
        (700016, AWAITING),
        (7000229, AWAITING),
    ],
)
def test_what_the_directory_says_leads_to_a_state_of_its_own(code: int, state: ConnectionState) -> None:
    event = judged(PermissionDenied("no").because(f"entra_{code}"), DELEGATED)
    found = run(connection(kind=DELEGATED), event)
    assert found.state is state
    assert known(found.code)
    assert found.next_check_at is not None


@pytest.mark.capability("S3.5", "S1.20")
def test_requested_then_approved_then_signed_in() -> None:
    states: list[ConnectionState] = []
    found = connection(kind=DELEGATED)
    for event in (
        Event(Happened.APPROVAL_NEEDED, by="plain@company.com"),
        Event(Happened.REFUSED, code="consent_missing"),
        Event(Happened.CONSENTED),
        Event(Happened.ANSWERED, account="plain@company.com"),
    ):
        found = run(found, event)
        states.append(found.state)
        assert found.requested_by == "plain@company.com"
    assert states == [REQUESTED, REQUESTED, SIGN_IN, CONNECTED]


@pytest.mark.capability("S1.20")
def test_an_application_that_was_approved_elsewhere_is_connected_by_the_next_check() -> None:
    assert run(connection(), Happened.LINK_SENT, Event(Happened.REFUSED), Happened.ANSWERED).state is CONNECTED


@pytest.mark.capability("S1.27")
def test_a_grant_that_is_on_its_way_is_looked_for_soon_and_then_seldom() -> None:
    found = run(connection(), Event(Happened.CONSENTED, code="scope_pending"))
    waits: list[float] = []
    now = NOW
    for _ in range(20):
        assert (found.state, found.code) == (AWAITING, "scope_pending")
        assert found.next_check_at is not None
        waits.append((found.next_check_at - (found.checked_at or found.since)).total_seconds() / 60)
        now = found.next_check_at
        found = after(found, Event(Happened.REFUSED, code="scope_pending"), now)
    assert waits[0] == 1
    assert waits[1:6] == [1, 2, 5, 10, 15]
    assert waits == sorted(waits)
    assert waits[-1] == 60
    assert sum(SERVICE_WAITS) >= 180


def test_waiting_for_people_ends_some_day() -> None:
    found = run(connection(), Happened.LINK_SENT)
    assert found.next_check_at is not None
    late = after(found, Event(Happened.REFUSED), NOW + PATIENCE + timedelta(days=1))
    assert (late.state, late.next_check_at) == (AWAITING, None)


@pytest.mark.fault("B05")
def test_consent_that_was_withdrawn_is_not_an_ordinary_error() -> None:
    found = run(connection(CONNECTED), judged(PermissionDenied("403").because("graph_access_denied"), APP))
    assert (found.state, found.code) == (AWAITING, "consent_revoked")
    assert run(found, Event(Happened.REFUSED)).code == "consent_revoked"
    assert run(found, Happened.ANSWERED).state is CONNECTED


@pytest.mark.fault("B05")
def test_a_grant_that_ended_waits_for_the_account() -> None:
    found = run(connection(CONNECTED, DELEGATED), judged(SignInNeeded("ended").because("entra_700082"), DELEGATED))
    assert (found.state, found.code, found.next_check_at) == (SIGN_IN, "entra_700082", None)


@pytest.mark.capability("S1.21")
def test_another_account_does_not_end_a_connection_that_works() -> None:
    other = Event(Happened.OTHER_ACCOUNT, account="private@gmail.com")
    assert run(connection(CONNECTED, DELEGATED), other).state is CONNECTED
    found = run(connection(kind=DELEGATED), other)
    assert (found.state, found.code, found.account) == (SIGN_IN, "sign_in_other_account", "private@gmail.com")
    assert run(found, Event(Happened.OTHER_ACCOUNT, account="third@gmail.com")).account == "third@gmail.com"
    assert run(connection(CONNECTED, DELEGATED, account="right@gmail.com"), other).account == "right@gmail.com"


@pytest.mark.parametrize(
    "happened", [Happened.LINK_SENT, Happened.DECLINED, Happened.OTHER_ACCOUNT, Happened.CONSENTED]
)
def test_what_people_do_beside_a_connection_that_works_changes_nothing(happened: Happened) -> None:
    works = connection(CONNECTED, checked_at=NOW)
    assert after(works, Event(happened), NOW) is works


@pytest.mark.capability("S1.6", "S1.42")
def test_blocked_wrong_and_unreachable_are_told_apart_and_only_the_last_is_tried_again_soon() -> None:
    blocked = run(connection(kind=PASSWORD), judged(PermissionDenied("off").because("imap_disabled"), PASSWORD))
    wrong = run(connection(kind=PASSWORD), judged(PermissionDenied("no").because("imap_login_refused"), PASSWORD))
    away = run(connection(kind=PASSWORD), judged(NetworkFailure("?").because("network_timeout"), PASSWORD))
    assert [found.state for found in (blocked, wrong, away)] == [ERROR] * 3
    assert len({found.code for found in (blocked, wrong, away)}) == 3
    waits = [found.next_check_at - found.since for found in (blocked, wrong, away) if found.next_check_at]
    assert waits == [timedelta(minutes=5), timedelta(minutes=5), timedelta(minutes=1)]


@pytest.mark.parametrize("state", list(ConnectionState))
def test_being_asked_for_patience_says_nothing_of_the_connection(state: ConnectionState) -> None:
    before = connection(state, code="" if state in (NEW, CONNECTED) else "network_dns", detail="what it was")
    found = run(before, judged(Throttled("later").because("graph_throttled"), APP))
    assert (found.state, found.code) == (before.state, before.code)


@pytest.mark.parametrize("state", [AWAITING, REQUESTED, MAY_NOT, SIGN_IN])
def test_a_network_failure_hides_nothing_that_a_person_has_to_do(state: ConnectionState) -> None:
    before = connection(state, DELEGATED, "consent_requested")
    found = run(before, judged(NetworkFailure("?").because("network_dns"), DELEGATED))
    assert (found.state, found.code) == (state, "consent_requested")


@pytest.mark.capability("S5.18")
@pytest.mark.parametrize(
    "error", [MessageGone("no").because("graph_message_gone"), PermissionDenied("no").because("graph_access_denied")]
)
def test_an_account_without_access_is_named_as_such(error: PostrumError) -> None:
    found = run(connection(kind=DELEGATED), judged(error, DELEGATED))
    assert (found.state, found.code) == (ERROR, "account_without_access")


@pytest.mark.parametrize(
    ("error", "happened"),
    [
        (Throttled("later"), Happened.BUSY),
        (ServiceUnavailable("broken"), Happened.UNREACHABLE),
        (NotPropagated("soon"), Happened.NOT_YET),
        (ConfigurationError("wrong").because("entra_700213"), Happened.BROKEN),
        (ConfigurationError("unknown there").because("entra_700016"), Happened.REFUSED),
        (PermissionDenied("blocked").because("entra_53003"), Happened.BROKEN),
        (PermissionDenied("cancelled").because("google_access_denied"), Happened.DECLINED),
        (PermissionDenied("policy").because("google_admin_policy_enforced"), Happened.BROKEN),
    ],
)
def test_judging_errors(error: PostrumError, happened: Happened) -> None:
    event = judged(error, DELEGATED)
    assert event.happened is happened
    assert known(event.code)


_EVENTS = st.builds(
    Event, st.sampled_from(list(Happened)), code=st.sampled_from(["", "scope_pending", "network_dns", "entra_53003"])
)


@given(
    st.sampled_from(list(ConnectionState)),
    st.sampled_from(list(ConnectionKind)),
    st.lists(_EVENTS, min_size=1, max_size=12),
)
def test_any_story_leaves_a_connection_that_somebody_can_mend(
    state: ConnectionState, kind: ConnectionKind, events: list[Event]
) -> None:
    found = connection(state, kind, "" if state in (NEW, CONNECTED) else "consent_missing")
    now = NOW
    for event in events:
        now += timedelta(hours=1)
        before, found = found, after(found, event, now)
        assert found.since <= now
        if found.next_check_at is not None:
            assert now < found.next_check_at <= now + timedelta(hours=1) or found is before
        if event.happened is Happened.ANSWERED:
            assert found.state is CONNECTED
        if found.state is CONNECTED:
            assert found.code == ""
            assert event.happened in (Happened.ANSWERED, Happened.BUSY) or event.happened not in CHECKS
        elif found.state is not NEW:
            assert known(found.code), "a state that is not right names its entry of the catalogue"
    assert run(found, Happened.ANSWERED).state is CONNECTED
