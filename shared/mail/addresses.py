"""Address lists (RFC 5322 section 3.4, RFC 6532), as they are really written: one pass, no recursion, linear time.

Groups, comments at any depth, quoted strings, encoded words, semicolons between addresses (Outlook), names without
quotes, addresses without names, angle brackets that nobody closed. What stands in a display name is never taken for the
address: `"boss@example.org" <mallory@example.net>` is an address at example.net.
"""

from __future__ import annotations

import re

from shared.mail import encoded_words
from shared.mail.encoded_words import Warn
from shared.model.mail import Person

__all__ = ["parse_addresses"]

_TOKEN = re.compile(
    rb"""
    (?P<space>[\s\x00]+)
  | (?P<word>=\?[^?\s]{1,80}\?[BbQq]\?[^?]{0,4000}\?=)
  | (?P<special>[(<>,;:"\\])
  | (?P<atom>(?:[^\s\x00"(<>,;:\\=]|=(?!\?))+)
  | (?P<other>.)
    """,
    re.X | re.S,
)
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"', re.S)
_PARENTHESES = re.compile(rb"[()]|\\.", re.S)
_SPECIALS_AFTER = re.compile(rb"[>,;<]")
_ESCAPED = re.compile(rb"\\(.)", re.S)
_ANGLE = re.compile(r"<\s*([^<>\s]{1,320}@[^<>\s]{1,255})\s*>")
_BARE = re.compile(r"[^\s<>()\[\],;:\"']{1,200}@[^\s<>()\[\],;:\"']{1,255}")
MOST = 10_000
MOST_UNCLOSED = 20


class _Entry:
    """One address while it is being read."""

    __slots__ = ("address", "comment", "name", "pieces")

    def __init__(self) -> None:
        self.pieces: list[tuple[str, bytes]] = []  # kind and bytes of what stands outside angle brackets
        self.address: bytes | None = None
        self.comment = b""


def parse_addresses(raw: bytes, warn: Warn | None = None, charset: str | None = None) -> list[Person]:
    """Take an address list apart; groups are opened, an empty group is left out."""
    people: list[Person] = []
    entry = _Entry()
    at, length = 0, len(raw)
    in_group, unclosed = False, 0
    no_more_comments = b")" not in raw

    def finish() -> None:
        nonlocal entry
        if person := _person(entry, warn, charset):
            people.append(person)
        entry = _Entry()

    while at < length and len(people) < MOST:
        token = _TOKEN.match(raw, at)
        if not token:
            break
        kind, text, begin, at = token.lastgroup, token[0], at, token.end()
        if kind != "special":
            entry.pieces.append((kind or "other", text))
        elif text == b'"':
            quoted = _QUOTED.match(raw, begin) if unclosed < MOST_UNCLOSED else None
            unclosed += not quoted
            entry.pieces.append(("quoted", quoted[0]) if quoted else ("other", text))
            at = quoted.end() if quoted else at
        elif text == b"(":
            end = -1 if no_more_comments else _comment_end(raw, begin)
            if end < 0:
                no_more_comments = True
                entry.pieces.append(("other", text))
                continue
            entry.comment = entry.comment or raw[begin + 1 : end - 1]
            entry.pieces.append(("space", b" "))
            at = end
        elif text == b"<":
            at = _angle(raw, at, entry)
        elif text == b",":
            finish()
        elif text == b";":
            finish()
            in_group = False
        elif text == b":" and entry.address is None and not in_group and _is_group_name(entry.pieces):
            entry, in_group = _Entry(), True
        elif text != b">":
            entry.pieces.append(("other", text))
    finish()
    return people


def _comment_end(raw: bytes, at: int) -> int:
    """The end of the comment that begins at `at`, or -1 where it has none."""
    depth = 0
    for found in _PARENTHESES.finditer(raw, at):
        if found[0] == b"(":
            depth += 1
        elif found[0] == b")":
            depth -= 1
            if not depth:
                return found.end()
    return -1


def _angle(raw: bytes, at: int, entry: _Entry) -> int:
    """Read `user@host>`; answer where to go on."""
    if raw.startswith(b'"', at):
        quoted = re.compile(rb'"(?:[^"\\]|\\.){0,400}"[^<>,;"]{0,400}>', re.S).match(raw, at)
        if quoted:
            entry.address = entry.address or quoted[0][:-1]
            return quoted.end()
    found = _SPECIALS_AFTER.search(raw, at)
    end = found.start() if found else len(raw)
    if found and found[0] in b",;" and raw.startswith(b"@", at):  # a source route: `@one,@two:user@three`
        colon = raw.find(b":", at, at + 2000)
        close = raw.find(b">", at, at + 2000)
        if 0 <= colon < close:
            at, end = colon + 1, close
            found = _SPECIALS_AFTER.match(raw, close)
    address = raw[at:end].strip()
    if address.startswith(b"@") and b":" in address:
        address = address.rpartition(b":")[2]
    if found and found[0] == b"<":  # `<<user@host>>`, `<a <b@c>`
        if address:
            entry.pieces.append(("other", b"<" + address))
        return end
    if entry.address is None or b"@" not in entry.address:
        if entry.address:
            entry.pieces.append(("atom", b"<" + entry.address + b">"))
        entry.address = address
    return end + 1 if found and found[0] == b">" else end


def _is_group_name(pieces: list[tuple[str, bytes]]) -> bool:
    """Whether what stands before a colon names a group."""
    text = b"".join(text for _, text in pieces).strip()
    return (
        bool(text) and b"@" not in text and text.lower() not in (b"mailto", b"smtp", b"http", b"https", b"tel", b"sip")
    )


def _person(entry: _Entry, warn: Warn | None, charset: str | None) -> Person | None:
    """What was read, as a name and an address."""
    comment = encoded_words.decode_text(_ESCAPED.sub(rb"\1", entry.comment), warn, charset) if entry.comment else ""
    if entry.address is not None:
        name = _words(entry.pieces, warn, charset)
        address = _address(entry.address, warn, charset)
        if "@" not in address and (inside := _BARE.search(name)) and not address:
            address, name = inside[0], name.replace(inside[0], "").strip(" <>\"'")
        return Person(name=name or comment, address=address) if name or address else None
    pieces = [(kind, text) for kind, text in entry.pieces]
    joined = b"".join(text for _, text in pieces).strip()
    if not joined:
        return None
    if b"@" not in joined:
        name = _words(pieces, warn, charset)
        if hidden := _ANGLE.search(name):  # the whole of it was encoded
            return Person(name=name[: hidden.start()].strip(" \"'"), address=hidden[1])
        if (bare := _BARE.fullmatch(name.strip(" \"'"))) and bare:
            return Person(name=comment, address=bare[0])
        if not re.search(r"\w", name):
            return None
        if " " not in name and comment == "":  # one bare word: a local user
            return Person(name="", address=name)
        return Person(name=name, address="")
    compact = _join_around_at(pieces)
    if len(compact) > 1:  # a name and an address without brackets
        for number, word in enumerate(compact):
            if b"@" in word and not word.startswith((b'"', b"=?")) and _BARE.fullmatch(_utf8(word).strip(".'")):
                rest = compact[:number] + compact[number + 1 :]
                name = _words([("atom" if w[:1] not in b'"=' else "quoted" if w[:1] == b'"' else "word", w) for w in
                               _spaced(rest)], warn, charset)  # fmt: skip
                return Person(name=name or comment, address=_utf8(word).strip(".'"))
    address = _address(joined, warn, charset)
    if joined.startswith(b'"') and joined.endswith(b'"') and len(joined) > 2:
        address = address.strip('"')
    return Person(name=comment, address=address)


def _spaced(words: list[bytes]) -> list[bytes]:
    """Words with spaces between them."""
    out: list[bytes] = []
    for word in words:
        out += [b" ", word]
    return out[1:]


def _join_around_at(pieces: list[tuple[str, bytes]]) -> list[bytes]:
    """Words, with `user @ host` and `"quoted"@host` made one."""
    words: list[bytes] = []
    glue = False
    for kind, text in pieces:
        if kind == "space":
            if not (words and words[-1].endswith((b"@", b"."))):
                glue = False
            continue
        if words and (glue or text.startswith(b"@") or words[-1].endswith(b"@")):
            words[-1] += text
        else:
            words.append(text)
        glue = True
    return words


def _utf8(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _address(raw: bytes, warn: Warn | None, charset: str | None) -> str:
    """An address as written, without white space around its parts and without comments."""
    if b"(" in raw and b")" in raw:
        raw = re.sub(rb"\([^()]{0,500}\)", b"", raw)
    text = encoded_words.decode_text(raw, warn, charset) if b"=?" in raw or not raw.isascii() else raw.decode("ascii")
    if text.lower().startswith("mailto:"):
        text = text[7:]
    if '"' not in text:
        text = re.sub(r"\s+", "" if "@" in text else " ", text)
    return encoded_words.fold_white_space(text).strip().strip("'" if text.startswith("'") else "")


def _words(pieces: list[tuple[str, bytes]], warn: Warn | None, charset: str | None) -> str:
    """The display name: quotes and escapes undone, encoded words decoded."""
    parts = []
    for kind, text in pieces:
        if kind == "quoted":
            inner = text[1:-1]
            parts.append(_ESCAPED.sub(rb"\1", inner) if b"\\" in inner else inner)
        else:
            parts.append(b" " if kind == "space" else text)
    joined = b"".join(parts).strip()
    name = encoded_words.decode_text(joined, warn, charset)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name
