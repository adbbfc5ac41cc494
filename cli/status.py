"""`postrum status`: mailboxes, messages, and what waits for a person, as tables."""

from __future__ import annotations

import argparse

from cli.product import add_settings, run_with_app
from cli.table import cut, table
from shared.app import App
from shared.pipeline.status import MailboxStatus, MessageLine, Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="most messages listed (default: 50)")
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it."""
    limit = max(arguments.limit, 0)

    async def work(app: App) -> int:
        status = await app.status(limit=max(limit, 1))
        print("\n".join(_mailboxes(status)))
        lines = [*status.in_progress, *status.messages][:limit]
        if lines:
            print()
            print("\n".join(_messages(lines)))
        for task in status.parked_tasks:
            print(f"\nparked task {task.id} of queue {task.queue}: {cut(task.reason, 200)}")
        print(f"\n{_summary(status)}")
        return 0

    return run_with_app(arguments, work)


def _mailboxes(status: Status) -> list[str]:
    if not status.mailboxes:
        return ["No mailbox is configured. `postrum config apply FILE` does it."]
    rows = [
        (box.address, f"{box.company}/{box.mailbox}", _state(box), _minute(box.listed_at) or "not yet", str(box.open))
        for box in status.mailboxes
    ]
    return table(("mailbox", "company", "state", "last listed (UTC)", "open"), rows, (40, 30, 50, 17, 6))


def _state(box: MailboxStatus) -> str:
    if not box.active:
        return "not active"
    if box.failure:
        return cut(f"failing: {box.failure}", 150)
    return f"waiting until {_minute(box.blocked_until)}" if box.blocked_until else "reading"


def _messages(lines: list[MessageLine]) -> list[str]:
    rows = [
        (
            line.message,
            _minute(line.received_at),
            cut(line.subject, 44),
            line.stage,
            f"{line.outcome} {line.reason}".strip(),
            cut(line.folder, 24),
        )
        for line in lines
    ]
    return table(("message", "received (UTC)", "subject", "stage", "outcome", "folder"), rows, (26, 16, 44, 9, 30, 24))


def _summary(status: Status) -> str:
    counts = ", ".join(f"{count} {stage}" for stage, count in status.counts.items())
    way = sum(box.open for box in status.mailboxes)
    return f"{status.month}: {counts}, {way} on their way; {status.deliveries_waiting} deliveries waiting"


def _minute(time: str | None) -> str:
    return time[:16].replace("T", " ") if time else ""
