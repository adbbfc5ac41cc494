"""What is measured: every figure by its key, with its aim and how it comes about."""

from __future__ import annotations

from dataclasses import dataclass

type Results = dict[str, float]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        key: its name in results.json.
        meaning: one line for the table.
        most: the aim where less is better.
        least: the aim where more is better.
        digits: after the decimal point.
    """

    key: str
    meaning: str
    most: float | None = None
    least: float | None = None
    digits: int = 2

    def reached(self, value: float) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if self.most is not None:
            return value <= self.most
        return None if self.least is None else value >= self.least

    @property
    def aim(self) -> str:
        """The aim as text."""
        if self.most is not None:
            return f"≤ {self.most:g}"
        return "" if self.least is None else f"≥ {self.least:g}"


_SIZES = {"10kb": "10 KB", "100kb": "100 KB", "5mb": "5 MB", "25mb": "25 MB", "150mb": "150 MB"}
PARSING: tuple[Figure, ...] = (
    *(Figure(f"parse_ratio_compat32_{key}", f"time to decode and hash a mail of {size}, against `email` of Python", 1)
      for key, size in _SIZES.items()),
    Figure("parse_ratio_limit_25mb", "the same for 25 MB, against base64 with `binascii` and SHA-256 over the same bytes", 1.5),
    Figure("parse_peak_mib_150mb", "MiB above idle while a mail of 150 MB is read", 64, digits=1),
    Figure("parse_mb_per_second_25mb", "MB of mail decoded and hashed a second", digits=0),
    *(Figure(f"parse_ratio_fast_mail_parser_{key}", f"time for {size}, against fast-mail-parser (Rust)")
      for key, size in _SIZES.items() if key != "150mb"),
    *(Figure(f"parse_ratio_mail_parser_{key}", f"time for {size}, against mail-parser") for key, size in _SIZES.items()),
    Figure("parse_peak_mib_150mb_compat32", "MiB above idle of `email` of Python for 150 MB", digits=0),
    Figure("parse_peak_mib_150mb_mail_parser", "MiB above idle of mail-parser for 150 MB", digits=0),
    Figure("parse_whole_ratio_compat32_10kb", "everything that Postrum reads in 10 KB, against decoding alone with `email`"),
)  # fmt: skip
FIGURES: tuple[Figure, ...] = (
    Figure("graph_requests_per_message", "charged Graph requests a mail, archive and move, without the listing's share", 2, digits=3),
    Figure("graph_listing_requests_per_message", "the listing's share: pages of the folder, and looking folders up", digits=3),
    Figure("graph_requests_per_message_with_change", "the same where a rule changes a property", 3, digits=3),
    Figure("graph_round_trips_per_message", "HTTP requests to Graph a mail, archive and move, without the listing's share", 2, digits=3),
    Figure("mailbox_limit_share", "of the requests a second that three slots allow, with Graph's usual latencies", least=0.9),
    Figure("mailbox_limit_share_of_four", "the same run, of what four slots would allow (the fourth is for people)"),
    Figure("throttled_share", "requests refused with 429 in that run", 0.01, digits=4),
    Figure("mailbox_limit_share_fast", "of 16.67 requests a second, with a tenth of the latencies, no burst left", least=0.9),
    Figure("throttled_share_fast", "requests refused with 429 in that run", 0.01, digits=4),
    Figure("app_cpu_ms_per_message", "CPU of the app a mail in the run with usual latencies, in ms", digits=1),
    Figure("storage_cpu_ms_per_message", "CPU of Azurite a mail in that run, in ms", digits=1),
    Figure("storage_requests_per_message", "requests to storage that the product makes for a mail", digits=1),
    Figure("host_storage_requests_per_message", "requests to storage that the development host makes for a mail", digits=1),
    Figure("peak_mib_150mb", "MiB above idle while a mail of 150 MB goes through the flow", 64, digits=1),
    Figure("idle_mib", "MiB of the app at rest after a small mail", digits=1),
    Figure("cold_start_ratio", "start to first finished tick, against an empty app with the same SDKs", 1.3),
    Figure("cold_start_ratio_queue", "start to first finished queue function, against the same", 1.3),
    Figure("cold_start_seconds", "start of the process to the first finished tick, in s", digits=2),
    Figure("gb_seconds_per_1000_mails_lone", "GB-seconds for 1,000 mails that come alone, with tick and listing", digits=0),
    Figure("gb_seconds_per_1000_mails_flow", "GB-seconds for 1,000 mails in a flow of one a second", digits=0),
    Figure("executions_per_1000_mails_lone", "executions for 1,000 mails that come alone, with tick and listing", digits=0),
    Figure("gb_seconds_per_idle_hour", "GB-seconds of an hour without mail: ticks and listings", digits=0),
)  # fmt: skip
FIGURES += PARSING
FIGURES += (
    Figure("tick_cpu_s_10000", "CPU of a tick over 10,000 mailboxes, 670 of them due, in s"),
    Figure("tick_cpu_s_10000_first", "CPU of a worker's first tick, none due: SDKs and configuration are loaded, in s"),
    Figure("tick_storage_requests", "requests to storage of the tick with 670 due mailboxes", 1400, digits=0),
    Figure("tick_storage_requests_constant", "of them, what does not grow with what is due (a page of lanes for each 1,000)", 40, digits=0),
    Figure("tick_peak_mib", "MiB of the process at its highest during those ticks", digits=0),
)  # fmt: skip
FIGURES += (
    Figure("imap_ratio", "mails a second by IMAP, 25 ms away, against a loop with imap_tools", least=1),
    Figure("imap_ratio_at_once", "the same, against a loop that moves all mails by one command at its end"),
    Figure("imap_mails_per_second", "mails a second by IMAP, everything that Postrum does with them included", digits=1),
    Figure("imap_mails_per_second_imap_tools", "mails a second of the loop with imap_tools", digits=1),
    Figure("imap_commands_per_mail", "IMAP commands a mail"),
    Figure("imap_commands_per_mail_imap_tools", "IMAP commands a mail of the loop with imap_tools"),
    Figure("imap_bytes_per_mail", "bytes over the network a mail, both ways, TLS included", digits=0),
    Figure("imap_bytes_per_mail_imap_tools", "the same of the loop with imap_tools", digits=0),
    Figure("o365_ratio", "mails a second by Graph, 25 ms away, against a loop with O365", least=1),
    Figure("graph_mails_per_second", "mails a second by Graph, everything that Postrum does with them included", digits=1),
    Figure("graph_mails_per_second_o365", "mails a second of the loop with O365", digits=1),
    Figure("graph_requests_per_mail", "HTTP requests to Graph a mail, with the listing"),
    Figure("graph_requests_per_mail_o365", "the same of the loop with O365"),
    Figure("graph_bytes_per_mail", "bytes over the network a mail, both ways, TLS included", digits=0),
    Figure("graph_bytes_per_mail_o365", "the same of the loop with O365", digits=0),
)  # fmt: skip
KNOWN = {figure.key: figure for figure in FIGURES}
