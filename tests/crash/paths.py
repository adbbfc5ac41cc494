"""The paths that a message can take, each a small story that is played with a crash at every effect of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.server import EmulatorThread
from tests.flow.mails import PDF, mail
from tests.flow.world import CONFIGURATION, MAILBOX

RECEIVED = "2026-11-20T08:00:00Z"


@dataclass(frozen=True)
class Path:
    """One story.

    Attributes:
        name: as it is printed.
        prepare: puts the mails and the faults into the emulator.
        configuration: YAML.
        broken_series: the stored configuration is made to lack a number series that a rule names, until the message was parked; then it
            is mended and the message is run again.
        later: mails that arrive when the first have come to their end.
        imap: mails in the inbox at the mail server; the mailbox is read by IMAP where there are some.
        imap_folders: what is in that mailbox beside the inbox.
        imap_without: capabilities that the mail server does not have.
    """

    name: str
    prepare: Callable[[EmulatorThread], None] = lambda _: None
    configuration: str = CONFIGURATION
    broken_series: bool = False
    later: tuple[bytes, ...] = ()
    imap: tuple[bytes, ...] = ()
    imap_folders: tuple[str, ...] = ("Imported", "Follow up")
    imap_without: tuple[str, ...] = ()


def _deliver(emulator: EmulatorThread, *contents: bytes, **more: Any) -> list[str]:
    return [
        emulator.control.deliver(MAILBOX, content, received=RECEIVED, **more)["immutable_id"] for content in contents
    ]


def _invoice(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Invoice for relatienr 000123", pdf=PDF))


def _plain(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Lunch on Friday?"))


def _rule(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Purchase order 77", extra="X-Kind: order\r\n"))


def _large(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Invoice with plans", pdf=PDF + b"%" + b"plan " * 1_300_000))


def _twelve(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Invoice 12", pdf=PDF))


def _gone(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Withdrawn"))
    emulator.control.add_faults([{"match": {"kind": "value"}, "times": -1, "status": 404, "code": "ErrorItemNotFound"}])


def _webhook_down(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Invoice 13", pdf=PDF))
    emulator.control.program_sink("ledger", statuses=[500, 503, 200])


def _throttled(emulator: EmulatorThread) -> None:
    _deliver(emulator, mail("Invoice 14", pdf=PDF))
    emulator.control.add_faults(
        [
            {
                "match": {"kind": "move"},
                "times": 1,
                "status": 429,
                "code": "ApplicationThrottled",
                "headers": {"Retry-After": "1"},
            }
        ]
    )


MARKED_READ = CONFIGURATION.replace("folders: {", "mark_read: true\n        folders: {")
IMAP = CONFIGURATION.replace(
    "address: invoice@nordlys.example", "address: %ADDRESS%\n        connection: imap_password\n        imap: %SERVER%"
)
IMAP_MARKED_READ = IMAP.replace("folders: {", "mark_read: true\n        folders: {")
BROKEN = CONFIGURATION.replace("- {action: categorise, category: Order}", "- {action: create_document, path: ''}")

PATHS = (
    Path("invoice", _invoice, MARKED_READ),
    Path("plain", _plain),
    Path("rule", _rule),
    Path("large", _large),
    Path("duplicate", _twelve, later=(mail("Invoice 12", pdf=PDF),)),
    Path("gone", _gone),
    Path("webhook_down", _webhook_down),
    Path("throttled", _throttled),
    Path("parked_and_again", _rule, broken_series=True),
    Path("imap_invoice", configuration=IMAP_MARKED_READ, imap=(mail("Invoice 21", pdf=PDF),)),
    Path("imap_plain", configuration=IMAP, imap=(mail("Lunch on Monday?"),)),
    Path("imap_copy", configuration=IMAP_MARKED_READ, imap=(mail("Invoice 22", pdf=PDF),), imap_without=("MOVE",)),
)
