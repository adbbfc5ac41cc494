"""From the mailbox to the archive, 25 ms away: Postrum beside scripts with `imap_tools` and `O365` that save the same mails."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.figures import Results
from bench.mails import write_mixed
from bench.sources_graph import GraphRound
from bench.sources_imap import ImapRound
from bench.sources_round import Taken

KEYS = (
    "imap_ratio", "imap_ratio_at_once", "imap_mails_per_second", "imap_mails_per_second_imap_tools",
    "imap_commands_per_mail", "imap_commands_per_mail_imap_tools", "imap_bytes_per_mail", "imap_bytes_per_mail_imap_tools",
    "o365_ratio", "graph_mails_per_second", "graph_mails_per_second_o365",
    "graph_requests_per_mail", "graph_requests_per_mail_o365", "graph_bytes_per_mail", "graph_bytes_per_mail_o365",
)  # fmt: skip
HOW = """
A proxy (`bench/delay.py`) in front of Dovecot and of the emulator delivers everything 12.5 ms later in each direction, for both sides of
each comparison; TLS goes through it, and it counts the bytes. Mails are those of the sample mailbox without the largest and the
malformed one, and generated ones of 5 to 300 KB with photos and invoices as PDF (62 KB on average): 400 by IMAP, 180 by Graph. Both
sides work on the same mails in mailboxes of their own, in turns, three times; the ratio is that of each turn, and the median counts.

- **Postrum** is the function app in one process of the development host, from the task on its queue until the last mail lies in its
  folder. That is its whole work: each mail goes into the archive byte by byte and is recorded, its attachments are stored, documents are
  read and get numbers, and what was done is written down, all of it in Azurite, so that a crash at any point loses nothing and does
  nothing twice. Afterwards the archive is compared with what was sent, byte by byte.
- **imap_tools** (one connection): `fetch(mark_seen=False, bulk=False)`; each mail and each of its attachments is written into a file, and
  the mail is moved by `mailbox.move`. Against Dovecot that is COPY, STORE and EXPUNGE, because the library looks at the capabilities from
  before the sign-in, in which MOVE is not. `at_once` is the same loop that moves all mails by one call at its end: cut off before, it would
  begin anew.
- **O365** 2.1.10 (one connection, its pause of 200 ms between requests switched off): the inbox is listed, each mail is fetched as MIME,
  it and its attachments are written into files, and it is moved. It is given a token. What it may do is not limited here, while Postrum
  keeps to the limit of Graph for a mailbox (10,000 requests in 10 minutes): 180 mails are what it takes in one go. In the long run
  that limit, 8 mails a second, holds for everybody who moves mails one by one.

IMAP commands are counted by Dovecot after the sign-in, in a run of their own with 100 mails; requests to Graph by the emulator.
"""
IMAP_MAILS = 400
GRAPH_MAILS = 180
COUNTED_MAILS = 100
ROUNDS = 3


def run(
    imap_mails: int = IMAP_MAILS, graph_mails: int = GRAPH_MAILS, counted: int = COUNTED_MAILS, rounds: int = ROUNDS
) -> Results:
    """All rounds."""
    imap = [imap_round(imap_mails, first=number % 2 == 0) for number in range(rounds)]
    commands = imap_round(counted, first=True, record=True)
    graph = [graph_round(graph_mails, first=number % 2 == 0) for number in range(rounds)]
    return {
        "imap_ratio": _ratio(imap, "theirs"),
        "imap_ratio_at_once": _ratio(imap, "at_once"),
        "imap_mails_per_second": _rate(imap, "ours", imap_mails),
        "imap_mails_per_second_imap_tools": _rate(imap, "theirs", imap_mails),
        "imap_commands_per_mail": commands["ours"].calls / counted,
        "imap_commands_per_mail_imap_tools": commands["theirs"].calls / counted,
        "imap_bytes_per_mail": _bytes(imap, "ours", imap_mails),
        "imap_bytes_per_mail_imap_tools": _bytes(imap, "theirs", imap_mails),
        "o365_ratio": _ratio(graph, "theirs"),
        "graph_mails_per_second": _rate(graph, "ours", graph_mails),
        "graph_mails_per_second_o365": _rate(graph, "theirs", graph_mails),
        "graph_requests_per_mail": graph[0]["ours"].calls / graph_mails,
        "graph_requests_per_mail_o365": graph[0]["theirs"].calls / graph_mails,
        "graph_bytes_per_mail": _bytes(graph, "ours", graph_mails),
        "graph_bytes_per_mail_o365": _bytes(graph, "theirs", graph_mails),
    }


def imap_round(mails: int, *, first: bool, record: bool = False) -> dict[str, Taken]:
    """One round over IMAP; `first` says who begins."""
    with tempfile.TemporaryDirectory(prefix="postrum-bench-") as name:
        folder = Path(name, "mails")
        write_mixed(folder, mails)
        one = ImapRound(folder, record=record)
        with one.running():
            contenders = {"ours": one.ours, "theirs": one.theirs} | ({} if record else {"at_once": one.at_once})
            return _in_turn(contenders, first=first)


def graph_round(mails: int, *, first: bool) -> dict[str, Taken]:
    """One round over Graph."""
    with tempfile.TemporaryDirectory(prefix="postrum-bench-") as name:
        folder = Path(name, "mails")
        write_mixed(folder, mails)
        one = GraphRound(folder)
        with one.running():
            return _in_turn({"ours": one.ours, "theirs": one.theirs}, first=first)


def _in_turn(contenders: dict[str, Callable[[], Taken]], *, first: bool) -> dict[str, Taken]:
    names = list(contenders) if first else list(reversed(contenders))
    return {name: contenders[name]() for name in names}


def _ratio(rounds: list[dict[str, Taken]], other: str) -> float:
    return statistics.median(one[other].seconds / one["ours"].seconds for one in rounds)


def _rate(rounds: list[dict[str, Taken]], who: str, mails: int) -> float:
    return statistics.median(mails / one[who].seconds for one in rounds)


def _bytes(rounds: list[dict[str, Taken]], who: str, mails: int) -> float:
    return statistics.median((one[who].passed.sent + one[who].passed.received) / mails for one in rounds)


if __name__ == "__main__":
    for key, value in run(*map(int, sys.argv[1:])).items():
        print(f"{key:<40} {value:.3f}")
