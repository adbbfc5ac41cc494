"""What kind of file some bytes are, by their signature, not by their name.

A table of our own for what arrives by mail; `shared.documents` builds on it. Signatures: the formats' own
specifications, and the WHATWG MIME Sniffing Standard for the text types.
"""

from __future__ import annotations

import re

__all__ = ["HEAD", "OLE", "TNEF", "is_mail_head", "protection", "sniff"]

HEAD = 4096
"""How many bytes from the beginning are worth giving."""

TNEF = b"\x78\x9f\x3e\x22"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

UNKNOWN = "application/octet-stream"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (OLE, "application/x-ole-storage"),
    (TNEF, "application/ms-tnef"),
    (b"PK\x05\x06", "application/zip"),
    (b"PK\x07\x08", "application/zip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"MThd", "audio/midi"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
    (b"FLV\x01", "video/x-flv"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"-----BEGIN PGP MESSAGE", "application/pgp-encrypted"),
    (b"-----BEGIN PGP SIGNATURE", "application/pgp-signature"),
    (b"-----BEGIN PGP PUBLIC KEY", "application/pgp-keys"),
    (b"%FDF-", "application/vnd.fdf"),
    (b"\x25\x21PS-Adobe", "application/postscript"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"AC10", "image/vnd.dwg"),
    (b"!BDN", "application/vnd.ms-outlook-pst"),
)
_BY_FIRST: dict[int, list[tuple[bytes, str]]] = {}
for _magic, _type in _SIGNATURES:
    _BY_FIRST.setdefault(_magic[0], []).append((_magic, _type))

_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"avif": "image/avif", b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime", b"3gp4": "video/3gpp", b"3gp5": "video/3gpp",
}  # fmt: skip
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_PACKAGES = (  # names inside a zip: OOXML, OpenDocument, Java, EPUB
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
)
_HTML = re.compile(
    rb"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body|table|div|script|title)\b", re.I | re.S
)
_SVG = re.compile(rb"<(?:[a-z]+:)?svg[\s>]", re.I)
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,80}[ \t]*:")
_MAIL_FIELD = re.compile(
    rb"(?:^|[\r\n])(?:from|to|subject|date|message-id|received|mime-version|return-path|delivered-to|content-type|x-[\w-]+"
    rb"|dkim-signature|arc-seal|reply-to|sender|cc|envelope-to|list-id)[ \t]*:",
    re.I,
)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})


def sniff(head: bytes) -> str:
    """Answer the media type of a file from its first bytes (`HEAD` of them at most are looked at)."""
    head = head[:HEAD]
    if not head:
        return "application/x-empty"
    for magic, kind in _BY_FIRST.get(head[0], ()):
        if head.startswith(magic) and (kind != "image/bmp" or (len(head) > 17 and head[6:10] == b"\0\0\0\0")):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _package(head)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if head[:2] == b"\x30\x82" and b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" in head[:40]:
        return "application/pkcs7-mime"
    if (at := head.find(b"%PDF-", 0, 1024)) >= 0 and (at < 16 or head[:at].translate(None, _CONTROLS) != head[:at]):
        return "application/pdf"
    return _text(head)


def protection(head: bytes) -> str | None:
    """`password` for a zip or Office file that needs one, as far as its first bytes tell."""
    if head.startswith(b"PK\x03\x04") and len(head) > 8 and head[6] & 1:
        return "password"
    if head.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in head:
        return "password"
    return None


def _package(head: bytes) -> str:
    """What a zip container holds."""
    name_length = int.from_bytes(head[26:28], "little")
    extra = int.from_bytes(head[28:30], "little")
    name = head[30 : 30 + name_length]
    if name == b"mimetype":
        content = head[30 + name_length + extra : 30 + name_length + extra + 100]
        found = re.match(rb"[\w.+-]+/[\w.+-]+", content.split(b"PK", 1)[0])
        if found:
            return found[0].decode("ascii")
    for part, kind in _PACKAGES:
        if part in head:
            return kind
    return "application/zip"


def _text(head: bytes) -> str:
    """Text of some kind, or unknown."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "application/xml" if b"<\0?\0x\0" in head[:20] or b"\0<\0?\0x" in head[:20] else "text/plain"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.translate(None, _CONTROLS) != text:
        return UNKNOWN
    if _HTML.match(text):
        return "text/html"
    if text.startswith((b"<?xml", b"<")) and re.match(rb"<[?!]?[A-Za-z_]", text):
        if _SVG.search(text):
            return "image/svg+xml"
        if re.search(rb"<(?:!doctype\s+html|html[\s>])", text, re.I):
            return "text/html"
        return "application/xml"
    for magic, kind in _SIGNATURES:
        if magic[:1].isalpha() and len(magic) > 8 and text.startswith(magic):
            return kind
    if is_mail_head(text):
        return "message/rfc822"
    return "text/plain"


def is_mail_head(head: bytes) -> bool:
    """Whether this looks like the beginning of a mail: header fields, and two at least that mails have."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"From ", b">From ")):
        end = min((i for i in (text.find(b"\n"), text.find(b"\r")) if i >= 0), default=-1)
        text = text[end + 1 :].lstrip() if end >= 0 else b""
    if not _HEADER_LINE.match(text):
        return False
    blank = re.search(rb"\r?\n\r?\n|\r\r", text)
    return len(_MAIL_FIELD.findall(text[: blank.start()] if blank else text)) >= 2
