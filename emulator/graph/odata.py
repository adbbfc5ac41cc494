"""The query options: ``$select``, ``$filter``, ``$orderby`` (Graph: query-parameters, user-list-messages)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from emulator.clock import parse_iso
from emulator.errors import GraphError, bad_request
from emulator.state import Message

_COMPARISON = re.compile(r"\s*([A-Za-z/]+)\s+(eq|ne|ge|gt|le|lt)\s+('(?:[^']|'')*'|[^\s()]+)\s*")
_STARTS = re.compile(r"\s*startswith\(\s*([A-Za-z/]+)\s*,\s*('(?:[^']|'')*')\s*\)\s*", re.IGNORECASE)
_ANY = re.compile(r"\s*categories/any\(\s*(\w+)\s*:\s*\1\s+eq\s+('(?:[^']|'')*')\s*\)\s*", re.IGNORECASE)

Value = str | bool | datetime
Test = Callable[[Message], bool]

_FIELDS: dict[str, Callable[[Message], Value]] = {
    "receiveddatetime": lambda m: m.received,
    "lastmodifieddatetime": lambda m: m.modified,
    "isread": lambda m: m.is_read,
    "isdraft": lambda m: m.is_draft,
    "hasattachments": lambda m: m.has_attachments(inline_counts=False),
    "internetmessageid": lambda m: m.summary.message_id,
    "subject": lambda m: m.summary.subject,
    "importance": lambda m: m.importance or m.summary.importance,
    "conversationid": lambda m: conversation_id(m),
    "from/emailaddress/address": lambda m: m.summary.from_.address if m.summary.from_ else "",
    "sender/emailaddress/address": lambda m: m.summary.sender.address if m.summary.sender else "",
    "flag/flagstatus": lambda m: str(m.flag["flagStatus"]),
}


def conversation_id(message: Message) -> str:
    """The conversation, by the first reference."""
    digest = message.summary.thread.encode().hex()
    return f"AAQk{digest[:60]:A<60}"


def read_select(query: dict[str, str]) -> list[str] | None:
    """The selected properties, or None for the default ones."""
    text = query.get("$select")
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def read_order(query: dict[str, str]) -> tuple[str, bool] | None:
    """The property to sort by, in lower case, and whether descending."""
    text = query.get("$orderby", "").split(",")[0].strip()
    if not text:
        return None
    name, _, direction = text.partition(" ")
    if name.lower() not in _FIELDS or direction.strip().lower() not in ("", "asc", "desc"):
        raise bad_request(
            f"Could not find a property named '{name}' on type 'microsoft.graph.message'.", "RequestBroker--ParseUri"
        )
    return name.lower(), direction.strip().lower() == "desc"


def sort_key(name: str) -> Callable[[Message], tuple[Value, str]]:
    """The key to sort messages by a property."""
    value = _FIELDS[name]
    return lambda message: (value(message), message.key)


def read_filter(query: dict[str, str]) -> tuple[Test | None, list[str]]:
    """The filter as a test, and the properties in it in their order.

    Raises:
        GraphError: It cannot be read, or ``$orderby`` and ``$filter`` do not fit each other (InefficientFilter).
    """
    text = query.get("$filter")
    order = read_order(query)
    if not text:
        return None, []
    test, names = _parse_or(text)
    if order and (not names or names[0] != order[0]):
        raise GraphError(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")
    return test, names


def _parse_or(text: str) -> tuple[Test, list[str]]:
    tests: list[list[Test]] = []
    names: list[str] = []
    for alternative in _split(text, "or"):
        group: list[Test] = []
        for term in _split(alternative, "and"):
            test, name = _parse_term(term)
            group.append(test)
            names.append(name)
        tests.append(group)
    return lambda m: any(all(test(m) for test in group) for group in tests), names


def _split(text: str, word: str) -> Iterable[str]:
    """Split at the word outside of quotes."""
    pieces = re.split(rf"('(?:[^']|'')*')|\s+{word}\s+", text, flags=re.IGNORECASE)
    current = ""
    for index in range(0, len(pieces), 2):
        current += pieces[index] or ""
        quoted = pieces[index + 1] if index + 1 < len(pieces) else None
        if index + 1 >= len(pieces) or quoted is None:
            yield current
            current = ""
        else:
            current += quoted


def _parse_term(term: str) -> tuple[Test, str]:
    any_category = _ANY.fullmatch(term)
    if any_category:
        wanted_category = _unquote(any_category[2])
        return lambda m: wanted_category in m.categories, "categories"
    starts = _STARTS.fullmatch(term)
    if starts and starts[1].lower() in _FIELDS:
        value_of, prefix = _FIELDS[starts[1].lower()], _unquote(starts[2]).lower()
        return lambda m: str(value_of(m)).lower().startswith(prefix), starts[1].lower()
    match = _COMPARISON.fullmatch(term)
    if match is None or match[1].lower() not in _FIELDS:
        raise bad_request(f"Invalid filter clause: {term.strip()[:80]}")
    name = match[1].lower()
    return _comparison(_FIELDS[name], match[2], _literal(name, match[3])), name


def _comparison(value_of: Callable[[Message], Value], operator: str, wanted: Value) -> Test:
    def compare(message: Message) -> bool:
        value = value_of(message)
        if isinstance(value, str) and isinstance(wanted, str):
            value, other = value.lower(), wanted.lower()
            return _ordered(operator, (value > other) - (value < other))
        if isinstance(value, datetime) and isinstance(wanted, datetime):
            return _ordered(operator, (value > wanted) - (value < wanted))
        return _ordered(operator, int(value != wanted))

    return compare


def _ordered(operator: str, sign: int) -> bool:
    return {"eq": sign == 0, "ne": sign != 0, "ge": sign >= 0, "gt": sign > 0, "le": sign <= 0, "lt": sign < 0}[
        operator
    ]


def _literal(name: str, text: str) -> Value:
    if text.startswith("'"):
        return _unquote(text)
    if text in ("true", "false"):
        return text == "true"
    try:
        return parse_iso(text)
    except ValueError:
        raise bad_request(f"Invalid filter clause: the value of '{name}' cannot be read.") from None


def _unquote(text: str) -> str:
    return text[1:-1].replace("''", "'")
