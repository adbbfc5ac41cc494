"""The signing key of Entra, and tokens signed with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Claims:
    """The verified content of a token."""

    audience: str
    issuer: str
    subject: str
    tenant_id: str
    app_id: str
    user_name: str
    """Of the person; empty in an app's own token."""
    roles: frozenset[str]
    scopes: frozenset[str]
    issued_at: float
    expires_at: float
    serial: int


class Signer:
    """Signs tokens with RS256 and verifies them; each token's signature is verified once."""

    def __init__(self, directory: Path) -> None:
        path = directory / "entra-key.pem"
        if path.exists():
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise TypeError(f"{path} holds no RSA key")
            self._key = key
        else:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            path.touch(mode=0o600)
            path.write_bytes(
                self._key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        self.key_id = f"{self._key.public_key().public_numbers().n % (1 << 64):016x}"
        self._verified: dict[str, Claims] = {}

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "use": "sig", "alg": "RS256", "kid": self.key_id}]}

    def sign(self, claims: dict[str, Any]) -> str:
        """A signed token."""
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def verify(self, token: str) -> Claims | None:
        """The content of a token that we signed, else None; its times are for the caller to judge."""
        claims = self._verified.get(token)
        if claims is None:
            options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
            try:
                raw = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], options=options)
            except jwt.InvalidTokenError:
                return None
            claims = Claims(
                audience=str(raw.get("aud", "")),
                issuer=str(raw.get("iss", "")),
                subject=str(raw.get("sub", "")),
                tenant_id=str(raw.get("tid", "")),
                app_id=str(raw.get("appid") or raw.get("azp") or ""),
                user_name=str(raw.get("upn") or raw.get("preferred_username") or ""),
                roles=frozenset(raw.get("roles", [])),
                scopes=frozenset(str(raw.get("scp", "")).split()),
                issued_at=float(raw.get("iat", 0)),
                expires_at=float(raw.get("exp", 0)),
                serial=int(raw.get("serial", 0)),
            )
            if len(self._verified) >= _CACHE_SIZE:
                self._verified.clear()
            self._verified[token] = claims
        return claims
