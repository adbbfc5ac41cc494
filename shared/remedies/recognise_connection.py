"""Failures of TLS and of the network, told apart by what the operating system and OpenSSL say, not by texts."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

_DEEPEST = 10
"""Causes of causes that are followed."""

# Numbers of X509_verify_cert_error_string(3): https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_CERTIFICATE = {
    2: "tls_unknown_authority",  # the issuer's certificate is missing
    9: "tls_expired",  # not valid yet
    10: "tls_expired",
    18: "tls_self_signed",  # the server's own certificate is its own issuer
    19: "tls_unknown_authority",  # the chain ends in a root that is not trusted
    20: "tls_unknown_authority",
    21: "tls_unknown_authority",  # nothing but the server's certificate came
    62: "tls_wrong_name",
    64: "tls_wrong_name",  # an IP address
}
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"})
"""Reasons of OpenSSL for an answer that is no TLS at all."""
_ERRNO = {
    errno.ECONNREFUSED: "network_refused",
    errno.ETIMEDOUT: "network_timeout",
    errno.EHOSTUNREACH: "network_unreachable",
    errno.EHOSTDOWN: "network_unreachable",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENETDOWN: "network_unreachable",
    errno.EADDRNOTAVAIL: "network_unreachable",
    errno.ECONNRESET: "network_broken",
    errno.ECONNABORTED: "network_broken",
    errno.EPIPE: "network_broken",
}
# By name, for the libraries are not imported here: httpx and aiohttp.
_CLASSES = {
    "ConnectTimeout": "network_timeout",
    "ReadTimeout": "network_timeout",
    "WriteTimeout": "network_timeout",
    "ServerTimeoutError": "network_timeout",
    "PoolTimeout": "network_busy",
    "ReadError": "network_broken",
    "WriteError": "network_broken",
    "RemoteProtocolError": "network_broken",
    "ServerDisconnectedError": "network_broken",
    "ClientConnectorDNSError": "network_dns",
}


def tls(exception: BaseException) -> str:
    """Why no encrypted connection came about."""
    for error in _chain(exception):
        if isinstance(error, ssl.SSLCertVerificationError):
            return _CERTIFICATE.get(getattr(error, "verify_code", 0), "tls_unknown_authority")
        if isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _NOT_TLS:
            return "tls_not_spoken"
    return "tls_failed"


def network(exception: BaseException) -> str:
    """Why there was no connection, or none any more; failures of TLS and refused addresses too.

    Libraries wrap what the operating system and OpenSSL say, so what caused the exception is looked at too. Where none of it says
    anything in particular, the connection counts as broken.
    """
    for error in _chain(exception):
        if getattr(error, "code", None) == "address_refused":
            return "address_refused"
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "network_broken"
        if isinstance(error, ssl.SSLError):
            return tls(error)
        if isinstance(error, socket.gaierror):
            return "network_dns"
        if isinstance(error, TimeoutError):
            return "network_timeout"
        if isinstance(error, OSError) and error.errno in _ERRNO:
            return _ERRNO[error.errno]
        if isinstance(error, ConnectionRefusedError):
            return "network_refused"
        if isinstance(error, ConnectionError | EOFError):
            return "network_broken"
        named = _CLASSES.get(type(error).__name__)
        if named:
            return named
    return "network_broken"


def _chain(exception: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it, the innermost of several tries first of its kind."""
    waiting = [exception]
    for _ in range(_DEEPEST):
        if not waiting:
            return
        error = waiting.pop(0)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions[:_DEEPEST])
        yield error
        following = error.__cause__ or error.__context__  # also where a library hides it with `from None`
        if following is not None:
            waiting.append(following)
