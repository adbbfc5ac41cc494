"""Values with parameters: Content-Type and Content-Disposition (RFC 2045, RFC 2231), in every form they come in.

text/plain; charset=utf-8; name*=utf-8''r%C3%A4tt.pdf
attachment; filename*0*=utf-8''long%20; filename*1=name.pdf
attachment; filename==?utf-8?q?not_allowed=2C_but_common.pdf?=
attachment; filename=with spaces and "quotes".pdf
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from shared.mail import charsets, encoded_words
from shared.mail.encoded_words import Warn

__all__ = ["Parameters", "parse_parameters"]

_NAME = re.compile(rb"[\s;,]*([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)\s*=\s*")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.S)
_ENCODED = re.compile(rb"(?:=\?[^?\s]{1,80}\?[BbQq]\?[^?]{0,4000}\?=\s*)+")
_UNQUOTED_END = re.compile(rb";")
_NEXT = re.compile(rb";\s*[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,60}\s*=")
_ESCAPED = re.compile(rb"\\([\"\\])")
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?")
_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")


class Parameters(NamedTuple):
    """A value and its parameters, names in lower case."""

    value: str = ""
    parameters: Mapping[str, str] = MappingProxyType({})

    def get(self, name: str) -> str | None:
        """The parameter of that name."""
        return self.parameters.get(name)


_NOTHING = Parameters()
USUAL = 500
_USUAL = re.compile(
    rb'([a-z0-9.+_-]++(?:/[a-z0-9.+_-]++)?)((?:[ \t]?;[ \t]*+[a-z0-9-]++=(?:"[ !#-$&-)+->@-\[\]-~]*+"|[a-z0-9._+/=:-]++))*+);?',
    re.I,
)
"""Nothing that has to be undone: no percent, quote, backslash, asterisk and question mark in a value."""
_PARAMETER = re.compile(rb';[ \t]*([A-Za-z0-9-]+)=(?:"([^"]*)"|([^";]+))')
COMMON = 80
_COMMON = re.compile(rb'[a-z]++(?:/[a-z0-9.+-]++)?(?:;[ \t]*(?:charset|format|delsp)="?[a-z0-9-]++"?)*', re.I)


def parse_parameters(raw: bytes | None, warn: Warn | None = None, charset: str | None = None) -> Parameters:
    """Take `value; name=value; …` apart."""
    if not raw:
        return _NOTHING
    if len(raw) < COMMON and _COMMON.fullmatch(raw):
        return _common(raw)
    if len(raw) < USUAL and (usual := _USUAL.fullmatch(raw)) and b"  " not in raw:
        found: dict[str, str] = {}
        for name, quoted, token in _PARAMETER.findall(usual[2]):
            found.setdefault(name.decode("ascii").lower(), (quoted or token).decode("ascii").strip())
        return Parameters(usual[1].decode("ascii").lower(), found)
    return _parse(raw, warn, charset)


@functools.lru_cache(512)
def _common(raw: bytes) -> Parameters:
    """What stands in very many mails: `text/plain; charset=utf-8`."""
    return _parse(raw, None, None)


def _parse(raw: bytes, warn: Warn | None, charset: str | None) -> Parameters:
    """Take `value; name=value; …` apart."""
    end = raw.find(b";")
    value = raw if end < 0 else raw[:end]
    if b"/" not in value and (first := _NAME.match(value)):  # no value at all: `charset=utf-8`, `filename=x`
        end, value = first.start(), b""
    found: dict[str, bytes] = {}
    at = max(end, 0) if end >= 0 else len(raw)
    while at < len(raw) and len(found) < 1000:
        name = _NAME.match(raw, at)
        if not name:
            following = raw.find(b";", at + 1)
            if following < 0:
                break
            at = following
            continue
        item, at = _one(raw, name.end())
        found.setdefault(name[1].decode("ascii").lower(), item)
    main = value.decode("latin-1")
    main = (re.sub(r"\([^()]*\)", "", main) if "(" in main else main).strip().lower()
    return Parameters(main, _joined(found, warn, charset))


def _one(raw: bytes, at: int) -> tuple[bytes, int]:
    """One parameter's value and where it ends."""
    if raw.startswith(b'"', at):
        if quoted := _QUOTED.match(raw, at):
            rest = raw[quoted.end() : quoted.end() + 1]
            inner = quoted[1]
            if rest in (b"", b";", b" ", b"\t", b",", b"\r", b"\n"):
                return (_ESCAPED.sub(rb"\1", inner) if b"\\" in inner else inner), quoted.end()
        # quotes inside quotes, or no end: up to the next parameter
        following = _NEXT.search(raw, at + 1)
        end = following.start() if following else len(raw)
        text = raw[at + 1 : end].strip()
        if not following and not text.endswith(b'"') and b";" in text:
            end = raw.find(b";", at + 1)
            text = raw[at + 1 : end].strip()
        return text.removesuffix(b'"'), end
    if encoded := _ENCODED.match(raw, at):
        end = raw.find(b";", encoded.end())
        end = len(raw) if end < 0 else end
        return raw[at:end].strip(), end
    semicolon = raw.find(b";", at)
    end = len(raw) if semicolon < 0 else semicolon
    return raw[at:end].strip(), end


def _joined(found: dict[str, bytes], warn: Warn | None, charset: str | None) -> dict[str, str]:
    """Join continuations, undo percent encoding and encoded words."""
    out: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, value in found.items():
        form = _SECTION.fullmatch(name) if "*" in name else None
        if not form:
            out[name] = _plain(value, warn, charset)
            continue
        extended = form[3] is not None
        sections.setdefault(form[1], {})[int(form[2] or 0)] = (value, extended)
    for name, pieces in sections.items():
        data, label, is_extended = b"", None, any(e for _, e in pieces.values())
        for number in sorted(pieces):
            value, extended = pieces[number]
            if number == min(pieces) and is_extended:
                first, mark, rest = value.partition(b"'")
                _, second_mark, text = rest.partition(b"'")
                if mark and second_mark and re.fullmatch(rb"[\w:.+-]*", first):
                    label, value, extended = first.decode("ascii", "replace") or None, text, True
            data += unquote_to_bytes(value) if extended or (label and _PERCENT.search(value)) else value
        if b"=?" in data:
            out[name] = encoded_words.decode_text(data, warn, charset)
            continue
        decoded, wrong = charsets.decode(data, label) if label else charsets.decode_guessing(data)
        if wrong and warn and wrong != "utf-8":
            warn("name_charset", wrong)
        out[name] = decoded
    return out


def _plain(value: bytes, warn: Warn | None, charset: str | None) -> str:
    """A parameter in one piece: encoded words in it are not allowed, and common."""
    if value.startswith((b"utf-8''", b"UTF-8''", b"iso-8859-1''", b"ISO-8859-1''")) and _PERCENT.search(value):
        label, _, text = value.partition(b"''")
        return charsets.decode(unquote_to_bytes(text), label.decode("ascii"))[0]
    return encoded_words.decode_text(value, warn, charset)
