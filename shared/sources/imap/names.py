"""Names of folders: on the wire, and for people.

On the wire a name is ASCII in modified UTF-7 (RFC 3501 section 5.1.3), its parts separated by a character of the server's choice. Here it
is kept as the server wrote it, each byte one character, so that it always finds back; that is also the id of a folder. For people it
is decoded, and its parts are separated by `/`. A `/` inside of a part, possible where the server separates with a dot, is shown as
the division slash `∕` (U+2215).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.imap_utf7 import encode as encode_utf7

from shared.errors import NotFound, PermanentError
from shared.sources.imap.wire import Literal

INBOX: Final = "INBOX"
_SLASH: Final = "∕"


def wire_bytes(name: str) -> bytes | Literal:
    """A name as an argument of a command.

    Raises:
        NotFound: it holds what no name may have; nothing is sent.
    """
    try:
        raw = name.encode("latin-1")
    except UnicodeEncodeError:
        raise _impossible() from None
    if not raw or len(raw) > 1000 or any(byte < 32 or byte == 127 for byte in raw):
        raise _impossible()
    if not raw.isascii():
        return Literal(raw)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def shown(part: str) -> str:
    """One part of a name on the wire, as people see it: never with a control character, and never with a separator."""
    raw = part.encode("latin-1")
    try:
        text = decode_utf7(raw) if raw.isascii() else raw.decode("utf-8")
        text.encode("utf-8")  # half of a surrogate pair cannot be stored
    except (ValueError, UnicodeError):  # also binascii.Error: what is no UTF-7 is shown as it stands
        text = part
    kept = "".join(char if unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp") else "\ufffd" for char in text)
    return unicodedata.normalize("NFC", kept.replace("/", _SLASH))


def wire_part(text: str, separator: str) -> str:
    """One part of a path as it goes over the wire.

    Raises:
        PermanentError: it holds the server's separator, or a control character.
    """
    part: str = encode_utf7(unicodedata.normalize("NFC", text)).decode("ascii")
    if not text.strip() or separator in part or any(unicodedata.category(char) == "Cc" for char in text):
        error = PermanentError(
            f"The mail server cannot have a folder of this name: {text[:60]!r}.",
            remedy=f"Choose a name without {separator!r}." if separator in part else "Choose another name.",
        )
        error.cause = "imap_folder_name"
        raise error
    return part


def _impossible() -> NotFound:
    error = NotFound("No folder can have this name.")
    error.cause = "imap_folder_gone"
    return error
