"""A source in front of a server that says what a test wants."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import trustme

from shared.model.config import ImapEncryption, ImapServer
from shared.sources.base import SourceFolder
from shared.sources.imap.connection import Timing
from shared.sources.imap.sign_in import PasswordSignIn, SignIn
from shared.sources.imap.source import ImapSource
from tests.support.hostile_imap import HostileImap

LOOPBACK = (ip_network("127.0.0.0/8"),)
INBOX = SourceFolder(id="INBOX", path="")
IMPORTED = SourceFolder(id="INBOX/Imported", path="Imported")
SECRET = "the-very-secret-password"


def source_at(
    port: int,
    authority: trustme.CA | None = None,
    *,
    encryption: ImapEncryption = ImapEncryption.TLS,
    sign_in: SignIn | None = None,
    timing: Timing | None = None,
    host: str = "127.0.0.1",
    **changes: Any,
) -> ImapSource:
    server = ImapServer(
        host=host,
        port=port,
        encryption=encryption,
        certificate_authority=authority.cert_pem.bytes().decode() if authority else None,
    )
    given: dict[str, Any] = {
        "address": "invoice@company.example",
        "server": server,
        "sign_in": sign_in or PasswordSignIn("invoice@company.example", SECRET),
        "allowed": LOOPBACK,
        "timing": timing,
    }
    return ImapSource(**(given | changes))


def never_sent(server: HostileImap) -> bool:
    """Whether nobody tried to sign in."""
    return not any(command.upper().startswith(("AUTHENTICATE", "LOGIN")) for command in server.commands)
