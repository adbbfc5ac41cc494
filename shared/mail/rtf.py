"""RTF bodies: LZFu decompression ([MS-OXRTFCP]), HTML wrapped in RTF ([MS-OXRTFEX]), and plain text of the rest.

Our own few lines instead of a library: bounded in what they write, and content with streams that are cut short.
"""

from __future__ import annotations

import re

from shared.mail import charsets

__all__ = ["DamagedError", "decompress", "read"]

LARGEST = 4 << 20
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    b"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


class DamagedError(ValueError):
    """No compressed RTF."""


def decompress(data: bytes | memoryview) -> bytes:
    """Undo the compression; at most `LARGEST` bytes."""
    data = bytes(data)
    kind = data[8:12]
    if kind == b"MELA":
        return data[16 : 16 + int.from_bytes(data[4:8], "little")][:LARGEST]
    if kind != b"LZFu":
        raise DamagedError("not compressed RTF")
    size = min(int.from_bytes(data[4:8], "little"), LARGEST)
    first = len(_DICTIONARY)
    out = bytearray(_DICTIONARY)
    end = first + size
    at, length = 16, len(data)
    while at < length and len(out) < end:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= length or len(out) >= end:
                break
            if not control >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            if at + 1 >= length:
                at = length
                break
            token = data[at] << 8 | data[at + 1]
            at += 2
            offset, run = token >> 4, (token & 15) + 2
            position = len(out)
            if offset == position & 4095:
                return bytes(out[first:end])
            source = position - ((position - offset) & 4095)
            if source < 0:
                out += b" " * run  # a place in the window where nothing was written
                continue
            if source + run <= position:
                out += out[source : source + run]
            else:
                for step in range(run):
                    out.append(out[source + step])
    return bytes(out[first:end])


_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|([\r\n]+)|([^\\{}\r\n]+)|(.)", re.I | re.S
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr themedata colorschememapping datastore "
    b"latentstyles listtable listoverridetable rsidtbl generator xmlnstbl mmathPr fldinst".split()
)
_WORDS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’",
          b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"cell": "\t", b"row": "\n", b"page": "\n", b"emspace": " ",
          b"enspace": " "}  # fmt: skip
_CHARSETS = {0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254", 177: "cp1255",
             178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 77: "macintosh"}  # fmt: skip


def read(source: bytes) -> tuple[str | None, str | None]:
    """Answer the text and the HTML of an RTF body; one of them is None, by what was wrapped in it."""
    head = source[:2000]
    wrapped = b"\\fromhtml" in head
    text = _Reader(source, html=wrapped).run()
    if wrapped:
        return None, text
    return text.strip("\n") or None, None


class _Reader:
    """One pass over the tokens; groups on a list, no recursion."""

    def __init__(self, source: bytes, *, html: bool) -> None:
        self._source = source
        self._html = html
        self._out: list[str] = []
        self._raw = bytearray()
        page = re.search(rb"\\ansicpg(\d{1,5})", source[:2000])
        self._page = f"cp{page[1].decode()}" if page else "cp1252"
        self._fonts: dict[int, str] = {}
        self._font_page: str | None = None

    def _flush(self) -> None:
        if self._raw:
            self._out.append(charsets.decode(bytes(self._raw), self._font_page or self._page)[0])
            self._raw.clear()

    def _text(self, text: str) -> None:
        self._flush()
        self._out.append(text)

    def run(self) -> str:
        """The text, or the HTML."""
        skip, in_tag, rtf_part, unicode_skip, font = False, False, False, 1, -1
        groups: list[tuple[bool, bool, bool, int, str | None]] = []
        after_open = star = in_fonts = False
        to_skip = 0  # replacement characters behind \u
        depth_fonts = 0
        for token in _TOKEN.finditer(self._source):
            word, number, hexa, symbol, brace, _, plain, _ = token.groups()
            if brace == b"{":
                if len(groups) > 10_000:
                    break
                groups.append((skip, in_tag, rtf_part, unicode_skip, self._font_page))
                after_open, star, to_skip = True, False, 0
                continue
            if brace == b"}":
                if groups:
                    page = self._font_page
                    skip, in_tag, rtf_part, unicode_skip, page = groups.pop()
                    if page != self._font_page:
                        self._flush()
                        self._font_page = page
                    if in_fonts and len(groups) < depth_fonts:
                        in_fonts = False
                to_skip = 0
                continue
            if symbol == b"*":
                star = True
                continue
            if word:
                word = word.lower() if word != b"mmathPr" else word
                if after_open:
                    after_open = False
                    if word == b"fonttbl":
                        in_fonts, depth_fonts = True, len(groups)
                    if word == b"htmltag":
                        in_tag, skip = True, not self._html
                        star = False
                        continue
                    if word in _SKIPPED or (star and word != b"mhtmltag") or word == b"mhtmltag":
                        skip = True
                star = False
                if word == b"f" and number:
                    font = int(number)
                    if not in_fonts and self._fonts.get(font) != self._font_page:
                        self._flush()
                        self._font_page = self._fonts.get(font)
                elif word == b"fcharset" and in_fonts and number and int(number) in _CHARSETS:
                    self._fonts[font] = _CHARSETS[int(number)]
                elif word == b"htmlrtf":
                    rtf_part = number != b"0"
                elif word == b"uc" and number:
                    unicode_skip = max(0, min(int(number), 10))
                elif (word == b"bin" and number) or skip or (rtf_part and self._html):
                    continue
                elif word == b"u" and number:
                    self._text(_character(int(number)))
                    to_skip = unicode_skip
                elif word in _WORDS:
                    text = _WORDS[word]
                    self._text("\r\n" if text == "\n" and self._html else text)
                continue
            after_open = star = False
            if skip or (rtf_part and self._html):
                continue
            if hexa:
                if to_skip:
                    to_skip -= 1
                else:
                    self._raw.append(int(hexa, 16))
            elif symbol:
                if symbol in b"\\{}":
                    self._raw += symbol
                elif symbol == b"~":
                    self._text("&nbsp;" if self._html else "\u00a0")
                elif symbol == b"_":
                    self._text("&shy;" if self._html else "-")
                elif symbol in b"\r\n":
                    self._text("\n")
            elif plain:
                if to_skip:
                    cut = min(to_skip, len(plain))
                    plain, to_skip = plain[cut:], to_skip - cut
                self._raw += plain
        self._flush()
        return charsets.without_surrogates("".join(self._out))


def _character(number: int) -> str:
    return chr(number & 0xFFFF)
