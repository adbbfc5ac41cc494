"""`python -m local.costs`: write docs/costs.md from docs/costs.json: measured counters, assumptions, and prices as they were copied.

Where `make bench` has left its results, the counters that it measures are taken over into docs/costs.json first. A test compares
the page with what this writes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from local.setup import ROOT

DATA = ROOT / "docs" / "costs.json"
PAGE = ROOT / "docs" / "costs.md"
RESULTS = ROOT / "bench" / "results.json"
HOURS = 730
"""Of a month, as Azure counts it."""
DAYS = HOURS / 24
MINUTES = HOURS * 60
_BENCH = ("gb_seconds_per_1000_mails_lone", "executions_per_1000_mails_lone", "gb_seconds_per_idle_hour")
_IDLE_PERIOD = 1.0
"""Seconds that a tick and a listing are billed at least: what a lone mail's figures hold of them."""

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """What a month takes, by the key of its price."""

    mails: float
    amounts: dict[str, float]
    blob_gb_a_month: float
    table_gb_a_month: float


def use(data: Json, volume: Json) -> Use:
    """What a month with so many mails takes; the archive without what earlier months left."""
    measured, assumed = data["measured"], data["assumed"]
    mails = volume["mails_per_day"] * DAYS
    listings = volume["mailboxes"] * MINUTES / assumed["listing_minutes"]
    ticks = MINUTES
    gb = assumed["instance_gb"]
    beats = (
        2 * _IDLE_PERIOD * gb
    )  # the tick and the listing of a lone mail, which are counted for the whole month below
    deliveries = measured["deliveries_per_mail"]
    if volume["pattern"] == "lone":
        gb_seconds_a_mail = measured["gb_seconds_per_1000_mails_lone"] / 1000 - beats + deliveries * _IDLE_PERIOD * gb
    else:
        gb_seconds_a_mail = measured["gb_seconds_per_1000_mails_busy"] / 1000
    executions_a_mail = measured["executions_per_1000_mails_lone"] / 1000 - 2 + deliveries
    executions = ticks + listings + mails * executions_a_mail
    idle = measured["gb_seconds_per_idle_hour"] / 120  # an hour has 60 ticks and 60 listings
    polls = assumed["queues"] * HOURS * 3600 / assumed["queue_poll_seconds"]
    telemetry = mails * assumed["telemetry_kib_per_mail"] + executions * assumed["telemetry_kib_per_execution"]
    amounts = {
        "gb_second": (ticks + listings) * idle + mails * gb_seconds_a_mail,
        "million_executions": executions / 1e6,
        "blob_writes_10k": (mails * measured["blob_writes_per_mail"] + ticks * measured["blob_writes_per_tick"]) / 1e4,
        "blob_reads_10k": mails * measured["blob_reads_per_mail"] / 1e4,
        "table_10k": _requests(measured, "table", mails, ticks, listings) / 1e4,
        "queue_10k": (_requests(measured, "queue", mails, ticks, listings) + polls) / 1e4,
        "log_gb": telemetry * 1024 / 1e9,
        "alert_rule": assumed["alert_rules"],
        "vault_10k": mails * deliveries / 1e4,
    }
    return Use(
        mails=mails,
        amounts=amounts,
        blob_gb_a_month=mails * (assumed["mail_kib"] + assumed["attachments_kib"]) * 1024 / 1e9,
        table_gb_a_month=mails * assumed["table_kib_per_mail"] * 1024 / 1e9,
    )


def _requests(measured: Json, kind: str, mails: float, ticks: float, listings: float) -> float:
    of = {what: measured[f"{kind}_requests_per_{what}"] for what in ("mail", "tick", "listing")}
    return float(mails * of["mail"] + ticks * of["tick"] + listings * of["listing"])


def price(data: Json, key: str, amount: float) -> float:
    """What an amount costs, the free part taken off."""
    item = data["prices"]["items"][key]
    return float(max(0.0, amount - item["free"]) * item["price"])


ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Functions", ("gb_second", "million_executions")),
    ("Blobs: requests", ("blob_writes_10k", "blob_reads_10k")),
    ("Tables and queues: requests", ("table_10k", "queue_10k")),
    ("Log Analytics", ("log_gb",)),
    ("Alerts", ("alert_rule",)),
    ("Key Vault", ("vault_10k",)),
)


def costs(data: Json, volume: Json) -> dict[str, float]:
    """The bill of a month by row, with the archive after one month and after twelve."""
    taken = use(data, volume)
    found = {name: sum(price(data, key, taken.amounts[key]) for key in keys) for name, keys in ROWS}
    base = sum(found.values())
    kept = price(data, "blob_gb", taken.blob_gb_a_month) + price(data, "table_gb", taken.table_gb_a_month)
    found["Archive and tables: what one month brings, kept for a month"] = kept
    found["**Total of the first month**"] = base + kept
    found["**Total of the twelfth month**, nothing erased, all in Hot"] = base + kept * 12
    return found


def page(data: Json) -> str:
    """The whole page."""
    parts = [_HEAD.format(**data["prices"]), *_bill(data), _MIDDLE, *_used(data), _OPTIONS, *_options(data)]
    parts += ["", _PRICES.format(**data["prices"]), *_prices(data), "", _SOURCES, *_sources(data), ""]
    parts += [
        _COUNTERS.format(**data["measured"]),
        *_counters(data["measured"]),
        "",
        _ASSUMED,
        *_counters(data["assumed"]),
    ]
    return "\n".join([*parts, _TAIL])


def _bill(data: Json) -> list[str]:
    volumes = data["volumes"]
    bills = [costs(data, volume) for volume in volumes]
    head = " | ".join(f"{volume['mails_per_day']:,} a day" for volume in volumes)
    lines = [f"| | {head} |", "|---|" + "---:|" * len(volumes)]
    lines += [f"| {name} | {' | '.join(_money(bill[name]) for bill in bills)} |" for name in bills[0]]
    last = "**Total of the twelfth month**, nothing erased, all in Hot"
    each = " | ".join(
        _money(bill[last] / use(data, volume).mails * 1000) for bill, volume in zip(bills, volumes, strict=True)
    )
    return [*lines, f"| for 1,000 mails, in the twelfth month | {each} |"]


def _used(data: Json) -> list[str]:
    uses = [use(data, volume) for volume in data["volumes"]]
    head = " | ".join(f"{volume['mails_per_day']:,} a day" for volume in data["volumes"])
    rows = {
        "mailboxes": [f"{volume['mailboxes']}" for volume in data["volumes"]],
        "GB-seconds": [f"{one.amounts['gb_second']:,.0f}" for one in uses],
        "executions": [f"{one.amounts['million_executions'] * 1e6:,.0f}" for one in uses],
        "writes and reads of blobs": [
            f"{(one.amounts['blob_writes_10k'] + one.amounts['blob_reads_10k']) * 1e4:,.0f}" for one in uses
        ],
        "requests to tables": [f"{one.amounts['table_10k'] * 1e4:,.0f}" for one in uses],
        "requests to queues": [f"{one.amounts['queue_10k'] * 1e4:,.0f}" for one in uses],
        "requests to Graph (free)": [f"{one.mails * data['measured']['graph_requests_per_mail']:,.0f}" for one in uses],
        "telemetry, GB": [f"{one.amounts['log_gb']:,.2f}" for one in uses],
        "added to the archive, GB": [f"{one.blob_gb_a_month:,.1f}" for one in uses],
    }
    lines = [f"| in a month | {head} |", "|---|" + "---:|" * len(uses)]
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())]


def _options(data: Json) -> list[str]:
    assumed = data["assumed"]
    seconds = HOURS * 3600
    lines = ["| choice | a month |", "|---|---:|"]
    for megabytes in (512, 2048, 4096):
        waiting = price(data, "always_ready_baseline", seconds * megabytes / 1024)
        lines.append(
            f"| one always ready instance of {megabytes:,} MB (`POSTRUM_ALWAYS_READY`), waiting | {_money(waiting)} |"
        )
    network = (
        price(data, "nat_hour", HOURS)
        + price(data, "address_month", 1)
        + price(data, "endpoint_hour", HOURS * assumed["private_endpoints"])
        + price(data, "dns_zone", assumed["private_dns_zones"])
    )
    what = f"{assumed['private_endpoints']} private end points, {assumed['private_dns_zones']} DNS zones, NAT gateway, address"
    lines.append(f"| virtual network (`POSTRUM_VIRTUAL_NETWORK`): {what} | {_money(network)} |")
    for what, key in (("the NAT gateway", "nat_gb"), ("a private end point", "endpoint_gb")):
        lines.append(f"| the same, for each GB through {what} | {price(data, key, 1):.3f} |")
    return lines


def _prices(data: Json) -> list[str]:
    lines = ["| meter | price | free in a month | source |", "|---|---:|---:|---|"]
    for item in data["prices"]["items"].values():
        amount = f"{item['price']:.7f}".rstrip("0").rstrip(".")
        lines.append(f"| {item['name']} | {amount} | {item['free']:,} | {item['source']} |")
    return lines


def _sources(data: Json) -> list[str]:
    sources = data["prices"]["sources"].items()
    return [
        "| source | what it is |",
        "|---|---|",
        *(f"| {name} | [{one['text']}]({one['url']}) |" for name, one in sources),
    ]


def _counters(values: Json) -> list[str]:
    shown = {name: value for name, value in values.items() if isinstance(value, int | float)}
    return [
        "| counter | value |",
        "|---|---:|",
        *(f"| {name.replace('_', ' ')} | {value:,} |" for name, value in shown.items()),
    ]


def _money(amount: float) -> str:
    return f"{amount:,.2f}"


def renewed(data: Json, results: Json) -> Json:
    """The data with the counters that `make bench` measured."""
    fresh = {key: round(results[key], 3) for key in _BENCH if key in results}
    return data | {"measured": data["measured"] | fresh}


_HEAD = """\
# What it costs

<!-- Written by `python -m local.costs` from docs/costs.json. Change it there; a test compares. -->

For the owner of the subscription. **An estimate, not an offer**: counters that were measured on one machine, times prices that were
copied on {copied} from secondary sources, in {currency}: {region}.
Microsoft's own pricing pages could not be read at that time: they fill in their figures by a script. **Check the prices before you rely
on a figure**, in the [pricing calculator](https://azure.microsoft.com/pricing/calculator/) with your region and your
agreement; then put them into
`docs/costs.json` and run `python -m local.costs`. Nothing of this was measured in Azure yet. Taxes, support and the licences of
Microsoft 365 are not in it.

## A month
"""
_MIDDLE = """
What is behind it:

- **The heart beat is the ground price.** The timer runs 43,800 times a month, and each time is billed as at least a second of
  2 GB: 87,600 GB-seconds, which fit into the free grant of the subscription as long as nothing else of yours uses it.
- **10 and 1,000 a day** are counted as if each mail came alone, which is the most it can be. **100,000 a day** are counted as a
  backlog, where executions overlap and overlapping time is billed once.
- **The archive grows.** The last row keeps twelve months of mail in the Hot tier. The template moves mails to Cool after 180 days,
  which is not taken off here.
- **Requests to Graph** cost nothing. Traffic into Azure is free, and webhooks are small.

## What is used
"""
_OPTIONS = """
## What costs extra

Off by default. An instance that is always ready takes what it does out of the free grant, and is billed lower while it works.
"""
_PRICES = """\
## The prices

In {currency}, copied on {copied}: {region}.
"""
_SOURCES = "Where they are from:\n"
_COUNTERS = """\
## The counters

Measured on {date}: {how}
"""
_ASSUMED = """\
Assumed, because nothing measures it yet:
"""
_TAIL = """
The size of a mail decides the archive's share: put your own average into `docs/costs.json`. Telemetry is counted without the sampling
that `host.json` sets, so the real figure is lower; `POSTRUM_TELEMETRY_DAILY_CAP_GB` is the ceiling. Queues are counted as looked at every
two seconds all month, which is what `host.json` allows at most while an instance is awake.
"""


def main() -> int:
    """Take over new counters where there are any, and write the page."""
    data = json.loads(DATA.read_text("utf-8"))
    if RESULTS.exists():
        data = renewed(data, json.loads(RESULTS.read_text("utf-8")))
        DATA.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(data), "utf-8")
    print(f"costs: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
