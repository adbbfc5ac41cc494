"""Encoded words (RFC 2047) in header values, as they are really written.

Beyond the RFC: words that touch each other or stand inside other text, characters split between words, spaces and
question marks inside a word, base64 without padding, raw 8-bit bytes beside them, and unknown charsets. Every function
takes time linear in its input.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

from shared.mail import charsets

__all__ = ["decode_bytes", "decode_text", "fold_white_space"]

type Warn = Callable[[str, str], None]

_START = re.compile(rb"=\?([^?\s=]{1,80})\?([BbQq])\?")
_SPACE = re.compile(r"[ \t\r\n]+")
_BLANK = b" \t\r\n"
_PLAIN = re.compile(rb"[!-~]*+(?: [!-~]++)*+")
"""ASCII words with one blank between them: as they are."""
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_ESCAPE_AFTER = re.compile(rb"\?=[0-9A-F]{2}")
_BLANKS = re.compile(rb"[ \t\r\n]")
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


def decode_text(value: bytes, warn: Warn | None = None, charset: str | None = None) -> str:
    """Answer an unstructured value as a person would read it: words decoded, folds opened, no control characters."""
    if _PLAIN.fullmatch(value) and b"=?" not in value:
        return value.decode("ascii")
    return fold_white_space(decode_bytes(value, warn, charset)).strip()


def fold_white_space(text: str) -> str:
    """Open folds and drop control characters."""
    return _SPACE.sub(" ", text).translate(_CONTROLS)


def decode_bytes(value: bytes, warn: Warn | None = None, charset: str | None = None) -> str:
    """Decode the encoded words in `value`; `charset` is what raw 8-bit bytes are likeliest in."""
    if b"=?" not in value:
        return _raw(value, warn, charset)
    out: list[str] = []
    run: list[tuple[str, bool, bytes]] = []  # adjacent words: charset, base64?, encoded text
    at, end_of_word, plain_from = 0, -1, 0
    while start := _START.search(value, at):
        if end_of_word < start.end():
            end_of_word = value.find(b"?=", start.end())
            if end_of_word < 0:
                break
            while start[2] in b"Qq" and _ESCAPE_AFTER.match(value, end_of_word):  # `really?=20yes`: not the end
                further = value.find(b"?=", end_of_word + 2)
                if further < 0 or _BLANKS.search(value, end_of_word, further):
                    break
                end_of_word = further
        following = _START.search(value, start.end(), end_of_word)
        if following and following.start() > start.end():  # this word has no end of its own
            at = following.start()
            continue
        between = value[plain_from : start.start()]
        if between.strip(_BLANK) or not run:
            _flush(run, out, warn)
            if between:
                out.append(_raw(between, warn, charset))
        label = start[1].decode("latin-1").partition("*")[0].lower()
        run.append((label, start[2] in b"Bb", value[start.end() : end_of_word]))
        at = plain_from = end_of_word + 2
    _flush(run, out, warn)
    if plain_from < len(value):
        out.append(_raw(value[plain_from:], warn, charset))
    return "".join(out)


def _flush(run: list[tuple[str, bool, bytes]], out: list[str], warn: Warn | None) -> None:
    """Decode words that follow each other, those of one charset as one string of bytes."""
    at = 0
    while at < len(run):
        label, upto = run[at][0], at
        while upto < len(run) and run[upto][0] == label:
            upto += 1
        data = _bytes_of(run[at:upto])
        text, wrong = charsets.decode(data, label)
        if wrong and warn:
            warn("header_charset", wrong)
        out.append(text)
        at = upto
    run.clear()


def _bytes_of(words: list[tuple[str, bool, bytes]]) -> bytes:
    """The bytes of adjacent words of one charset."""
    parts: list[bytes] = []
    pending = b""  # base64 that was cut inside a group of four
    for _, is_base64, text in words:
        if not is_base64:
            parts.append(_unbase64(pending))
            pending = b""
            parts.append(_HEX.sub(_unhex, text.replace(b"_", b" ")))
            continue
        pending += text.translate(None, b" \t\r\n")
        if pending.endswith(b"=") or len(pending) % 4 == 0:
            parts.append(_unbase64(pending))
            pending = b""
    parts.append(_unbase64(pending))
    return b"".join(parts)


def _unhex(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 16),))


def _unbase64(text: bytes) -> bytes:
    """Decode base64 that may lack its padding or hold what is not base64."""
    if not text:
        return b""
    text = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    if len(text) % 4 == 1:
        text = text[:-1]
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _raw(value: bytes, warn: Warn | None, charset: str | None) -> str:
    """Bytes outside encoded words: ASCII, or what somebody wrote without encoding it."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    text, guessed = charsets.decode_guessing(value)
    if guessed not in ("utf-8", None) and charset and charsets.codec_of(charset) not in (None, "us-ascii", "utf-8"):
        text, _ = charsets.decode(value, charset)
        guessed = charset
    if guessed and warn:
        warn("header_charset", f"unencoded characters in the header; read as {guessed}")
    return text
