"""A forwarded message, taken apart: who wrote it, to whom, when, about what, and the comment above it.

Only a structured block counts: a separator line with a header under it, or a header alone. An address somewhere in the text
never makes its owner the author.
"""

from __future__ import annotations

import re

from shared.mail.addresses import parse_addresses
from shared.mail.quotation import (
    CUT,
    QuotedHeader,
    header_block,
    introduction,
    is_quoted,
    separator,
    unquote,
    without_marks,
)
from shared.model.mail import Forwarded, Person

__all__ = ["find_forwarded"]

MOST_LINES = 8_000
_MAILTO = re.compile(r"[\[<(]\s*(?:mailto|smtp):\s*([^\]>)\s]{3,320})\s*[\]>)]", re.I)
_DOUBLE = re.compile(r"<?([^\s<>]{1,90}@[^\s<>]{1,200})<mailto:[^<>]{1,320}>>?", re.I)
_RULE = re.compile(r"^\s*[-_=*–—]{3,}\s*$")
_FORWARD_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{0,40}\]\s*)?(?:fwd?|wg|vs|vb|tr|rv|i|doorst|pd|enc|vl|vid|fs|fwd\.|转发|轉寄|転送"
    r"|пер)\s*(?:\[\d+\])?\s*[:：]",
    re.I,
)
_REPLY_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{0,40}\]\s*)?(?:re|aw|sv|antw|odp|ref|res|vá|rif|ynt|回复|答复)\s*(?:\[\d+\])?\s*[:：]", re.I
)


def find_forwarded(text: str, subject: str | None = None) -> Forwarded | None:
    """Answer the first forwarded block of a text, or None.

    A quoted header without the words of a forward also stands above answers (Outlook): with a subject that says reply it is
    none.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MOST_LINES]
    is_reply = bool(subject and _REPLY_SUBJECT.match(subject))
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        kind = separator(line)
        if kind and (kind == "forward" or not is_reply):
            begin = at + 1
            while begin < len(lines) and begin < at + 8 and (not unquote(lines[begin]).strip() or lines[begin] == CUT):
                begin += 1
            block = header_block(lines, begin) if begin < len(lines) else None
            if block:
                return _forwarded(lines, at, block)
        elif kind is None and not is_reply and (block := header_block(lines, at)):
            return _forwarded(lines, at, block)
        elif not is_quoted(line) and (count := introduction(lines, at)):
            following = at + count
            if not any(separator(x) == "forward" for x in lines[following : following + 400]):
                return None  # an answer; what it quotes is not forwarded
        at += 1
    return None


def _forwarded(lines: list[str], at: int, block: QuotedHeader) -> Forwarded:
    """The parts around a quoted header."""
    top = lines[:at]
    while top and (not top[-1].strip() or _RULE.match(top[-1]) or top[-1] == CUT):
        top.pop()
    body, bottom = lines[block.end :], list[str]()
    if is_quoted(lines[at]):
        for index, line in enumerate(body):
            if line.strip() and not is_quoted(line):
                body, bottom = body[:index], body[index:]
                break
        body = [unquote(line) for line in body]
    fields = block.fields
    senders = _people(fields.get("from"))
    return Forwarded(
        text_top=without_marks("\n".join(top)).strip(),
        from_=senders[0] if senders else None,
        to=tuple(_people(fields.get("to"))),
        cc=tuple(_people(fields.get("cc"))),
        date=fields.get("date") or None,
        subject=fields.get("subject"),
        text=without_marks("\n".join(body)).strip("\n").rstrip(),
        text_bottom=without_marks("\n".join(bottom)).strip(),
    )


def _people(value: str | None) -> list[Person]:
    """The persons in a quoted header."""
    if not value:
        return []
    value = _MAILTO.sub(r"<\1>", _DOUBLE.sub(r"<\1>", value[:20_000])).replace("<<", "<").replace(">>", ">")
    value = re.sub(r"\[([^\]\s]{1,90}@[^\]\s]{1,200})\]", r"<\1>", value)
    return parse_addresses(value.encode("utf-8", "replace"))
