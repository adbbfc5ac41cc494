"""Where in a text somebody else begins to speak: introductions, quoted headers, separators (for `reply` and `forward`).

Everything works on single lines, or on a few joined ones, of bounded length: no input takes more than linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from shared.mail.languages import FORWARD, LABELS, ORIGINAL, WROTE

__all__ = [
    "CUT",
    "QUOTE",
    "QuotedHeader",
    "header_block",
    "introduction",
    "is_quoted",
    "marker",
    "separator",
    "unquote",
    "without_marks",
]

QUOTE = "\ue000"
"""Put by `html_text` before lines of a quoted block."""
CUT = "\ue001"
"""Put by `html_text` where a mail program marks the beginning of the quoted message."""

LONGEST_LINE = 600
_QUOTED = re.compile(rf"^\s{{0,3}}(?:{QUOTE}|>|\|(?=\s|$)|&gt;)")
_PREFIX = re.compile(rf"^(?:[ \t]{{0,3}}(?:{QUOTE}|>)[ \t]?)+")
_MARKER = re.compile(
    r"(?:reply|respond|type|write)[^\n]{0,40} above (?:this|the) (?:line|text|email)|please (?:reply"
    r"|type|write|respond)[^\n]{0,30}above|antwort(?:en sie)?[^\n]{0,30} (?:über"
    r"|oberhalb)[^\n]{0,20}zeile|(?:schreiben|geben) sie ihre antwort|r[ée]pon(?:dre"
    r"|dez)[^\n]{0,30}au-dessus"
    r"|(?:typ|schrijf|antwoord|reageer)[^\n]{0,30} boven (?:deze|de) (?:regel|lijn)|(?:skriv"
    r"|svar)[^\n]{0,40} (?:over|ovenfor|ovanför) (?:denne|den här|linjen|denna|raden)"
    r"|respond[ae][^\n]{0,30}encima de|escriba su respuesta (?:por )?encima|rispond[^\n]{0,30}sopra"
    r"|odpowiedz[^\n]{0,30}powyżej|responda acima|kirjoita[^\n]{0,40}yläpuolelle",
    re.I,
)
_LABEL = re.compile(
    r"^[\s>*_]{0,8}([^\W\d_](?:[\w .'’´-]{0,24}[^\W_]|))[*_ \u00a0]{0,4}\s?[:：][*_ ]{0,3}[ \t\u00a0]*(.{0,600})$", re.S
)
_DATE = (
    r"(?:\d{1,4}[./\- ]{1,2}\s?(?:\d{1,2}|[^\W\d_]{3,12}\.?)[./\-, ]{1,2}\s?\d{1,4}"
    r"|[^\W\d_]{3,12}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{4}年\s?\d{1,2}月\s?\d{1,2}日|\d{1,2}:\d{2}"
    r"|\d{1,2}\.\d{2}|\d{1,2}[hH]\d{2}|[^\W\d_]{3,9}-\d{1,2}-\d{2,4}"
    r"|\d{1,2}\. [^\W\d_]{3,12}\.? \d{2,4}|\d{1,2} de [^\W\d_]{4,10})"
)
_MAIL = r"[^\s<>\"'(\[]{1,90}@[^\s<>\"')\]]{2,120}"
_VERB = re.compile(rf"(?<![\w-])(?:{WROTE})(?![\w-])|(?:写道|寫道|のメッセージ)", re.I)
_HAS_DATE, _HAS_MAIL = re.compile(_DATE), re.compile(_MAIL)
_START = re.compile(
    r"^\s*[-–—_*>=\s]{0,12}(?:on|at|in|am|den|le|el|il|em|op|dnia|w dniu|dne|pe|la|em|em \w+|på|ti|ke"
    r"|to|pe|ma|la|su|on \w+|the|quoting|à|a |da|vào|tarihinde|\d|[^\W\d_]{2,12}[.,]? \d|[\"'“<\w])",
    re.I,
)
_LEAD = re.compile(r"^[-–—_*>=\s]{0,12}(?:on|am|at|den|le|el|il|em|op|dnia|w dniu|dne|la|på|quoting)\b", re.I)
_SENTENCE_END = re.compile(r"[^\d\W][.!?]$")
_ENDING = re.compile(r"(?:[:：]|wrote|schrieb)\s*[-*_>]{0,9}$")
_START_OF_ONE = re.compile(r"^(?:on|am|at|den|le|el|il|em|op|dnia|w dniu|dne|\d{1,4}[-./])\b", re.I)
_DATE_FIRST = re.compile(
    rf"^\s*(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}"
    rf"|\d{{1,2}}:\d{{2}}(?: ?[AP]M)?,"
    rf"|(?:[^\W\d_]{{2,12}}[.,] )?\d{{1,2}}\.? [^\W\d_]{{3,12}}\.?,? \d{{4}}"
    rf"|[^\W\d_]{{3,12}}[.,]? [^\W\d_]{{3,12}} \d{{1,2}},? \d{{4}}).{{0,240}}?<?{_MAIL}>?[^:：]{{0,40}}[:：]?\s*$",
    re.S,
)
_GMT_FIRST = re.compile(r"^\s*\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} (?:GMT|UTC)[+-]\d{1,2}:?\d{2} .{1,120}$")
_NAME_WROTE = re.compile(rf"^\s*[-–—_*=]{{2,}}\s*.{{0,200}}(?:{WROTE}).{{0,120}}[-–—_*=]{{2,}}\s*$", re.I)
_SHARED = re.compile(rf"(?<=\S)\s*-{{2,}} ?(?:on|am|le|den|op|el|il) .{{4,200}} (?:{WROTE}):?\s*$", re.I)
_RULE = r"[-–—_=*~+#]"
_SEPARATOR = re.compile(
    rf"^[\s>*{QUOTE}]{{0,8}}(?:({_RULE}{{2,}})\s*)?[*_]?(?:(?P<forward>{FORWARD})"
    rf"|(?P<original>{ORIGINAL}))[*_]?\s*([:：])?\s*({_RULE}{{2,}})?[*\s]*$",
    re.I,
)


def without_marks(text: str) -> str:
    """The text without the marks that `html_text` put."""
    if CUT in text:
        text = "\n".join(line for line in text.split("\n") if line != CUT)
    return text.replace(QUOTE, "") if QUOTE in text else text


def is_quoted(line: str) -> bool:
    """Whether the line is marked as a quotation."""
    return bool(_QUOTED.match(line))


def unquote(line: str) -> str:
    """The line without its quotation marks."""
    return _PREFIX.sub("", line)


def marker(line: str) -> bool:
    """Whether this is `please reply above this line`."""
    return len(line) < 300 and bool(_MARKER.search(line))


def separator(line: str) -> str | None:
    """`forward` or `original` for a line like `----- Original Message -----`."""
    if len(line) > 300:
        return None
    found = _SEPARATOR.match(line)
    if not found:
        return None
    kind = "forward" if found["forward"] else "original"
    dressed = found[1] or found[5] or found[4]
    begins = re.match(
        r"^[\s>*\ue000]*(?:begin|start|anfang|début|debut|inicio|inizio|início|początek|början|alkaa)", line, re.I
    )
    return kind if dressed or begins else None


def introduction(lines: list[str], at: int) -> int:
    """How many lines from `at` on introduce a quotation (`On … Somebody wrote:`); 0 for none."""
    first = lines[at]
    if len(first) > LONGEST_LINE or not _START.match(first):
        return 0
    if _NAME_WROTE.match(first):
        return 1
    if _GMT_FIRST.match(first) and (at + 1 >= len(lines) or not lines[at + 1].strip()):
        return 1
    quoted = is_quoted(first)
    joined = (unquote(first) if quoted else first).strip()
    if _is_introduction(joined):
        return 1
    if not (_LEAD.match(joined) or _HAS_DATE.search(joined) or "@" in joined) or _SENTENCE_END.search(joined):
        return 0
    rest = ""
    for count in range(2, 6):
        if at + count > len(lines):
            return 0
        line = lines[at + count - 1]
        bare = (unquote(line) if quoted else line).strip()
        if not bare or len(joined) + len(bare) > LONGEST_LINE:
            return 0
        joined, rest = f"{joined} {bare}", f"{rest} {bare}".strip()
        if _is_introduction(joined):
            return 0 if _is_introduction(rest) and not rest.startswith("<") and _START_OF_ONE.match(rest) else count
    return 0


_LEAD_AND_NUMBER = re.compile(r"^(?:on|am|le|el|il|den|op|em|at|w dniu|dnia)\b.{2,80}\d", re.I)
_NAME_ALONE = re.compile(
    r"^[\"']?[^\W\d_][\w .,'’-]{1,50}[\"']? "
    r"(?:wrote|schrieb|schreef|skrev|a écrit|escribió|ha scritto|napisał|escreveu|kirjoitti)\s*:$",
    re.I,
)


def _is_introduction(text: str) -> bool:
    """Whether this one line introduces a quotation."""
    text = text.strip().strip("*_").strip()
    if not text.endswith((":", "：")) and "@" not in text and not _ENDING.search(text):
        return False
    has_mail, has_date = bool(_HAS_MAIL.search(text)), bool(_HAS_DATE.search(text))
    ends = text.endswith((":", "：")) or bool(_ENDING.search(text))
    verb = next(reversed(list(_VERB.finditer(text))), None)
    if verb is not None and ends:
        after = text[verb.end() :]
        if len(after) > 120 or ("." in after.rstrip(":：. ")[-1:] and not has_date):
            return False
        return has_mail or has_date or bool(_LEAD_AND_NUMBER.match(text) or _NAME_ALONE.match(text))
    if (
        verb is not None
        and has_mail
        and has_date
        and re.match(r"^(?:on|am|le|el|il|den|op|em)\b", text, re.I)
        and verb.end() == len(text)
    ):
        return True
    return has_mail and has_date and bool(_DATE_FIRST.match(text))


def shared_line(line: str) -> int:
    """Where on a line that somebody typed into, the introduction begins; -1 for none."""
    if len(line) > LONGEST_LINE or "--" not in line:
        return -1
    found = _SHARED.search(line)
    return found.start() if found else -1


@dataclass(slots=True)
class QuotedHeader:
    """A header that stands in the text above a quoted message."""

    fields: dict[str, str] = field(default_factory=dict)
    end: int = 0
    """The line behind it."""


def header_block(lines: list[str], at: int) -> QuotedHeader | None:
    """The quoted header that begins at line `at`, or None."""
    first = _label(lines[at])
    if not first or first[0] in ("other", "cc", "bcc", "reply_to"):
        return None
    quoted = is_quoted(lines[at])
    block = QuotedHeader()
    index, last, blanks = at, "", 0
    while index < len(lines) and index < at + 40:
        line = lines[index]
        bare = unquote(line) if quoted else line
        if not bare.strip():
            blanks += 1
            following = _label(lines[index + 1]) if index + 1 < len(lines) else None
            if not following or following[0] in block.fields or blanks > 8 or following[0] == "other":
                break
            index += 1
            continue
        label = _label(line)
        if label and (label[0] not in block.fields or label[0] == "other"):
            last = label[0]
            block.fields.setdefault(last, label[1])
        elif (
            last
            and (bare[:1] in " \t" or _continues(block.fields[last], bare, last))
            and len(block.fields[last]) < 20_000
        ):
            block.fields[last] = f"{block.fields[last]} {bare.strip()}".strip()
        else:
            break
        index += 1
    block.end = index
    known = set(block.fields) - {"other"}
    enough = ("from" in known and known & {"date", "to", "subject"}) or {"date", "to", "subject"} <= known
    return block if enough else None


def _continues(value: str, line: str, field_name: str) -> bool:
    """Whether a line without label goes on with the field above it."""
    if field_name == "other":
        return False
    if field_name in ("to", "cc", "bcc", "from", "reply_to"):
        if value.rstrip().endswith((",", ";", "<")) or value.endswith(" ") or line.lstrip().startswith(("<", "[")):
            return True
        listed = ";" in line or line.rstrip().endswith((">", ">,", "]"))
        return "@" in line and (not value or (len(line) < 200 and listed))
    return len(value) > 55 or not value or (field_name == "subject" and len(line) < 40 and "." not in line)


def _label(line: str) -> tuple[str, str] | None:
    """The field and the value of a line `Label: value`."""
    if len(line) > LONGEST_LINE * 4:
        line = line[: LONGEST_LINE * 4]
    found = _LABEL.match(unquote(line)[: LONGEST_LINE + 40])
    if not found:
        return None
    name = LABELS.get(re.sub(r"\s+", " ", found[1]).strip().lower())
    if name is None:
        return None
    return name, found[2].strip().strip("*_").strip() if "*" in line else found[2].strip()
