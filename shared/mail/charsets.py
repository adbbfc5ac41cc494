"""Bytes to text: charset labels as mail uses them, and a guess only where there is none or it is wrong.

Labels follow the WHATWG Encoding Standard (what browsers and mail programs do: `iso-8859-1` means windows-1252,
`gb2312` means GB 18030), with the labels that only mail has (UTF-7, the EBCDIC-free IBM code pages, the Mac ones).
"""

from __future__ import annotations

import codecs
import functools
import re

__all__ = ["Decoded", "codec_of", "decode", "decode_guessing", "without_surrogates"]

type Decoded = tuple[str, str | None]
"""Text, and what was wrong (for a warning), or None."""

SAMPLE = 16 << 10

_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8n utf8mb4 utf_8 csutf8 cp65001 "
    "x-utf-8 utf",
    "utf-7": "utf-7 utf7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 csunicode11utf7",
    "utf-16": "utf-16 utf16 unicode ucs-2 iso-10646-ucs-2 csunicode unicodefeff",
    "utf-16-le": "utf-16le utf16le x-utf-16le unicodefffe",
    "utf-16-be": "utf-16be utf16be x-utf-16be",
    "utf-32": "utf-32 utf32 ucs-4 iso-10646-ucs-4",
    "us-ascii": "us-ascii ascii ansi_x3.4-1968 ansi_x3.4-1986 iso-ir-6 iso646-us iso_646.irv:1991 cp367 ibm367 us csascii "
    "7bit 8bit binary default none us_ascii usascii x-user-defined unknown-8bit unknown x-unknown ansi x-ansi",
    "cp1252": "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 iso-ir-100 latin1 latin-1 "
    "l1 cp819 ibm819 csisolatin1 iso-8859-1-windows-3.0-latin-1 iso-8859-1-windows-3.1-latin-1 8859-1 win-1252 "
    "windows1252 western iso8859_1 iso-8859 iso-latin-1 cswindows1252",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 latin2 l2 csisolatin2 iso-ir-101 8859-2",
    "iso8859-3": "iso-8859-3 iso8859-3 iso88593 iso_8859-3 latin3 l3 csisolatin3 iso-ir-109",
    "iso8859-4": "iso-8859-4 iso8859-4 iso88594 iso_8859-4 latin4 l4 csisolatin4 iso-ir-110",
    "iso8859-5": "iso-8859-5 iso8859-5 iso88595 iso_8859-5 cyrillic csisolatincyrillic iso-ir-144",
    "iso8859-6": "iso-8859-6 iso8859-6 iso88596 iso_8859-6 arabic ecma-114 asmo-708 csisolatinarabic iso-8859-6-i "
    "iso-8859-6-e csiso88596i csiso88596e iso-ir-127",
    "iso8859-7": "iso-8859-7 iso8859-7 iso88597 iso_8859-7 greek greek8 ecma-118 elot_928 csisolatingreek sun_eu_greek "
    "iso-ir-126",
    "iso8859-8": "iso-8859-8 iso8859-8 iso88598 iso_8859-8 hebrew visual logical iso-8859-8-i iso-8859-8-e csiso88598i "
    "csiso88598e csisolatinhebrew iso-ir-138",
    "cp1254": "iso-8859-9 iso8859-9 iso88599 iso_8859-9 latin5 l5 windows-1254 cp1254 x-cp1254 csisolatin5 iso-ir-148",
    "iso8859-10": "iso-8859-10 iso8859-10 iso885910 latin6 l6 csisolatin6 iso-ir-157",
    "cp874": "windows-874 tis-620 tis620 iso-8859-11 iso8859-11 iso885911 dos-874 cp874 x-windows-874 iso-8859-11",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913 latin7",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914 latin8",
    "iso8859-15": "iso-8859-15 iso8859-15 iso885915 iso_8859-15 latin9 latin-9 l9 csisolatin9 8859-15 iso8859_15",
    "iso8859-16": "iso-8859-16 iso8859-16 latin10",
    "koi8-r": "koi8-r koi8r koi koi8 koi8_r cskoi8r",
    "koi8-u": "koi8-u koi8-ru koi8u",
    "mac-roman": "macintosh mac x-mac-roman csmacintosh macroman mac-roman x-macroman apple-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian mac-cyrillic",
    "mac-greek": "x-mac-greek", "mac-turkish": "x-mac-turkish", "mac-iceland": "x-mac-icelandic",
    "mac-latin2": "x-mac-ce x-mac-centraleurroman mac-centraleurope x-mac-croatian x-mac-romanian",
    "cp1250": "windows-1250 cp1250 x-cp1250 win-1250 windows1250",
    "cp1251": "windows-1251 cp1251 x-cp1251 win-1251 windows1251 ansi-1251",
    "cp1253": "windows-1253 cp1253 x-cp1253", "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256", "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258 viscii x-viscii csviscii",
    "cp866": "ibm866 cp866 866 csibm866", "cp437": "ibm437 cp437 437 cspc8codepage437", "cp850": "ibm850 cp850 850 dos-850",
    "cp852": "ibm852 cp852 852", "cp858": "ibm858 cp858 ibm00858", "cp865": "ibm865 cp865", "cp775": "ibm775 cp775",
    "gb18030": "gb18030 gbk gb2312 gb_2312-80 gb_2312 x-gbk chinese csgb2312 csiso58gb231280 iso-ir-58 cp936 ms936 euc-cn "
    "windows-936 gb-2312 cngb cn-gb hz-gb2312 x-euc-cn gb2312-80 simplifiedchinese",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 big5hkscs cp950 big-5 chinesebig5 big5-eten ms950 windows-950",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji csshiftjis windows-31j ms932 cp932 cswindows31j shiftjis",
    "euc-jp": "euc-jp x-euc-jp cseucpkdfmtjapanese eucjp eucjp-ms ujis x-euc",
    "iso-2022-jp": "iso-2022-jp csiso2022jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-ms cp50220 cp50221 cp50222 jis "
    "iso2022jp x-iso-2022-jp",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 korean windows-949 cseuckr csksc56011987 iso-ir-149 "
    "cp949 ks_c_5601 uhc x-windows-949 ks-c-5601-1987 euckr",
    "iso-2022-kr": "iso-2022-kr csiso2022kr", "johab": "johab cp1361",
}  # fmt: skip
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
_NEVER = frozenset({"idna", "punycode", "undefined", "oem", "mbcs"})  # Python codecs that are no charset
_HIGH = re.compile(rb"[\x80-\xff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = re.compile(rb"\x1b(?:\$[@B]|\([BJI])")
_C1 = {i: bytes([i]).decode("cp1252", "ignore") or chr(i) for i in range(0x80, 0xA0)}


@functools.lru_cache(512)
def codec_of(label: str | None) -> str | None:
    """Answer Python's codec for a charset label, or None where there is no such charset."""
    if not label:
        return None
    name = re.sub(r"[\s\"'\\;,]+", "", label[:60].lower()).rstrip(".")
    name = name.partition("*")[0].removeprefix("charset=").lstrip("=")
    if found := _CODECS.get(name):
        return found
    plain = name.removeprefix("x-").removeprefix("cs")
    if found := _CODECS.get(plain) or _CODECS.get(plain.replace("_", "-")):
        return found
    if re.fullmatch(r"(?:windows|win|ibm|cp|dos)[-_]?\d{3,5}", plain):
        plain = "cp" + re.sub(r"\D", "", plain)
    elif not re.fullmatch(r"[\w.:-]+", plain) or not plain.isascii():
        return None
    if plain in _CODECS:
        return _CODECS[plain]
    try:
        info = codecs.lookup(plain)
    except (LookupError, ValueError, UnicodeError):
        return None
    usable = getattr(info, "_is_text_encoding", True) and info.name not in _NEVER and "escape" not in info.name
    return info.name if usable else None


def decode(data: bytes, label: str | None) -> Decoded:
    """Decode `data`, declared to be in the charset `label`; guess only where that cannot be."""
    codec = codec_of(label)
    if codec is None or codec == "us-ascii":
        text, guessed = decode_guessing(data)
        if label and codec is None and (guessed or not data.isascii()):
            return text, f"the charset {label[:40]!r} is not known; read as {guessed or 'utf-8'}"
        return text, guessed and f"no charset was declared; read as {guessed}"
    if data.isascii() and codec in _ASCII_SAFE:
        return data.decode("ascii"), None
    if data.startswith(codecs.BOM_UTF8) and codec != "utf-8":
        codec = "utf-8"
    decoded, wrong = _strictly(data, codec)
    if decoded is not None:
        if codec == "cp1252" and _is_utf8(data):
            return data.decode("utf-8", "replace"), f"declared as {label} but is utf-8"
        return decoded, None
    if wrong and codec != "utf-8" and _is_utf8(data):
        return data.decode("utf-8", "replace"), f"declared as {label} but is utf-8"
    if wrong == "end" or _mostly(data, codec):
        return without_surrogates(data.decode(codec, "replace").removeprefix("\ufeff")), f"some bytes are not {label}"
    text, guessed = decode_guessing(data)
    return text, f"not {label} as declared; read as {guessed or 'utf-8'}"


_ASCII_SAFE = frozenset(_LABELS) - {
    "utf-7",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "hz",
    "iso-2022-jp",
    "iso-2022-kr",
}


def _strictly(data: bytes, codec: str) -> tuple[str | None, str | None]:
    """Decode without error, or answer None and where it went wrong (`end`: only the last character is cut)."""
    try:
        if codec == "cp1252":
            return _windows_1252(data), None
        if codec == "utf-16":
            return _utf16(data), None
        if codec == "iso-2022-jp":
            return _iso_2022_jp(data), None
        if codec == "cp932":
            return data.decode("cp932"), None
        text = data.decode(codec).removeprefix("\ufeff")
        return without_surrogates(text) if codec == "utf-7" else text, None
    except UnicodeDecodeError as error:
        return None, "end" if error.end >= len(data) - 3 and error.start > 0 else "middle"
    except (UnicodeError, ValueError):
        return None, "middle"


def without_surrogates(text: str) -> str:
    """Half characters, which no encoding can write, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATE.search(text) else text


def _windows_1252(data: bytes) -> str:
    """windows-1252 as browsers read it: the five unassigned bytes stay as controls."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_C1)


def _utf16(data: bytes) -> str:
    """UTF-16 by its mark, or by where the zeros are; Python takes the machine's order."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16")
    zeros = [data[i:2000:2].count(0) for i in (0, 1)]
    return data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")


def _iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP as it is sent: with half-width kana, vendor characters and missing ends."""
    for codec in ("iso2022_jp_ext", "iso2022_jp_2"):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    # The vendors' extra rows (NEC, IBM) are those of Windows-31J: put the double bytes into Shift JIS and read that.
    out, double, at = bytearray(), False, 0
    while at < len(data):
        found = _ESCAPES.match(data, at)
        if found:
            double = found[0][1:2] == b"$"
            at = found.end()
        elif double and at + 1 < len(data) and 0x21 <= data[at] <= 0x7E and 0x21 <= data[at + 1] <= 0x7E:
            row, cell = data[at], data[at + 1]
            out.append((row + 1) // 2 + (0x70 if row < 0x5F else 0xB0))
            out.append(cell + (0x1F + (cell > 0x5F) if row % 2 else 0x7E))
            at += 2
        else:
            out.append(data[at])
            at += 1
    return bytes(out).decode("cp932")


def _is_utf8(data: bytes) -> bool:
    """Whether there are characters beyond ASCII, and all of them are well-formed UTF-8."""
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end >= len(data) - 3 and error.reason == "unexpected end of data" and _is_utf8(data[: error.start])
    return True


def _mostly(data: bytes, codec: str) -> bool:
    """Whether only a few characters are wrong: then the declaration is right and the bytes are damaged."""
    sample = data[:SAMPLE]
    try:
        text = sample.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return False
    beyond = sum(not c.isascii() for c in text)
    return text.count("\ufffd") * 4 <= beyond


def decode_guessing(data: bytes) -> Decoded:
    """Decode bytes whose charset nobody stated; answer the text and the name of the guess (None for ASCII)."""
    if data.isascii():
        if b"\x1b$" in data or b"\x1b(" in data:
            japanese, _ = _strictly(data, "iso-2022-jp")
            if japanese is not None:
                return japanese, "iso-2022-jp"
        return data.decode("ascii"), None
    if _is_utf8(data):
        return data.decode("utf-8", "replace").removeprefix("\ufeff"), "utf-8"
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", "replace"), "utf-16"
    guess = _guess(_sample(data))
    decoded, _ = _strictly(data, guess)
    return data.decode(guess, "replace") if decoded is None else decoded, guess


def _sample(data: bytes) -> bytes:
    """The lines that have something to tell, at most 4 KiB."""
    lines = (line for line in bytes(data[: 4 * SAMPLE]).split(b"\n") if not line.isascii())
    return b"\n".join(line[:1000] for line, _ in zip(lines, range(60), strict=False))[:4096]


@functools.lru_cache(128)
def _guess(sample: bytes) -> str:
    """The likeliest legacy charset; short samples are too little to tell, and are taken for Western."""
    if len(_HIGH.findall(sample)) < 8:
        return "cp1252"
    import charset_normalizer

    best = charset_normalizer.from_bytes(sample, cp_isolation=_CANDIDATES, steps=3, chunk_size=512).best()
    if best is None:
        return "cp1252"
    return codec_of(best.encoding) or "cp1252"


_CANDIDATES = ["cp1252", "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1250", "cp1253", "cp1254",
               "cp1255", "cp1256", "cp874", "iso8859_2", "iso8859_5"]  # fmt: skip
