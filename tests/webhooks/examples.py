"""One example of every event: the golden files and the documentation hold what is built from these."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from shared.model.alert import Severity
from shared.model.config import EntityKind
from shared.model.decision import LinkStep, Outcome
from shared.model.event import (
    AlertClearedData,
    AlertRaisedData,
    DocumentCreatedData,
    Event,
    EventData,
    MessageFiledData,
    MessageLinkedData,
    MessageParkedData,
    RuleMatchedData,
    build,
    data_schema,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "events"
MESSAGE = "mq3x7rkd5c2aynvhtw6ezp4jgi"
ALERT = "zc4bq6ux2dfh7ykarwmn5vtjpe"
TIME = datetime(2026, 11, 21, 10, 0, 0, 250_000, tzinfo=UTC)

DATA: tuple[EventData, ...] = (
    DocumentCreatedData(
        mailbox="invoices",
        message=MESSAGE,
        document="d-7f3a9c",
        number="INV-000123",
        kind="invoice",
        media_type="application/pdf",
        place="document_import",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        size=48213,
    ),
    MessageLinkedData(
        mailbox="invoices",
        message=MESSAGE,
        entity=EntityKind.PROJECT,
        number="0042",
        sub_project="7",
        phase="2",
        step=LinkStep.KEYWORD,
    ),
    RuleMatchedData(mailbox="invoices", message=MESSAGE, rule="large-orders", name="order.large"),
    MessageFiledData(
        mailbox="invoices",
        message=MESSAGE,
        outcome=Outcome.IMPORTED,
        reason="document_accepted",
        folder="Imported",
        documents=("d-7f3a9c",),
    ),
    MessageParkedData(mailbox="invoices", message=MESSAGE, reason="too_deeply_nested"),
    AlertRaisedData(
        mailbox="invoices",
        alert=ALERT,
        kind="sign_in_needed",
        severity=Severity.CRITICAL,
        cause="entra_50173",
    ),
    AlertClearedData(
        alert=ALERT,
        kind="host_unreachable",
        severity=Severity.CRITICAL,
        place="imap.company.example",
        affected=4,
    ),
)


def examples() -> dict[str, Event]:
    """Every event type with its example, in the order in which one message would cause them."""
    built = [build(data, company="acme", generation=1, sequence=n, time=TIME) for n, data in enumerate(DATA, start=1)]
    return {event.type: event for event in built}


def golden_name(type_: str) -> str:
    return type_.removeprefix("postrum.") + ".json"


def pretty(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write the golden files anew: `python -m tests.webhooks.examples`."""
    (GOLDEN / "schemas").mkdir(parents=True, exist_ok=True)
    for type_, event in examples().items():
        (GOLDEN / golden_name(type_)).write_text(pretty(json.loads(event.encode())))
        (GOLDEN / "schemas" / golden_name(type_)).write_text(pretty(data_schema(type_)))


if __name__ == "__main__":
    write()
