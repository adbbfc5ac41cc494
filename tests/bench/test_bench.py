"""The benchmark that counts requests, with a small backlog: counts, never times."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import cost, graph_requests, sources, tick
from bench.figures import KNOWN
from bench.mails import write_mixed
from bench.sources_graph import GraphRound
from bench.stand import Invocation


def test_archive_and_move_takes_two_requests_a_mail_and_a_property_one_more() -> None:
    figures = graph_requests.run(mails=20)

    assert figures["graph_requests_per_message"] == 2
    assert figures["graph_round_trips_per_message"] == 2
    assert figures["graph_requests_per_message_with_change"] == 3
    assert 0 < figures["graph_listing_requests_per_message"] * 20 <= 8, (
        "one page a minute, and each folder looked up once"
    )
    assert all(KNOWN[key].reached(value) is not False for key, value in figures.items())


def test_a_tick_takes_two_requests_for_each_mailbox_that_is_due_and_a_few_more() -> None:
    figures = tick.run(companies=4, mailboxes=10, due=12)

    constant = figures["tick_storage_requests_constant"]
    assert figures["tick_storage_requests"] == 2 * 12 + constant
    assert constant <= 20, "one page of lanes, and one look at each thing that may be due"
    more = tick.run(companies=2, mailboxes=20, due=3)
    assert more["tick_storage_requests_constant"] == constant, "it grows with neither companies nor mailboxes"


def test_executions_of_one_function_that_overlap_are_billed_once_and_lone_ones_for_a_second() -> None:
    def ran(function: str, started: float, ended: float) -> Invocation:
        return Invocation(function, "succeeded", started, ended)

    assert cost.billed_seconds([ran("classify", 0.0, 0.2)]) == 1.0
    assert cost.billed_seconds([ran("classify", 0.0, 0.2), ran("classify", 5.0, 5.2)]) == 2.0
    assert cost.billed_seconds([ran("classify", 0.0, 2.0), ran("classify", 1.0, 3.15)]) == 3.2
    assert cost.billed_seconds([ran("classify", 0.0, 2.0), ran("mailbox", 0.0, 2.0)]) == 4.0
    assert cost.billed_seconds([]) == 0.0


@pytest.mark.needs("dovecot")
def test_both_sides_of_the_comparison_by_imap_save_all_mails_and_move_them() -> None:
    taken = sources.imap_round(12, first=True, record=True)

    assert taken["theirs"].calls >= 4 * 12, "fetch, copy, store, expunge"
    assert 2 * 12 <= taken["ours"].calls <= 2 * 12 + 60, (
        "one command to fetch and one to move, and what a sign-in takes"
    )
    assert all(one.passed.received > 12 * 2000 for one in taken.values())


def test_the_proxy_is_on_the_way_of_both_sides_to_graph(tmp_path: Path) -> None:
    one = GraphRound(tmp_path / "mails")
    size = write_mixed(tmp_path / "mails", 12)
    with one.running():
        ours = one.ours()

    assert 2 * 12 <= ours.calls <= 2 * 12 + 12
    assert ours.passed.received > size
