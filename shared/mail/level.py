"""One mail, the top one or one attached to it: where each of its leaves goes.

A leaf is a body (collected), an attachment (written out), a mail (read by a level of its own), a container (kept until
it can be opened), or a report for machines (collected and written out).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from shared.mail import containers
from shared.mail.bodies import Body, Report
from shared.mail.consumers import Both, Collect
from shared.mail.headers import Headers
from shared.mail.html_text import referred_to
from shared.mail.leaves import Consumer, Draft, LeafWriter, Outbox
from shared.mail.limits import Account
from shared.mail.mime import Machine, Part
from shared.mail.names import part_name
from shared.mail.openers import Container, Peek, Signed, way_into
from shared.mail.outlook import OutlookAttachment, OutlookMessage
from shared.mail.transfer import Decoder, UuencodedBody, decoder_for
from shared.mail.uuencode import UuencodeFilter

__all__ = ["Level"]

_MAIL_TYPES = frozenset({"message/rfc822", "message/global", "message/news"})
_REPORTS = frozenset(
    {"message/delivery-status", "message/feedback-report", "message/disposition-notification", "text/rfc822-headers",
     "message/global-delivery-status", "message/rfc822-headers", "text/calendar", "message/partial", "message/external-body",
     "message/global-headers", "message/tracking-status", "message/delivery-report"}
)  # fmt: skip
_BODIES = frozenset(
    {"text/plain", "text/html", "text/enriched", "text/richtext", "text/rtf", "text/markdown", "text", "plain/text"}
)
_RIGHTS = frozenset({"application/x-microsoft-rpmsg-message", "application/x-microsoft-irm"})
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
REPORT_BYTES = 1 << 20
MOST_REPORTS = 20


class _Structure(Protocol):
    """What takes the bytes of a mail."""

    def feed(self, data: bytes | memoryview) -> None:
        """The next bytes."""

    def close(self) -> None:
        """There are no more."""


class _Ended:
    """Of a mail that is over; what comes now is no part of it."""

    def feed(self, data: bytes | memoryview) -> None:
        """Pass over it."""

    def close(self) -> None:
        """Nothing to be done."""


_ENDED = _Ended()


class Level:
    """A mail being read."""

    def __init__(
        self, outbox: Outbox, account: Account, path: str = "", depth: int = 0, *, digest: bool = False
    ) -> None:
        self.outbox = outbox
        self.account = account
        self.path = path
        """The way to this mail, empty for the top one."""
        self.depth = depth
        self.headers = Headers()
        self.kind = "text/plain"
        self.parameters: Mapping[str, str] = {}
        self.bodies: list[Body] = []
        self._kept: dict[bool, tuple[int, Body | None]] = {False: (0, None), True: (0, None)}
        """For text and for HTML: the bytes of all bodies but the last, and the last."""
        self.reports: list[Report] = []
        self.embedded: list[Level] = []
        self.drafts: list[Draft] = []
        self.outlook: OutlookMessage | None = None
        """What a winmail.dat or .msg said about this mail."""
        self.part_types: list[str] = []
        self.protection: str | None = None
        self._machine: _Structure = Machine(self, account, digest=digest)
        self._consumer: Consumer | None = None
        self._decoder: Decoder | None = None
        self._seen = False
        self.path_in_parent = path

    # ---- the bytes of this mail -------------------------------------------------------------------------------------

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes of the mail."""
        self._machine.feed(data)

    def end(self) -> None:
        """The mail is over."""
        self._machine.close()
        self._machine = _ENDED  # it knows this level: without it, both are freed at once
        self.mark_inline()
        if self.depth:  # nobody asks for the text of an attached mail, nor for its words to the machines
            self.bodies = []

    # ---- what the machine finds (Sink) ------------------------------------------------------------------------------

    def part_seen(self, part: Part) -> None:
        """A part with its header."""
        if not self._seen:
            self._seen = True
            self.headers = part.headers
            self.kind = part.content_type.value
            self.parameters = part.content_type.parameters
        kind = part.content_type.value
        if len(self.part_types) < 1000:
            self.part_types.append(kind)
        if kind == "multipart/encrypted":
            self.protection = "encrypted"
            self.account.warn("encrypted", "encrypted; it cannot be read without the recipient's key")
        elif kind == "multipart/signed":
            self.protection = self.protection or "signed"

    def leaf_started(self, part: Part) -> None:
        """Decide where the leaf goes."""
        encoding = (part.headers.first("content-transfer-encoding") or b"")[:200].decode("latin-1").partition(";")[0]
        self._decoder = decoder_for(re.sub(r"\(.*?\)", "", encoding) if "(" in encoding else encoding)
        self._consumer = self._route(part)

    def leaf_data(self, data: bytes | memoryview) -> None:
        """Encoded bytes."""
        if self._decoder and self._consumer and (decoded := self._decoder.feed(data)):
            self._consumer.write(decoded)

    def leaf_ended(self) -> None:
        """The leaf is complete."""
        if not self._decoder or not self._consumer:
            return
        if rest := self._decoder.close():
            self._consumer.write(rest)
        if self._decoder.problem:
            self.account.warn("transfer_encoding", self._decoder.problem)
        if isinstance(self._decoder, UuencodedBody) and isinstance(self._consumer, LeafWriter):
            self._consumer.draft.name = self._consumer.draft.name or self._decoder.name
        consumer, self._consumer, self._decoder = self._consumer, None, None
        consumer.end()

    # ---- routes -----------------------------------------------------------------------------------------------------

    def _route(self, part: Part) -> Consumer:
        kind, path = part.content_type.value, self._path(part.section)
        name = part_name(part)
        if kind in _MAIL_TYPES:
            return self._mail(part, path, name, kind)
        if part.depth_cut:
            return self.begin(part, path, name, kind)
        if kind in _REPORTS:
            if kind == "message/partial":
                self._warn_partial(part, path)
            saved = self.begin(part, path, name, kind)
            if self.depth > 1 or len(self.reports) >= MOST_REPORTS:
                return saved
            report = Report(kind)
            self.reports.append(report)
            return Both(Collect(report.data, REPORT_BYTES >> 4 * self.depth), saved)
        if kind in _BODIES and (route := self._body(part, path, name, kind)):
            return route
        if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or (name or "").lower() in (
            "winmail.dat",
            "win.dat",
        ):
            return Container(self, part, path, name, kind, containers.read_tnef)
        if kind == "application/vnd.ms-outlook" or (name or "").lower().endswith(".msg"):
            return Peek(self, part, path, name, kind)
        if kind in _SMIME and "certs" not in (part.content_type.get("smime-type") or ""):
            return Signed(self, part, path, name, kind)
        if kind.startswith("application/") or (name or "").lower().endswith(".eml"):
            return Peek(self, part, path, name, kind)
        return self.begin(part, path, name, kind)

    def _warn_partial(self, part: Part, path: str) -> None:
        """A piece of a mail that was sent in pieces (RFC 2046 section 5.2.2): the others came in other mails."""
        number, total = (re.sub(r"\D", "", part.content_type.get(key) or "")[:6] for key in ("number", "total"))
        which = f"piece {number or '?'} of {total or '?'}"
        self.account.warn("partial_mail", f"{path}: {which} of a mail that was sent in pieces; kept as it is")

    def _path(self, section: str) -> str:
        return f"{self.path}/{section}" if self.path else section

    def begin(self, part: Part | None, path: str, name: str | None, kind: str) -> LeafWriter:
        """Begin an attachment."""
        content_id = location = None
        if part:
            raw = part.headers.text("content-id")
            content_id = raw.strip().strip("<>").strip() or None if raw else None
            location = part.headers.text("content-location")
        writer = self.outbox.begin(path, name, kind, content_id, "/" in path, location)
        if part:
            writer.draft.reference = _reference(part)
        if kind in _RIGHTS or (name or "").lower() == "message.rpmsg":
            writer.draft.protected = "rights"
            self.protection = self.protection or "rights"
            self.account.warn("rights_managed", f"{path}: protected by rights management; it cannot be read here")
        self.drafts.append(writer.draft)
        return writer

    def _mail(self, part: Part, path: str, name: str | None, kind: str) -> Consumer:
        """A mail inside this mail."""
        if self.depth >= self.account.limits.mails_deep:
            self.account.breach(
                "mails_too_deep", f"mails are attached more than {self.account.limits.mails_deep} deep; kept whole"
            )
            return self.begin(part, path, name, kind)
        return self.mail_inside(path, name)

    def mail_inside(self, path: str, name: str | None) -> Level:
        """The level of a mail that lies at `path`."""
        level = Level(self.outbox, self.account, way_into(path, name, "message"), self.depth + 1)
        level.path_in_parent = path
        self.embedded.append(level)
        return level

    def _body(self, part: Part, path: str, name: str | None, kind: str) -> Consumer | None:
        """A text part: a body, an attachment, or both; None where it is no body.

        Unnamed text that follows the body in a mixed mail is shown beneath it, as mail programs do: it is part of the
        text, and nobody would save it. Text with a name is an attachment.
        """
        if part.disposition.value == "attachment" and (name or part.parents):
            return None
        is_html = kind == "text/html"
        before, last = self._kept[is_html]
        same = last is not None
        in_alternative = bool(part.parents) and part.parents[-1] == "alternative"
        if name and (same or (self.bodies and not in_alternative)):
            return None
        if "related" in part.parents[-1:] and not part.first:
            return None
        if in_alternative and kind not in ("text/plain", "text/html") and self.bodies:
            return None
        text = Body(kind, part.content_type.get("charset"), bytearray())
        if kind == "text/plain":
            text.flowed = (part.content_type.get("format") or "").strip().lower() == "flowed"
            text.delsp = (part.content_type.get("delsp") or "").strip().lower() == "yes"
        used = before + (len(last.data) if last else 0)
        self._kept[is_html] = used, text
        room = max(0, self.account.limits.body_bytes - used)
        saved = self.begin(part, path, name, kind) if name else None
        self.bodies.append(text)
        collect: Consumer = Collect(text.data, room, lambda: self._cut(text, path))
        if saved:
            collect = Both(collect, saved)
        if is_html:
            return collect
        count = 0

        def on_file(file_name: str) -> Consumer:
            nonlocal count
            count += 1
            self.account.parts += 1
            if self.account.parts > self.account.limits.parts:
                self.account.breach(
                    "too_many_parts", f"more than {self.account.limits.parts} parts; the rest was not read"
                )
                return Collect(bytearray(), 0)
            return Peek(self, None, f"{path}.uu{count}", file_name, "application/octet-stream")

        return UuencodeFilter(collect, on_file)

    def _cut(self, body: Body, path: str) -> None:
        body.whole = False
        self.account.warn("body_cut", f"the text of part {path} is longer than what is kept for reading")

    # ---- containers -------------------------------------------------------------------------------------------------

    def add_outlook(self, message: OutlookMessage, path: str, *, bodies: bool) -> None:
        """Take over what a winmail.dat or a .msg holds: attachments, attached mails, and bodies where there is none."""
        for problem in message.problems:
            self.account.warn("container_damaged", f"{path}: {problem}")
        if bodies:
            self.outlook = message
            if message.html and not any(b.kind == "text/html" for b in self.bodies):
                self.bodies.append(
                    Body("text/html", "utf-8", bytearray(message.html[: 1 << 20].encode("utf-8", "replace")))
                )
            if message.text and not any(b.kind != "text/html" and b.data.strip() for b in self.bodies):
                self.bodies.append(
                    Body("text/plain", "utf-8", bytearray(message.text[: 1 << 20].encode("utf-8", "replace")))
                )
        for number, item in enumerate(message.attachments, 1):
            self.account.parts += 1
            if self.account.parts > self.account.limits.parts:
                self.account.breach(
                    "too_many_parts", f"more than {self.account.limits.parts} parts; the rest was not read"
                )
                return
            self._outlook_attachment(item, f"{path}/{number}" if path else str(number))

    def take_outlook(self, message: OutlookMessage) -> None:
        """This attached mail is an Outlook message."""
        self.headers = message.headers
        self.add_outlook(message, self.path, bodies=True)
        self.mark_inline()
        self.bodies = []

    def _outlook_attachment(self, item: OutlookAttachment, path: str) -> None:
        if item.message is not None:
            if self.depth >= self.account.limits.mails_deep:
                self.account.breach(
                    "mails_too_deep", f"mails are attached more than {self.account.limits.mails_deep} deep"
                )
                return
            self.mail_inside(path, item.name).take_outlook(item.message)
            return
        if item.reference is not None:
            draft = self.begin(None, path, item.name, item.content_type or "application/octet-stream")
            draft.draft.reference = item.reference
            draft.end()
            return
        sink = Peek(
            self, None, path, item.name, item.content_type or "application/octet-stream", item.content_id, item.location
        )
        view = memoryview(item.data)
        for at in range(0, len(view), 1 << 20):
            sink.write(view[at : at + (1 << 20)])
        sink.end()

    # ---- inline or attachment ---------------------------------------------------------------------------------------

    def mark_inline(self) -> None:
        """A part is inline where the HTML shows it, whatever its disposition says (RFC 2392 for `cid:`)."""
        shown = [draft for draft in self.drafts if _can_be_shown(draft)]
        html = "".join(body.text(None) for body in self.bodies if body.kind == "text/html") if shown else ""
        if not html:
            return
        referred = referred_to(html)
        for draft in shown:
            names = {
                draft.content_id,
                draft.location,
                (draft.content_id and draft.content_id.partition("@")[0]) or None,
                draft.name,
            }
            draft.inline = bool(referred & {name.lower() for name in names if name})


def _can_be_shown(draft: Draft) -> bool:
    """Whether a part is of a kind that HTML shows; a PDF never is."""
    kind = draft.detected_type
    if kind in ("application/octet-stream", "text/plain", "application/xml"):
        kind = draft.content_type
    return kind.startswith(("image/", "audio/", "video/")) or (kind == "text/css" and kind != draft.detected_type)


def _reference(part: Part) -> str | None:
    """Where a file lies that is linked instead of attached (RFC 2017, and Mozilla's field for cloud files)."""
    given = part.headers.text("x-mozilla-cloud-part")
    if given and (found := re.search(r"\burl=\"?([^\s;\"]{1,2000})", given)):
        return found[1]
    if part.content_type.value == "message/external-body":
        return part.content_type.get("url") or part.content_type.get("site") or ""
    return None
