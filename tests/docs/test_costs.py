"""docs/costs.md is what local/costs.py writes, and the calculation is right."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from local.costs import DATA, DAYS, PAGE, ROWS, costs, page, price, renewed, use

TOTAL = "**Total of the first month**"


@pytest.fixture
def data() -> Any:
    return json.loads(DATA.read_text("utf-8"))


def test_the_page_is_what_the_script_writes(data: Any) -> None:
    assert PAGE.read_text("utf-8") == page(data), "run: python -m local.costs"


def test_the_page_says_what_it_rests_on(data: Any) -> None:
    text = page(data)
    for said in (
        data["prices"]["copied"],
        data["prices"]["currency"],
        data["prices"]["region"],
        data["measured"]["date"],
    ):
        assert said in text
    assert "An estimate, not an offer" in text
    for item in data["prices"]["items"].values():
        assert f"| {item['name']} |" in text
        assert item["source"] in data["prices"]["sources"]


def test_the_readme_tells_the_totals_of_the_first_month(data: Any) -> None:
    text = (PAGE.parents[1] / "README.md").read_text("utf-8")
    [told] = re.findall(r"\$(\d+) a month for ten mails a day, \$(\d+) for 1,000, and \$(\d+) for 100,000", text)
    bills = [costs(data, volume)[TOTAL] for volume in data["volumes"]]
    assert [int(one) for one in told] == [pytest.approx(bill, rel=0.05) for bill in bills]


def test_every_price_is_used(data: Any) -> None:
    used = {key for _, keys in ROWS for key in keys}
    source = (PAGE.parents[1] / "local" / "costs.py").read_text("utf-8")
    used |= {key for key in data["prices"]["items"] if f'"{key}"' in source}
    assert used | {"always_ready_execution"} == set(data["prices"]["items"])


def test_what_is_free_is_taken_off(data: Any) -> None:
    assert price(data, "gb_second", 99_999) == 0
    assert price(data, "gb_second", 200_000) == pytest.approx(2.6)
    assert price(data, "log_gb", 6) == pytest.approx(2.3)


def test_a_month_without_mail_is_the_heart_beat(data: Any) -> None:
    taken = use(data, {"mails_per_day": 0, "mailboxes": 0, "pattern": "lone"})
    assert taken.amounts["gb_second"] == pytest.approx(43_800 * 2)
    assert taken.amounts["million_executions"] == pytest.approx(0.0438)
    assert taken.blob_gb_a_month == 0


def test_a_lone_mail(data: Any) -> None:
    """Its own executions: classify and the mailbox, a second each, and the deliveries."""
    none = use(data, {"mails_per_day": 0, "mailboxes": 1, "pattern": "lone"})
    one = use(data, {"mails_per_day": 1, "mailboxes": 1, "pattern": "lone"})
    deliveries = data["measured"]["deliveries_per_mail"]
    more = one.amounts["gb_second"] - none.amounts["gb_second"]
    assert more == pytest.approx(DAYS * (8 - 4 + 2 * deliveries))
    executions = (one.amounts["million_executions"] - none.amounts["million_executions"]) * 1e6
    assert executions == pytest.approx(DAYS * (4 - 2 + deliveries))


def test_more_mails_never_cost_less_and_each_costs_less(data: Any) -> None:
    bills = [costs(data, volume)[TOTAL] for volume in data["volumes"]]
    mails = [use(data, volume).mails for volume in data["volumes"]]
    assert bills == sorted(bills)
    each = [bill / count for bill, count in zip(bills, mails, strict=True)]
    assert each == sorted(each, reverse=True)


def test_the_rows_add_up(data: Any) -> None:
    for volume in data["volumes"]:
        bill = costs(data, volume)
        rows = [amount for name, amount in bill.items() if not name.startswith("**")]
        assert sum(rows) == pytest.approx(bill[TOTAL])


def test_new_counters_of_the_bench_are_taken_over(data: Any) -> None:
    before = copy.deepcopy(data)
    fresh = renewed(data, {"gb_seconds_per_1000_mails_lone": 9000.1234, "idle_mib": 90.0})
    assert fresh["measured"]["gb_seconds_per_1000_mails_lone"] == 9000.123
    assert "idle_mib" not in fresh["measured"]
    assert data == before
    assert page(fresh) != page(data)
