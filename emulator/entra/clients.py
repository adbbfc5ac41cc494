"""How an app proves who it is at the token endpoint: a secret, a federated token, or a certificate."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator.clock import Clock
from emulator.entra.errors import EntraError
from emulator.keys import Signer
from emulator.tenants import App

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TIMES_LATER: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}


class Clients:
    """Checks the credentials of apps."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock

    def authenticate(self, app: App, form: Mapping[str, str], audiences: set[str]) -> None:
        """Let the app in, or not.

        Args:
            app: Who it says it is.
            form: The token request.
            audiences: What a certificate's assertion may be addressed to: the token endpoint, or the issuer.

        Raises:
            EntraError: No credential, or a wrong one.
        """
        assertion = form.get("client_assertion")
        if assertion:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise EntraError(900144, parameter="client_assertion_type")
            try:
                unverified = jwt.decode(assertion, options={"verify_signature": False})
            except jwt.InvalidTokenError:
                raise EntraError(700027) from None
            if unverified.get("iss") == app.client_id:
                self._check_certificate(app, assertion, audiences)
            else:
                self._check_federated(app, assertion)
        elif form.get("client_secret"):
            if form["client_secret"] not in app.secrets:
                raise EntraError(7000215)
        else:
            raise EntraError(7000218)

    def _check_federated(self, app: App, assertion: str) -> None:
        """Issuer, audience and subject must be those of one federated credential, in this case of letters."""
        claims = self._signer.verify(assertion)
        if claims is None:
            raise EntraError(700027)
        if claims.expires_at <= self._clock.now():
            raise EntraError(700024)
        if claims.user_name:
            raise EntraError(700229)
        if not app.federated:
            raise EntraError(70021)
        fitting = [credential for credential in app.federated if credential.issuer == claims.issuer]
        if not fitting:
            raise EntraError(700211, issuer=claims.issuer)
        fitting = [credential for credential in fitting if credential.audience == claims.audience]
        if not fitting:
            raise EntraError(700212, audience=claims.audience)
        if not any(credential.subject == claims.subject for credential in fitting):
            same = any(credential.subject.lower() == claims.subject.lower() for credential in fitting)
            raise EntraError(7002138 if same else 700213, subject=claims.subject)

    def _check_certificate(self, app: App, assertion: str, audiences: set[str]) -> None:
        """The key of a registered certificate, found by its thumbprint (Entra: certificate-credentials)."""
        header = jwt.get_unverified_header(assertion)
        certificate = _registered(app, str(header.get("x5t#S256", "")), str(header.get("x5t", "")))
        if certificate is None:
            raise EntraError(700027)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise EntraError(700027)
        try:
            claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], options=_TIMES_LATER)
        except jwt.InvalidTokenError:
            raise EntraError(50012) from None
        now = self._clock.now()
        if claims.get("sub") != app.client_id:
            raise EntraError(700021)
        if claims.get("aud") not in audiences:
            raise EntraError(700023)
        if not float(claims.get("nbf", 0)) <= now + 300 or float(claims.get("exp", 0)) <= now:
            raise EntraError(700024)


def _registered(app: App, sha256: str, sha1: str) -> x509.Certificate | None:
    sha256, sha1 = sha256.rstrip("="), sha1.rstrip("=")  # MSAL keeps the padding
    for text in app.certificates:
        certificate = x509.load_pem_x509_certificate(text.encode())
        if sha256 == _thumbprint(certificate, hashes.SHA256()) or sha1 == _thumbprint(certificate, hashes.SHA1()):
            return certificate
    return None


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).rstrip(b"=").decode()


def client_info(user_id: str, tenant_id: str) -> str:
    """What MSAL asks for with ``client_info=1``: who signed in, for its cache."""
    raw = json.dumps({"uid": user_id, "utid": tenant_id}).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
