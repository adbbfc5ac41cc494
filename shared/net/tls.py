"""Whom to trust at the other end of a TLS connection, and what to say when it cannot be trusted."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

from shared.errors import ConfigurationError, NetworkFailure
from shared.remedies.recognise import network as network_cause

_SAID = {
    "tls_self_signed": "The certificate is not issued by a trusted party: the server signed it itself.",
    "tls_unknown_authority": "The certificate is not issued by a trusted party.",
    "tls_expired": "The certificate has expired or is not valid yet.",
    "tls_wrong_name": "The certificate belongs to another server.",
    "tls_not_spoken": "The server does not begin with TLS on this port.",
}


@functools.lru_cache(maxsize=64)  # loading the public authorities takes 20 ms
def client_context(ca_file: Path | None = None, authority: str | None = None) -> ssl.SSLContext:
    """How to begin TLS as a client: version 1.2 or later, the certificate and its name always verified.

    Args:
        ca_file: PEM file with the authorities of the deployment instead of the public ones.
        authority: PEM of the one authority to trust instead of all others.

    Raises:
        ConfigurationError: the authority cannot be read.
    """
    if authority is None:
        return ssl.create_default_context(cafile=ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Not VERIFY_X509_STRICT, which create_default_context sets: authorities that companies made for themselves often lack the key
    # identifiers that RFC 5280 wants. The signature, the dates, the purpose and the name are verified all the same.
    try:
        context.load_verify_locations(cadata=authority)
    except (ssl.SSLError, ValueError):
        error = ConfigurationError("The pinned certificate authority cannot be read; it must be PEM.")
        error.cause = "imap_certificate_authority"
        raise error from None
    return context


def tls_failure(error: OSError) -> NetworkFailure:
    """The error for a handshake that failed; its `cause` says why. Nothing of the other side's text is repeated."""
    cause = network_cause(error)
    failure = NetworkFailure(_SAID.get(cause, "No encryption could be agreed on with the server."))
    failure.cause = cause
    return failure
