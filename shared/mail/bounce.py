"""Reports that a mail was not delivered: RFC 3464 and the free forms that mail servers have invented.

A report in the form of RFC 3464 is read field by field. In a free form, lines that name a recipient are looked for, with
what stands beneath them, up to where the original message begins.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from shared.mail.bounce_reasons import reason_of, reason_of_status
from shared.mail.headers import Headers, parse_header_block
from shared.model.mail import Bounce, BounceRecipient

__all__ = ["BounceEvidence", "find_bounce"]

_ADDRESS = r"[^\s<>()\[\],;:\"'|]{1,90}@[^\s<>()\[\],;:\"'|]{2,190}"
_FROM_MACHINE = re.compile(
    r"mailer[-_ ]?daemon|postmaster|mail[- ]?delivery|microsoft ?exchange|mail administrator"
    r"|mail ?subsystem|mail delivery|bounce|system administrator|mail ?router|"
    r"mdaemon|undeliver|mail_error|smtp gateway|delivery (?:subsystem|agent|system)|mailmaster"
    r"|mail-?gw|no-?reply@\S*(?:kddi|ezweb|docomo)|mails?system|email ?engine|postoffice|mta|daemon"
    r"|mail server|post_?master",
    re.I,
)
_SUBJECT = re.compile(
    r"undeliver(?:able|ed)|(?:mail|message|delivery|e-?mail)[ -](?:delivery )?(?:status|failure|failed"
    r"|error|problem|notification|delay|system|warning)|failure (?:notice|notification|delivery)"
    r"|deliver\w* (?:fail|report|problem|status|error)|returned (?:mail|e-?mail|message)"
    r"|mail system error"
    r"|(?:could|can) ?n(?:o|')t (?:be )?deliver|not (?:be )?deliver|unzustellbar|nicht zugestellt"
    r"|zustellung|undelivered mail|non[ -]?remis|non d[eé]livr|échec|no se (?:pudo|ha podido)"
    r"|no entregado|mancato recapito|mancata consegna|onbestelbaar|olevererbart|kunde inte"
    r"|ikke leveres|niedostarcz|n[ãa]o (?:foi )?entreg"
    r"|delivery (?:has )?(?:failed|delayed)|bounced?\b|warning: |there was an error sending"
    r"|user unknown|failed mail|nondeliverable|considered unsolicited bulk|ndn|rejected|message status"
    r"|delivery notification|unable to deliver|mail could not|配信|送信|エラー|退信|bad address|undelivable"
    r"|returning message|auto(?:matic)?(?:ally)? (?:reply|generated).{0,20}fail|message expired|reject"
    r"|error sending",
    re.I,
)
_BODY = re.compile(
    r"this is the qmail-send program|i'm afraid i wasn't able to deliver|(?:this|your) (?:message|mail"
    r"|e-?mail|report)[^.]{0,90}(?:could|can|was|has|have|did|were) ?n(?:o|')t (?:be "
    r"|been )?(?:deliver|reach|sent|accepted|process)|could not be delivered|undeliverable"
    r"|delivery (?:has )?failed|a message that you (?:have )?sent"
    r"|the following (?:addresses|recipients?|message|address|destination)[^.]{0,60}(?:had|fail|could"
    r"|not|error|problem|was|cannot|reach)|delivery to the following recipient"
    r"|permanent(?: fatal)? (?:error|failure)|this is (?:the|an?) (?:mail|postfix|smtp|automatically"
    r"|delivery|message|exim|informational)[^.]{0,60}(?:program|system|created|notif|fail|generat)"
    r"|message (?:was )?(?:undeliverable|not delivered|delivery)|did ?n(?:o|')t reach the following"
    r"|unable to deliver|was not delivered|failed to deliver|no valid recipients"
    r"|mail delivery (?:failed|system|error)|transcript of session|error(?:s)? (?:occur|was|were"
    r"|message)[^.]{0,40}deliver|user unknown|returned to (?:the )?sender|non delivery|non-delivery"
    r"|konnte(?:n)? nicht zugestellt"
    r"|unrouteable address|could not deliver|can(?:'t|not) (?:be )?deliver(?:ed)?|has bounced"
    r"|delivery status|rejected your message|mailbox (?:is )?full|over quota|not be (?:sent|delivered)"
    r"|error message below|requested action not taken|your message .{0,200}(?:failed|rejected|bounced"
    r"|returned)|not deliver",
    re.I | re.S,
)
_ORIGINAL = re.compile(
    r"^(?!the original message (?:was|could))(?:[-=_*# ]{0,20}(?:(?:this is |below (?:this line )?is "
    r"|the following is )?(?:a |the )?(?:copy of (?:the|your)|original|returned|undelivered|unsent"
    r"|included|beginning of the) ?(?:message|mail|email|text|body)?[^\n]{0,60}(?:follow|below|header"
    r"|message|---|:)[^\n]{0,60}|original message[^\n]{0,40}"
    r"|message header[^\n]{0,20}|the header[^\n]{0,60}original[^\n]{0,40}|return-path: <[^\n]*"
    r"|received: from [^\n]*|-+ ?(?:header|text|unsent|original|returned|included)[^\n]{0,60}"
    r"|-{5,}\s*forwarded message[^\n]*|content-type: message/(?:rfc822|delivery-status)[^\n]*"
    r"|(?:the )?(?:first|original) [^\n]{0,30}(?:lines|headers)[^\n]{0,40}"
    r"|your (?:original )?message reads[^\n]*))[ ]*$",
    re.I | re.M,
)
_RECIPIENT_LINES = (
    re.compile(rf"^[ \t>]*(?:<(?:mailto:)?({_ADDRESS})>)[ \t]*(?:[:.]|\.\.\.|$|\s+-?\s*|\(|,)", re.M | re.I),
    re.compile(rf"(?:original|final|failed|intended)?[- ]?recipients?(?: address)?[ :=]+(?:rfc822;)?\s*<?({_ADDRESS})>?", re.I),
    re.compile(rf"^[ \t]*(?:to|rcpt to|e-?mail|address|an|user|mailbox|unknown user|unknown local[- ]part|user unknown|delivery failed|invalid (?:final delivery )?(?:user|userid)|undeliverable to|failed|addresses?|could not be delivered to|user mailbox exceeds allowed size|recipient|empfänger|mail to)[ \t:=]+<?({_ADDRESS})>?", re.M | re.I),
    re.compile(rf"^[ \t]*({_ADDRESS})[ \t]*(?:$|[:(\-]|\.\.\.|\s)", re.M),
    re.compile(rf"(?:to|for|recipient|user|mailbox|address|account)[: ]+[<'\"]?({_ADDRESS})[>'\"]?", re.I),
    re.compile(rf"<({_ADDRESS})>"),
    re.compile(rf"({_ADDRESS})"),
)  # fmt: skip
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.\[])([45]\d\d)(?=[ \-]|$)")
_COMMAND = re.compile(
    r"(?:in (?:the )?reply to|after|sent|>>>|response to|to)(?: the| end of)? ?['\"`:]*\s*(helo|ehlo"
    r"|mail from|mail|rcpt to|rcpt|data|starttls|end of data)\b",
    re.I,
)
_MESSAGE_ID = re.compile(r"^[ \t>]*message-id:[ \t\n]*(<[^<>\n]{1,990}>)", re.I | re.M)
_INLINE_STATUS = re.compile(r"^(?:final-recipient|reporting-mta):", re.I | re.M)
_ESSENCE = re.compile(
    r"^\W{0,6}(?:\(?reason:|<<<|>>>|[45]\d\d[ -]|remote host said|.{0,80}(?:said|error|failed"
    r"|refused)[:,])|(?<![\d.])[45]\d\d[ -]|[45]\.\d\.\d",
    re.I,
)
MOST_TEXT = 64 << 10
_FIELD_VALUE = re.compile(r"^[^;]{0,40};\s*")


@dataclass(slots=True)
class BounceEvidence:
    """What is looked at."""

    headers: Headers
    subject: str
    sender: str
    text: str
    statuses: list[str] = field(default_factory=list)
    """The content of message/delivery-status parts."""
    originals: list[Headers] = field(default_factory=list)
    """The headers of the returned mail."""
    report_type: str = ""
    kind: str = ""


def find_bounce(evidence: BounceEvidence) -> tuple[Bounce, str] | None:
    """Answer the bounce and its reason; None for a mail that is none."""
    text = evidence.text[:MOST_TEXT]
    groups = [group for status in evidence.statuses for group in _groups(status)]
    original = _original_id(evidence)
    said, _ = _split(text)
    notification = _notification(text)
    if notification:
        return notification
    if not groups and _INLINE_STATUS.search(said):
        groups = [g for g in _groups(said[_INLINE_STATUS.search(said).start() :]) if "final-recipient" in g]  # type: ignore[union-attr]
    recipients = [r for r in map(_recipient, groups) if r]
    if recipients:
        first = next(
            (g for g in groups if g.first("final-recipient") or g.first("original-recipient") or g.first("action")),
            groups[0],
        )
        reason = _reason_of_group(first, said, recipients[0])
        return Bounce(recipients=tuple(recipients), original_message_id=original), reason
    if not _is_bounce(evidence, said):
        return None
    found = _free_form(evidence, said)
    own = next((r.diagnostic for r in found if r.diagnostic), "") or ""
    status = next((r.status for r in found if r.status), None) or _first(_STATUS, said)
    essence = _essence(said, [r.address for r in found])
    delayed = "delayed" if re.search(r"delay|warning", evidence.subject, re.I) else None
    reason = "onhold"
    for context in (own, essence, said[:6000], f"{evidence.subject} {said[:6000]}"):
        reason = reason_of(context, status, action=delayed, command=_command(said)) if context else reason
        if reason not in ("onhold", "systemerror", "contenterror"):
            break
    return Bounce(recipients=tuple(found), original_message_id=original), reason


# ---- RFC 3464 ------------------------------------------------------------------------------------------------------


def _groups(status: str) -> list[Headers]:
    """The groups of fields of one message/delivery-status part."""
    text = status.replace("\r\n", "\n").replace("\r", "\n")
    out = []
    for block in re.split(r"\n[ \t]*\n", text)[:2000]:
        headers, _ = parse_header_block(block.strip("\n").encode("utf-8", "replace"), 100)
        if headers.fields:
            out.append(headers)
    return out


def _value(headers: Headers, name: str) -> str:
    return (headers.text(name) or "").strip()


def _recipient(group: Headers) -> BounceRecipient | None:
    """A group about one recipient."""
    final = (
        _value(group, "final-recipient") or _value(group, "original-recipient") or _value(group, "x-actual-recipient")
    )
    action = _value(group, "action").lower().split(" ")[0].rstrip(";,.") or None
    if not final and not action:
        return None
    given = _value(group, "original-recipient")
    address = _address(final)
    if "@" not in address and "@" in _address(given):
        address = _address(given)
    diagnostic = _value(group, "diagnostic-code")
    status = _first(_STATUS, _value(group, "status")) or None
    return BounceRecipient(
        address=address, action=action, status=status, diagnostic=_FIELD_VALUE.sub("", diagnostic)[:2000] or None
    )


def _address(value: str) -> str:
    value = _FIELD_VALUE.sub("", value).strip().strip("<>").strip()
    found = re.search(_ADDRESS, value)
    return found[0].rstrip(".>") if found else value[:300]


def _reason_of_group(group: Headers, said: str, recipient: BounceRecipient) -> str:
    """The reason of a well-formed report."""
    diagnostic = _value(group, "diagnostic-code")
    kind = diagnostic.partition(";")[0].strip().lower() if ";" in diagnostic[:30] else ""
    action, status = recipient.action, recipient.status
    if action in ("delivered", "relayed", "expanded"):
        return "delivered"
    text = recipient.diagnostic or ""
    inner = _first(_STATUS, text)
    if (
        inner
        and status
        and (status.endswith(".0.0") or (inner[0] == status[0] and inner != status and not status.startswith("5.1.1")))
    ):
        status = inner
    command = _command(said)
    if kind == "x-unix" or "x-unix" in diagnostic.lower()[:20]:
        return reason_of(text, status, machine=True)
    if len(text) >= 12 and re.search(r"[a-z]{3}", text, re.I):
        reason = reason_of(text, status, action=action, command=command)
        if reason != "onhold":
            return reason
    elif found := reason_of_status(status):
        return found
    addresses = [recipient.address]
    for context in (_essence(said, addresses), said[:4000]):
        reason = reason_of(f"{text} {context}", status, action=action, command=command)
        if reason != "onhold":
            return reason
    return "onhold"


# ---- free forms ----------------------------------------------------------------------------------------------------


def _is_bounce(evidence: BounceEvidence, said: str) -> bool:
    """Whether a mail without a delivery status is a report all the same: two of four signs."""
    headers = evidence.headers
    if "x-failed-recipients" in headers or evidence.report_type in ("delivery-status",):
        return True
    machine = bool(_FROM_MACHINE.search(evidence.sender))
    subject = bool(_SUBJECT.search(evidence.subject))
    body = bool(_BODY.search(said[:5000]))
    empty_path = (headers.first("return-path") or b"x").strip() in (b"<>", b"", b"<MAILER-DAEMON>")
    return machine + subject + body + empty_path >= 2 and (body or subject)


def _split(text: str) -> tuple[str, str]:
    """What the report says, and the original message behind it."""
    found = _ORIGINAL.search(text)
    while found and not re.search(r"[a-z]{3}", text[: found.start()], re.I):
        found = _ORIGINAL.search(text, found.end())
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def _free_form(evidence: BounceEvidence, said: str) -> list[BounceRecipient]:
    """Recipients and what is said about them, from running text."""
    addresses: dict[str, int] = {}
    failed = (evidence.headers.text("x-failed-recipients") or "")[:10_000]
    for address in re.findall(_ADDRESS, failed)[:1000]:
        at = said.find(address)
        addresses.setdefault(address, max(at, 0))
    own = {a.lower() for a in re.findall(_ADDRESS, (evidence.headers.text("to") or "")[:10_000])}
    for pattern in _RECIPIENT_LINES:
        if addresses:
            break
        for found in list(pattern.finditer(said))[:200]:
            address = found[1].rstrip(".,")
            if (
                "@" in address
                and not re.match(r"(?:postmaster|mailer-daemon|abuse|support|help)@", address, re.I)
                and address.lower() not in own
            ):
                addresses.setdefault(address, found.start())
    out = []
    places = sorted(addresses.items(), key=lambda item: item[1])
    for number, (address, at) in enumerate(places[:1000]):
        end = places[number + 1][1] if number + 1 < len(places) else len(said)
        diagnostic = re.sub(r"\s+", " ", said[at:end]).strip()[:2000]
        if len(diagnostic) < len(address) + 15:
            diagnostic = re.sub(r"\s+", " ", said[max(0, at - 1500) : end]).strip()[-2000:]
        out.append(
            BounceRecipient(
                address=address, action="failed", status=_first(_STATUS, diagnostic), diagnostic=diagnostic or None
            )
        )
    if not out:
        original = next(iter(evidence.originals), None)
        address = _first(re.compile(_ADDRESS), original.text("to") or "") if original else None
        text = re.sub(r"\s+", " ", said).strip()[:2000]
        out.append(
            BounceRecipient(
                address=address or "", action="failed", status=_first(_STATUS, text), diagnostic=text or None
            )
        )
    return out


def _essence(said: str, addresses: list[str]) -> str:
    """The lines that name a recipient or quote a server, with the two beneath each."""
    out, left = [], 0
    for line in said.splitlines()[:2000]:
        if any(a and a in line for a in addresses) or _ESSENCE.search(line[:400]):
            left = 3
        if left:
            out.append(line)
            left -= 1 if line.strip() else 0
    return "\n".join(out)[:8000]


def _notification(text: str) -> tuple[Bounce, str] | None:
    """Amazon's notification about a mail, in JSON."""
    start = text.lstrip()
    if not start.startswith("{") or not re.search(r'"(?:notificationType|eventType)"', start[:2000]):
        return None
    try:
        told, _ = json.JSONDecoder().raw_decode(re.sub(r"\\u[dD][89a-fA-F]..", "?", start))
        kind = str(told.get("notificationType") or told.get("eventType"))
        mail = told.get("mail") or {}
        message_id = (mail.get("commonHeaders") or {}).get("messageId") or None
        if kind == "Delivery":
            people = [
                BounceRecipient(address=str(a), action="delivered") for a in told["delivery"]["recipients"][:1000]
            ]
            return Bounce(recipients=tuple(people), original_message_id=message_id), "delivered"
        if kind != "Bounce":
            return None
        people = [
            BounceRecipient(
                address=str(one.get("emailAddress", "")),
                action=one.get("action"),
                status=one.get("status"),
                diagnostic=one.get("diagnosticCode"),
            )
            for one in told["bounce"]["bouncedRecipients"][:1000]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not people:
        return None
    reason = reason_of(people[0].diagnostic or "", people[0].status, action=people[0].action)
    return Bounce(recipients=tuple(people), original_message_id=message_id), reason


def _original_id(evidence: BounceEvidence) -> str | None:
    """The Message-ID of the mail that was not delivered."""
    for headers in evidence.originals:
        if found := re.search(r"<[^<>]{1,990}>", headers.text("message-id") or ""):
            return found[0]
    _, original = _split(evidence.text)
    found = _MESSAGE_ID.search(original) or _MESSAGE_ID.search(evidence.text)
    return found[1] if found else None


def _command(text: str) -> str | None:
    """The SMTP command that was refused."""
    found = _COMMAND.search(text[:8000])
    if not found:
        return None
    word = found[1].upper().split()[0]
    return "DATA" if word == "END" else word


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return (found[1] if pattern.groups else found[0]) if found else None
