"""What the server's answers mean: from the pieces of untagged responses to plain values. Tokens are read by IMAPClient's parser.

Everything here is bounded by what `Stream` let through, and raises nothing but `ServiceUnavailable`, whatever it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from imapclient.exceptions import ProtocolError
from imapclient.response_parser import parse_response

from shared.sources.imap.errors import protocol
from shared.sources.imap.names import INBOX
from shared.sources.imap.wire import Reply, Untagged

UNKNOWN_TIME: Final = datetime.fromtimestamp(0, UTC)
_DATED = re.compile(rb'\bUID (\d{1,10})\b|\bINTERNALDATE "([^"]{1,40})"', re.IGNORECASE)
_TIME = re.compile(r" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\Z")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COPIED = re.compile(rb"(\d{1,10}) (\d{1,10}) (\d{1,10})\Z")
_WHAT: Final = "reading its answer"
_APPENDED = re.compile(rb"(\d{1,10}) (\d{1,10})\Z")


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """One folder of LIST (RFC 3501 section 7.2.2, RFC 6154). Attributes are in lower case, with their backslash."""

    name: str
    separator: str
    attributes: frozenset[str]


def fetched(reply: Reply) -> dict[int, dict[str, Any]]:
    """What FETCH gave, by UID; names of items in capitals. What has no UID was not asked for and is left out."""
    mails: dict[int, dict[str, Any]] = {}
    for tokens in _responses(reply.lines("FETCH")):
        if len(tokens) < 2 or not isinstance(tokens[1], tuple) or len(tokens[1]) % 2:
            raise protocol("a mail in the answer cannot be read", _WHAT)
        items = {
            name.decode("latin-1").upper(): value
            for name, value in zip(tokens[1][::2], tokens[1][1::2], strict=True)
            if isinstance(name, bytes)
        }
        uid = items.get("UID")
        if isinstance(uid, int):
            mails.setdefault(uid, {}).update(items)
    return mails


def dated(reply: Reply) -> dict[int, datetime]:
    """When mails were received, by UID, from a FETCH of nothing else: the short way for many of them."""
    dates: dict[int, datetime] = {}
    for piece in reply.lines("FETCH"):
        uid, moment = None, None
        for found in _DATED.finditer(piece if isinstance(piece, bytes) else piece[0]):
            uid = int(found[1]) if found[1] else uid
            moment = internal_date(found[2]) if found[2] else moment
        if uid is not None:
            dates[uid] = moment or dates.get(uid, UNKNOWN_TIME)
    return dates


def internal_date(value: object) -> datetime:
    """The time in an INTERNALDATE, in UTC; the epoch where it cannot be read."""
    found = _TIME.match(value.decode("latin-1")) if isinstance(value, bytes) else None
    if found is None or found[2].lower() not in _MONTHS:
        return UNKNOWN_TIME
    day, year, hour, minute, second = (int(found[at]) for at in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(found[8]), minutes=int(found[9])) * (-1 if found[7] == "-" else 1)
    try:
        month = _MONTHS.index(found[2].lower()) + 1
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return UNKNOWN_TIME


def searched(reply: Reply) -> list[int]:
    """UIDs that SEARCH found, in their order, each once."""
    uids: set[int] = set()
    for piece in reply.lines("SEARCH"):
        text = piece if isinstance(piece, bytes) else b""
        words = text.partition(b"(")[0].split()  # behind it stands MODSEQ (RFC 7162)
        if not all(word.isdigit() and len(word) <= 10 for word in words):
            raise protocol("the result of a search cannot be read", _WHAT)
        uids.update(map(int, words))
    return sorted(uids)


def listed(reply: Reply) -> list[ListedFolder]:
    """The folders of LIST."""
    folders: list[ListedFolder] = []
    for tokens in _responses(reply.lines("LIST")):
        if len(tokens) < 3 or not isinstance(tokens[0], tuple):
            raise protocol("a folder in the answer cannot be read", _WHAT)
        attributes, separator, name = tokens[:3]
        text = _name(name)
        if text.upper() == INBOX:
            text = INBOX  # the one name whose case means nothing
        flags = frozenset(flag.decode("latin-1").lower() for flag in attributes if isinstance(flag, bytes))
        folders.append(ListedFolder(text, _name(separator)[:1] if separator is not None else "", flags))
    return folders


def statuses(reply: Reply) -> dict[str, dict[str, int]]:
    """What STATUS said, by the name of the folder; names of the counters in capitals."""
    found: dict[str, dict[str, int]] = {}
    for tokens in _responses(reply.lines("STATUS")):
        if len(tokens) < 2 or not isinstance(tokens[1], tuple):
            raise protocol("the state of a folder cannot be read", _WHAT)
        name = _name(tokens[0])
        pairs = zip(tokens[1][::2], tokens[1][1::2], strict=False)
        found[INBOX if name.upper() == INBOX else name] = {
            key.decode("latin-1").upper(): value
            for key, value in pairs
            if isinstance(key, bytes) and isinstance(value, int)
        }
    return found


def personal_prefix(reply: Reply) -> str:
    """Prefix of the personal namespace (RFC 2342), or empty."""
    for tokens in _responses(reply.lines("NAMESPACE")):
        personal = tokens[0] if tokens else None
        if isinstance(personal, tuple) and personal and isinstance(personal[0], tuple) and personal[0]:
            return _name(personal[0][0])
    return ""


def copied(reply: Reply) -> tuple[int, int] | None:
    """UIDVALIDITY and UID that a single mail got by COPY or MOVE (RFC 4315); None where the server does not say."""
    found = [_COPIED.match(piece) for piece in reply.lines("COPYUID") if isinstance(piece, bytes)]
    return next(((int(match[1]), int(match[3])) for match in found if match), None)


def appended(reply: Reply) -> tuple[int, int] | None:
    """UIDVALIDITY and UID that a mail got by APPEND (RFC 4315); None where the server does not say."""
    found = [_APPENDED.match(piece) for piece in reply.lines("APPENDUID") if isinstance(piece, bytes)]
    return next(((int(match[1]), int(match[2])) for match in found if match), None)


def flags_of(value: object) -> tuple[str, ...]:
    """The flags in a FLAGS item or a PERMANENTFLAGS code."""
    if isinstance(value, bytes):
        value = tuple(value.strip(b"() ").split())
    if not isinstance(value, tuple):
        return ()
    return tuple(_name(flag) for flag in value if isinstance(flag, bytes | int))


def body_of(items: dict[str, Any], section: str) -> bytes | None:
    """The bytes of a body section in fetched items; None where the server gave none."""
    for name, value in items.items():
        if name.startswith(section):
            # a number in place of a string is a short body that was written without quotes
            return b"%d" % value if isinstance(value, int) else value if isinstance(value, bytes) else None
    return None


def _responses(pieces: Iterable[Untagged]) -> Iterator[tuple[Any, ...]]:
    """The tokens of each response: pieces with a literal go on in the next."""
    response: list[Untagged] = []
    for piece in pieces:
        response.append(piece)
        if isinstance(piece, tuple):
            continue
        try:
            yield parse_response(response)
        except (ProtocolError, ValueError, RecursionError, StopIteration, RuntimeError) as error:
            raise protocol("the answer cannot be read", _WHAT) from error
        response = []


def _name(token: object) -> str:
    """A token that stands for a string: the parser makes numbers and None of what looks so."""
    if token is None:
        return "NIL"
    return token.decode("latin-1") if isinstance(token, bytes) else str(token)
