"""How the application proves itself where no managed identity can be federated: with a certificate.

The certificate and its private key are one secret (PEM); the app registration knows the certificate. The assertion is a JWT
that is signed with the key.
https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.errors import ConfigurationError
from shared.identity.credentials import PUBLIC_CLOUD, AssertedCredential

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

ASSERTION_SECONDS: Final = 600
READ_AGAIN_SECONDS: Final = 900
"""How long the secret is remembered, so that a new certificate is used soon without a restart."""


@dataclass(frozen=True)
class Signer:
    """A certificate with its key.

    Attributes:
        key: RSA; the directory takes no other kind for this.
        certificate: the one the app registration knows.
        not_after: when it ends, in UTC.
    """

    key: RSAPrivateKey = field(repr=False)
    certificate: Certificate = field(repr=False)
    not_after: datetime

    def assertion(self, *, client_id: str, audience: str, now: float) -> str:
        """The JWT, valid for ten minutes."""
        import jwt
        from cryptography.hazmat.primitives.hashes import SHA256

        thumbprint = base64.urlsafe_b64encode(self.certificate.fingerprint(SHA256())).rstrip(b"=").decode()
        content = {
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": str(uuid.uuid4()),
            "nbf": int(now) - 60,
            "iat": int(now),
            "exp": int(now) + ASSERTION_SECONDS,
        }
        return jwt.encode(content, self.key, algorithm="PS256", headers={"x5t#S256": thumbprint})


def read_pem(text: str) -> Signer:
    """The certificate and the key in a text.

    Args:
        text: PEM with one private key, without a password, and the certificate that belongs to it; others are passed over.

    Raises:
        ConfigurationError: they are not in it, or do not belong together. Nothing of the text is told.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    pem = text.encode()
    try:
        key = load_pem_private_key(_key_part(pem), None)
    except (ValueError, TypeError):
        raise _unusable("holds no private key without a password") from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable("holds a key that is not RSA")
    try:
        certificates = load_pem_x509_certificates(pem)
    except ValueError:
        raise _unusable("holds no certificate") from None
    mine = key.public_key().public_numbers()
    for certificate in certificates:
        public = certificate.public_key()
        if getattr(public, "public_numbers", lambda: None)() == mine:
            return Signer(key, certificate, certificate.not_valid_after_utc)
    raise _unusable("holds no certificate that belongs to its key")


class CertificateCredential(AssertedCredential):
    """The application, proven by a certificate.

    Args:
        tenant_id: tenant in which the application acts.
        client_id: id of the app registration.
        read: gives the PEM, or None where the secret is missing.
        authority: where Entra ID is; always https.
        ca_file: certificates to trust instead of the usual ones; for development.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        read: Callable[[], Awaitable[str | None]],
        authority: str = PUBLIC_CLOUD,
        ca_file: Path | None = None,
    ) -> None:
        super().__init__(
            tenant_id=tenant_id, client_id=client_id, signer="certificate", authority=authority, ca_file=ca_file
        )
        self._read = read
        self._known: tuple[float, Signer] | None = None

    async def assertion(self) -> str:
        """The signed JWT.

        Raises:
            ConfigurationError: the secret is missing or unusable, or the certificate has ended.
            TransientError: the secret could not be read.
        """
        signer = await self._signer_now()
        now = time.time()
        if signer.not_after.timestamp() <= now:
            raise ConfigurationError(
                f"The certificate of application {self.client_id} ended on {signer.not_after:%Y-%m-%d}.",
                remedy="Make a new one, add it to the app registration and store it as the secret.",
            ).because("certificate_expired")
        audience = f"{self._authority}/{self.tenant_id}/oauth2/v2.0/token"
        return signer.assertion(client_id=self.client_id, audience=audience, now=now)

    async def not_after(self) -> datetime:
        """When the certificate ends, in UTC; for the warnings before.

        Raises:
            ConfigurationError: the secret is missing or unusable.
            TransientError: the secret could not be read.
        """
        return (await self._signer_now()).not_after

    async def _signer_now(self) -> Signer:
        if self._known is None or time.monotonic() - self._known[0] > READ_AGAIN_SECONDS:
            text = await self._read()
            if text is None:
                raise _unusable("is missing")
            self._known = (time.monotonic(), read_pem(text))
        return self._known[1]


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days until the certificate ends; negative after that."""
    return (not_after.astimezone(UTC) - now.astimezone(UTC)).days


def _key_part(pem: bytes) -> bytes:
    """From the private key on: the library looks at the first block only, and the certificate may stand first."""
    found = re.search(rb"-----BEGIN (?:RSA )?PRIVATE KEY-----", pem)
    return pem[found.start() :] if found else b""


def _unusable(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The secret with the certificate of the app registration {why}.",
        remedy="Store certificate and private key (RSA, no password) as PEM under the name in POSTRUM_APP_CERTIFICATE.",
    ).because("certificate_missing")
