"""The emulator's own certificate authority, kept in its directory, and a server certificate from it."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


def server_context(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """A TLS context for loopback, and the file with the CA that clients have to trust."""
    certificate, key = directory / "ca.pem", directory / "ca-key.pem"
    if certificate.exists() and key.exists():
        authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    else:
        authority = trustme.CA(organization_name="Postrum emulator")
        key.touch(mode=0o600)
        authority.private_key_pem.write_to_path(key)
        authority.cert_pem.write_to_path(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "::1").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context, certificate
