"""What the sender newly wrote: the text without quotation, the signature apart.

Whoever answers between the quoted lines keeps every answer. Where nothing would be left, the whole text is the reply: an
answer is never eaten. The full text is always kept beside it.
"""

from __future__ import annotations

import re

from shared.mail.languages import MOBILE, SIGN_OFF
from shared.mail.quotation import (
    CUT,
    header_block,
    introduction,
    is_quoted,
    marker,
    separator,
    shared_line,
    without_marks,
)
from shared.model.mail import Reply

__all__ = ["find_reply"]

MOST_LINES = 8_000
LONGEST_SIGNATURE = 25
_RULE = re.compile(r"^\s*(?:[-–—_=*~+#·•ᐧ]\s?){2,}\s*$|^\s*[ᐧ—–]\s*$")
_SIGNATURE = re.compile(r"^\s{0,2}(?:-- ?|--|––|—|__+|-{2,3} ?|\u2014{1,2})\s*$")
_EMPTY = re.compile(r"^[\s\u200b\u200c\u200d\ufeff\u00a0]*$")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\ufeff\u2060]")


def find_reply(text: str) -> Reply:
    """Take a text apart; lines from HTML carry the marks of `quotation.QUOTE` and `quotation.CUT`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    segments, quoted = _segments(lines[:MOST_LINES])
    if len(lines) > MOST_LINES and not quoted:
        segments[-1] += lines[MOST_LINES:]
    signature: str | None = None
    kept: list[str] = []
    for segment in segments:
        body, cut = _without_signature(segment)
        kept += ["", *body] if kept and body else body
        signature = signature or cut
    while kept and (_EMPTY.match(kept[-1]) or _RULE.match(kept[-1])):
        kept.pop()
    while kept and _EMPTY.match(kept[0]):
        kept.pop(0)
    reply = "\n".join(kept)
    if not _INVISIBLE.sub("", reply).strip():
        return Reply(text=without_marks(text).strip("\n"), signature=None, quoted=False)
    return Reply(text=without_marks(reply), signature=without_marks(signature) if signature else None, quoted=quoted)


def _segments(lines: list[str]) -> tuple[list[list[str]], bool]:
    """The runs of lines between quotations, and whether there was any."""
    segments: list[list[str]] = [[]]
    quoted = False
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith(CUT) or marker(line):
            return segments, True
        if is_quoted(line):
            quoted = True
            if segments[-1]:
                segments.append([])
            at += 1
            continue
        if _EMPTY.match(line):
            segments[-1].append("")
            at += 1
            continue
        if (kind := separator(line)) and (
            kind == "forward" or (at + 1 < len(lines) and any(x.strip() for x in lines[at + 1 :]))
        ):
            return segments, True
        if header_block(lines, at):
            return segments, True
        if (shared := shared_line(line)) > 0:
            segments[-1].append(line[:shared].rstrip())
            return segments, True
        count = introduction(lines, at)
        if count:
            following = _next_text(lines, at + count)
            if following is None:
                if any(s.strip() for s in segments[-1]) or len(segments) > 1:
                    return segments, True
            elif is_quoted(lines[following]):
                quoted = True
                at += count
                continue
            elif any(s.strip() for segment in segments for s in segment):
                return segments, True
        segments[-1].append(line)
        at += 1
    return segments, quoted


def _next_text(lines: list[str], at: int) -> int | None:
    """The next line that is not empty."""
    for index in range(at, min(len(lines), at + 200)):
        if not _EMPTY.match(lines[index]):
            return index
    return None


def _without_signature(segment: list[str]) -> tuple[list[str], str | None]:
    """Cut the signature off a run of lines."""
    filled = [i for i, line in enumerate(segment) if line.strip()]
    behind = len(filled)  # lines with text from here on
    for at, line in enumerate(segment):
        behind -= bool(line.strip())
        if behind <= LONGEST_SIGNATURE and (behind or at) and _SIGNATURE.match(line):
            return segment[:at], _joined(segment[at + 1 :])
        if len(line) < 200 and MOBILE.match(line):
            return segment[:at], _joined(segment[at:])
    for index in filled[-10:]:
        if SIGN_OFF.match(segment[index]):
            after = [segment[i].strip() for i in filled if i > index]
            if 2 <= len(after) <= 9 and all(len(x) < 90 for x in after) and index > filled[0]:
                return segment[:index], _joined(segment[index:])
            break
    return segment, None


def _joined(lines: list[str]) -> str | None:
    return "\n".join(lines).strip() or None
