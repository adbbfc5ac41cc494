"""From what the other side said to an entry: real answers of the services, and hostile ones."""

from __future__ import annotations

import asyncio
import datetime
import errno
import socket
import ssl

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from shared.net.guard import AddressRefused, Refusal
from shared.remedies import Kind, known, remedy
from shared.remedies.recognise import entra, google, network, smtp, tls

TRACE = " Trace ID: 255d1aef-8c98-452f-ac51-23d051240864 Correlation ID: x Timestamp: 2026-01-09 02:02:12Z"
NUMBERS = (
    *(
        65001,
        65004,
        65005,
        650057,
        650052,
        650056,
        70011,
        1002012,
        70000,
        70008,
        700082,
        54005,
        700005,
        700016,
        7000229,
    ),
    *(
        7000112,
        70001,
        7000215,
        7000222,
        7000218,
        700027,
        50012,
        70021,
        700211,
        700212,
        700213,
        7002137,
        7002138,
        700229,
    ),
    *(
        500011,
        50001,
        90002,
        50105,
        50011,
        53003,
        50076,
        50079,
        900144,
        9002313,
        90094,
        90095,
        90093,
        90097,
        900941,
        900981,
    ),
    *(90055, 90006, 90012, 90033, 50173, 50034, 50126, 50053, 50057, 50020, 50194, 530032, 700024, 50074, 50055),
)


@pytest.mark.pain("C37")
@pytest.mark.parametrize("number", NUMBERS)
def test_every_usual_refusal_of_the_directory_has_an_entry(number: int) -> None:
    code = entra(f"AADSTS{number}: Something went wrong.{TRACE}", "invalid_grant")
    assert code == f"entra_{number}"
    assert known(code)
    assert remedy(code).code != "entra_other"
    assert entra(str(number)) == entra(f"AADSTS{number}") == code


@pytest.mark.parametrize(
    ("error", "subcode", "text", "code"),
    [
        ("access_denied", "cancel", "", "entra_65004"),
        ("access_denied", "cancel", "AADSTS65004: User declined to consent to access the app.", "entra_65004"),
        ("access_denied", "", "AADSTS90094: Admin consent is required.", "entra_90094"),
        ("permission_denied", "", "The admin canceled the request", "entra_65004"),
        ("consent_required", "", "", "entra_65001"),
        ("interaction_required", "", "", "entra_70008"),
        ("temporarily_unavailable", "", "AADSTS700016: whatever", "entra_90033"),
        ("server_error", "", "", "entra_90033"),
        ("nonsense", "", "no number here", "entra_other"),
        ("", "", "", "entra_other"),
        ("invalid_grant", "", "AADSTS99999: new", "entra_99999"),
        ("", "", "AADSTS70021" + "0" * 30, "entra_other"),
    ],
)
def test_answers_of_the_directory(error: str, subcode: str, text: str, code: str) -> None:
    assert entra(text, error, subcode) == code


@pytest.mark.capability("S3.10", "S3.11")
@pytest.mark.parametrize(
    ("code", "enhanced", "text", "expected", "kind"),
    [
        (535, "5.7.8", "Username and Password not accepted.", "smtp_login_refused", Kind.CREDENTIALS),
        (534, "5.7.9", "Application-specific password required.", "smtp_app_password_needed", Kind.CREDENTIALS),
        (
            535,
            "5.7.139",
            "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "smtp_disabled",
            Kind.BLOCKED,
        ),
        (
            550,
            "5.7.30",
            "Basic authentication is not supported for Client Submission.",
            "smtp_basic_auth_blocked",
            Kind.BLOCKED,
        ),
        (554, "5.2.252", "SendAsDenied; a not allowed to send as b", "smtp_sender_refused", Kind.SCOPE),
        (530, "5.7.0", "Must issue a STARTTLS command first.", "smtp_starttls_missing", Kind.CONFIGURATION),
        (530, "5.7.57", "Client not authenticated to send mail.", "smtp_login_needed", Kind.CONFIGURATION),
        (552, "5.3.4", "Message size exceeds fixed limit", "smtp_too_large", Kind.LIMIT),
        (550, "5.4.5", "Daily user sending limit exceeded.", "smtp_limit", Kind.LIMIT),
        (550, "5.1.1", "User unknown", "smtp_recipient_refused", Kind.CONFIGURATION),
        (554, "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using x", "smtp_blocked", Kind.BLOCKED),
        (421, "4.3.0", "closing", "smtp_unavailable", Kind.SERVICE),
        (451, "", "greylisted", "smtp_unavailable", Kind.SERVICE),
        (554, "", "no", "smtp_refused", Kind.SERVICE),
    ],
)
def test_answers_of_smtp_servers(code: int, enhanced: str, text: str, expected: str, kind: Kind) -> None:
    assert smtp(code, enhanced, text) == expected
    assert remedy(expected).kind is kind


@pytest.mark.capability("S3.8")
@pytest.mark.parametrize(
    ("error", "subtype", "expected"),
    [
        ("admin_policy_enforced", "", "google_admin_policy_enforced"),
        ("access_denied", "", "google_access_denied"),
        ("org_internal", "", "google_org_internal"),
        ("invalid_grant", "", "google_invalid_grant"),
        ("invalid_grant", "invalid_rapt", "google_sign_in_again"),
        ("invalid_client", "", "google_invalid_client"),
        ("redirect_uri_mismatch", "", "google_redirect_uri_mismatch"),
        ("temporarily_unavailable", "", "google_unavailable"),
        ("new", "", "google_refused"),
    ],
)
def test_answers_of_google(error: str, subtype: str, expected: str) -> None:
    assert google(error, subtype) == expected
    assert known(expected)


def shaken(server: ssl.SSLContext, client: ssl.SSLContext, name: str = "mail.company.example") -> ssl.SSLError:
    """What the client raises in a real handshake with the server, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                if side is ours:
                    return error
    raise AssertionError("the handshake came about")


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting(authority: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_of_an_unknown_authority(authority: trustme.CA) -> None:
    error = shaken(serving(authority.issue_cert("mail.company.example")), trusting(trustme.CA()))
    assert tls(error) == network(error) == "tls_unknown_authority"


def test_a_certificate_for_another_name(authority: trustme.CA) -> None:
    error = shaken(serving(authority.issue_cert("other.example")), trusting(authority))
    assert tls(error) == "tls_wrong_name"


def test_a_certificate_that_has_expired(authority: trustme.CA) -> None:
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    error = shaken(serving(authority.issue_cert("mail.company.example", not_after=past)), trusting(authority))
    assert tls(error) == "tls_expired"


@pytest.mark.capability("S2.2")
def test_a_self_signed_certificate(authority: trustme.CA) -> None:
    own = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    assert tls(shaken(context, trusting(authority))) == "tls_self_signed"


def test_a_version_of_tls_that_is_too_old(authority: trustme.CA) -> None:
    server, client = serving(authority.issue_cert("mail.company.example")), trusting(authority)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    assert tls(shaken(server, client)) == "tls_failed"


def test_a_port_that_does_not_speak_tls() -> None:
    to_client = ssl.MemoryBIO()
    to_client.write(b"* OK IMAP4rev1 ready\r\n")
    ours = trusting().wrap_bio(to_client, ssl.MemoryBIO(), server_hostname="mail.company.example")
    with pytest.raises(ssl.SSLError) as caught:
        ours.do_handshake()
    assert network(caught.value) == "tls_not_spoken"


async def test_a_port_that_is_closed() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        with pytest.raises(ConnectionRefusedError) as caught:
            await asyncio.open_connection("127.0.0.1", reserved.getsockname()[1])
    assert network(caught.value) == "network_refused"


class ConnectTimeout(Exception):
    """As httpx names it."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "network_dns"),
        (TimeoutError(), "network_timeout"),
        (OSError(errno.ETIMEDOUT, "timed out"), "network_timeout"),
        (OSError(errno.EHOSTUNREACH, "no route"), "network_unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "network_broken"),
        (asyncio.IncompleteReadError(b"", 10), "network_broken"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "network_broken"),
        (AddressRefused(Refusal.PRIVATE), "address_refused"),
        (ConnectTimeout(), "network_timeout"),
        (ExceptionGroup("two tries", [OSError(errno.ECONNREFUSED, "refused"), ValueError()]), "network_refused"),
        (ValueError("something else"), "network_broken"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_failures_of_the_network(error: BaseException, expected: str) -> None:
    assert network(error) == expected
    assert known(expected)
    wrapped = RuntimeError("of a library")
    wrapped.__cause__ = error
    assert network(wrapped) == expected


def test_causes_that_go_round_end() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert network(first) == "network_broken"


HOSTILE = st.text(max_size=3_000) | st.sampled_from(
    [
        "AADSTS" * 5_000,
        "[" * 10_000,
        "imap " * 2_000 + "is",
        "too many " * 1_000,
        "\x00\u202e",
        "client host " + "x" * 5_000,
    ]
)


@given(HOSTILE, HOSTILE, st.integers(-1, 10**6))
def test_hostile_answers_give_an_entry_and_nothing_else(text: str, other: str, number: int) -> None:
    assert known(google(text, other))
    assert known(smtp(number, other, text))
    assert known(entra(text, other)) or entra(text, other).removeprefix("entra_").isdigit()
