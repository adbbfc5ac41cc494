"""The application proven by a certificate, where no managed identity can be federated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from emulator.server import EmulatorThread
from shared.errors import ConfigurationError
from shared.identity.certificate import CertificateCredential, days_left, read_pem

GRAPH = "https://graph.microsoft.com/.default"
NOW = datetime.now(UTC).replace(microsecond=0)
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey = _KEY, days: int = 90) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "postrum")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def private(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = _KEY, password: bytes | None = None) -> str:
    cipher = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher).decode()


def made(emulator: EmulatorThread, pem: str | None) -> CertificateCredential:
    async def read() -> str | None:
        return pem

    credential = CertificateCredential(
        tenant_id=emulator.tenant_id,
        client_id=emulator.client_id,
        read=read,
        authority=emulator.authority,
        ca_file=Path(emulator.ca_file),
    )
    credential.forget()
    return credential


@pytest.mark.capability("S1.17")
@pytest.mark.parametrize("order", ["key first", "certificate first"])
async def test_a_certificate_gets_the_application_a_token(emulator: EmulatorThread, order: str) -> None:
    emulator.control.set_registration(certificates=[certificate()])
    parts = [private(), certificate(_OTHER), certificate()]
    pem = "".join(parts if order == "key first" else reversed(parts))
    token = await made(emulator, pem).get_token(GRAPH)
    assert jwt.decode(token.token, options={"verify_signature": False})["appid"] == emulator.client_id


async def test_a_certificate_that_is_not_registered_is_refused(emulator: EmulatorThread) -> None:
    emulator.control.set_registration(certificates=[certificate(_OTHER)])
    with pytest.raises(ConfigurationError) as refused:
        await made(emulator, private() + certificate()).get_token(GRAPH)
    assert refused.value.cause == "entra_700027"


@pytest.mark.pain("C6")
async def test_its_end_can_be_read_before_it_comes(emulator: EmulatorThread) -> None:
    ends = await made(emulator, private() + certificate(days=30)).not_after()
    assert ends == NOW + timedelta(days=30)
    assert days_left(ends, NOW) == 30
    assert days_left(ends, NOW + timedelta(days=31)) == -1


@pytest.mark.pain("C6")
async def test_one_that_has_ended_is_not_tried(emulator: EmulatorThread) -> None:
    asked = emulator.control.counters()["tokens"]["requests"]
    with pytest.raises(ConfigurationError) as told:
        await made(emulator, private() + certificate(days=-1)).get_token(GRAPH)
    assert told.value.cause == "certificate_expired"
    assert emulator.control.counters()["tokens"]["requests"] == asked


@pytest.mark.parametrize(
    "pem",
    [
        None,
        "",
        "not a certificate",
        certificate(),
        private(),
        private(_OTHER) + certificate(),
        private(password=b"secret") + certificate(),
        private(ec.generate_private_key(ec.SECP256R1())) + certificate(),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + certificate(),
    ],
)
async def test_what_cannot_sign_is_told_without_a_word_of_it(emulator: EmulatorThread, pem: str | None) -> None:
    with pytest.raises(ConfigurationError) as told:
        await made(emulator, pem).assertion()
    assert told.value.cause == "certificate_missing"
    assert "BEGIN" not in str(told.value)


def test_a_key_is_not_shown() -> None:
    signer = read_pem(private() + certificate())
    assert "RSA" not in repr(signer).upper() or "KEY" not in repr(signer).upper()
    assert set(repr(signer).partition("(")[2].split("=")) & {"key", "certificate"} == set()
