"""Coming in: addresses, encryption, certificates, and signing in; and what is said when it does not work."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import trustme

from shared.errors import (
    ConfigurationError,
    NetworkFailure,
    PermanentError,
    PermissionDenied,
    PostrumError,
    ServiceUnavailable,
    SignInNeeded,
    Throttled,
)
from shared.model.config import ConnectionKind, Folders, ImapEncryption, ImapServer, Mailbox
from shared.sources.imap.connection import Timing
from shared.sources.imap.servers import server_of
from shared.sources.imap.sign_in import PasswordSignIn, TokenSignIn
from shared.sources.imap.source import ImapSource
from tests.sources.contract import mail_bytes
from tests.sources.imap.hostile import INBOX, SECRET, never_sent, source_at
from tests.support.dovecot import ImapProvider, dovecot, source_of
from tests.support.hostile_imap import CAPABILITIES, Answer, Conversation, certificate, hostile_imap

TLS, STARTTLS = ImapEncryption.TLS, ImapEncryption.STARTTLS


async def failure(source: ImapSource) -> PostrumError:
    with pytest.raises(PostrumError) as caught:
        await source.folder("")
    await source.aclose()
    assert (
        type(caught.value) is not PermanentError
    )  # that would be the end of one message, and this is the whole mailbox
    return caught.value


# -- encryption


@pytest.mark.capability("S5.10")
@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("encryption", [TLS, STARTTLS])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_with_a_private_authority_is_read_in_both_kinds_of_encryption(
    provider: ImapProvider, encryption: ImapEncryption, host: str
) -> None:
    provider.deliver(mail_bytes())
    source = source_of(provider, server=provider.imap_server(encryption, host))
    assert len((await source.list(INBOX)).mails) == 1
    await source.aclose()


@pytest.mark.capability("S5.10")
async def test_a_server_without_starttls_gets_no_password(authority: trustme.CA) -> None:
    async with hostile_imap(authority, implicit=False) as server:
        error = await failure(source_at(server.port, authority, encryption=STARTTLS))
        assert error.cause == "imap_starttls_missing"
        assert never_sent(server)


@pytest.mark.capability("S5.10")
async def test_a_server_that_refuses_starttls_gets_no_password(authority: trustme.CA) -> None:
    greeting = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"
    async with hostile_imap(authority, {"STARTTLS": b"TAG NO no\r\n"}, greeting=greeting, implicit=False) as server:
        error = await failure(source_at(server.port, authority, encryption=STARTTLS))
        assert error.cause == "imap_starttls_missing"
        assert never_sent(server)


@pytest.mark.capability("S5.10")
async def test_tls_with_a_port_that_begins_in_plain_text_is_told_apart(authority: trustme.CA) -> None:
    async with hostile_imap(authority, implicit=False) as server:
        error = await failure(source_at(server.port, authority))
        assert error.cause == "tls_not_spoken"
        assert never_sent(server)


# -- certificates


@pytest.mark.capability("S2.2", "S5.11")
@pytest.mark.parametrize("encryption", [TLS, STARTTLS])
async def test_a_self_signed_certificate_is_refused_with_the_reason(encryption: ImapEncryption) -> None:
    context, _ = certificate()
    greeting = b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n"
    answers: dict[str, Answer] = {"STARTTLS": _start_tls}
    async with hostile_imap(
        None, answers, greeting=greeting, implicit=encryption is TLS, context=context
    ) as server:  # fmt: skip
        error = await failure(source_at(server.port, encryption=encryption))
        assert error.cause == "tls_self_signed"
        assert "certificate is not issued by a trusted party" in str(error)
        assert never_sent(server)


async def _start_tls(conversation: Conversation, tag: bytes) -> None:
    await conversation.say(tag + b" OK begin\r\n")
    await conversation.writer.start_tls(conversation.context)


@pytest.mark.capability("S2.2")
async def test_each_defect_of_a_certificate_has_its_own_cause(authority: trustme.CA) -> None:
    other = trustme.CA()
    wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.example").configure_cert(wrong)
    old, pem = certificate(days=(-30, -1), authority=True)
    for context, trusted, cause in (
        (None, other, "tls_unknown_authority"),
        (None, None, "tls_unknown_authority"),  # not one of the public ones
        (wrong, authority, "tls_wrong_name"),
        (old, None, "tls_self_signed"),
    ):
        async with hostile_imap(authority, context=context) as server:
            error = await failure(source_at(server.port, trusted))
            assert (type(error), error.cause) == (NetworkFailure, cause)
            assert never_sent(server)
    async with hostile_imap(context=old) as server:
        pinned = ImapServer(host="127.0.0.1", port=server.port, certificate_authority=pem)
        error = await failure(source_at(server.port, server=pinned))
        assert error.cause == "tls_expired"


@pytest.mark.capability("S2.2")
async def test_one_certificate_that_a_company_pins_is_trusted_and_no_other(authority: trustme.CA) -> None:
    context, pem = certificate(authority=True)
    async with hostile_imap(context=context) as server:
        pinned = ImapServer(host="127.0.0.1", port=server.port, certificate_authority=pem)
        source = source_at(server.port, server=pinned)
        assert (await source.list(INBOX)).mails
        await source.aclose()
    async with hostile_imap(authority) as server:
        pinned = ImapServer(host="127.0.0.1", port=server.port, certificate_authority=pem)
        assert (await failure(source_at(server.port, server=pinned))).cause == "tls_unknown_authority"


async def test_the_authorities_of_the_deployment_are_taken_where_the_mailbox_pins_none(
    authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with hostile_imap(authority) as server:
        source = source_at(server.port, ca_file=tmp_path / "ca.pem")
        assert (await source.list(INBOX)).mails
        await source.aclose()


async def test_a_pinned_authority_that_cannot_be_read_is_said(authority: trustme.CA) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"
    source = source_at(1, server=ImapServer(host="127.0.0.1", port=1, certificate_authority=broken))
    with pytest.raises(ConfigurationError) as caught:
        await source.folder("")
    assert caught.value.cause == "imap_certificate_authority"


# -- addresses


@pytest.mark.fault("F01")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "0x7f.1", "::1"])
async def test_a_server_inside_is_refused_unless_the_deployment_allows_it(authority: trustme.CA, host: str) -> None:
    async with hostile_imap(authority) as server:
        error = await failure(source_at(server.port, authority, host=host, allowed=()))
        assert (type(error), error.cause) == (PermissionDenied, "address_refused")
        assert server.commands == []


async def test_no_such_server_and_nobody_at_home_are_told_apart(authority: trustme.CA) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert (await failure(source_at(port, authority))).cause == "network_refused"
    assert (await failure(source_at(993, authority, host="no-such-host.invalid"))).cause == "network_dns"


@pytest.mark.parametrize(
    "greeting", [b"220 mail.example ESMTP\r\n", b"+OK POP3 ready\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\xff\r\n"]
)  # fmt: skip
async def test_what_is_no_imap_server_is_named_so(authority: trustme.CA, greeting: bytes) -> None:
    async with hostile_imap(authority, greeting=greeting) as server:
        assert (await failure(source_at(server.port, authority))).cause == "imap_not_imap"
        assert never_sent(server)


async def test_a_greeting_that_says_goodbye_is_told(authority: trustme.CA) -> None:
    async with hostile_imap(authority, greeting=b"* BYE come back tomorrow\r\n") as server:
        error = await failure(source_at(server.port, authority))
        assert error.cause == "imap_bye"
        assert "come back tomorrow" in str(error)


# -- signing in


@pytest.mark.capability("S1.6")
@pytest.mark.needs("dovecot")
async def test_blocked_wrong_credentials_and_network_have_three_causes_and_three_texts(
    provider: ImapProvider, authority: trustme.CA
) -> None:
    wrong = await failure(source_of(provider, sign_in=PasswordSignIn(provider.address, "wrong")))
    said = b"TAG NO [ALERT] Your account is not enabled for IMAP use.\r\n"
    async with hostile_imap(authority, {"AUTHENTICATE": said}) as server:
        blocked = await failure(source_at(server.port, authority))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    unreachable = await failure(source_at(port, authority))
    causes = [error.cause for error in (blocked, wrong, unreachable)]
    assert causes == ["imap_disabled", "imap_login_refused", "network_refused"]
    assert len({error.message for error in (blocked, wrong, unreachable)}) == 3
    assert isinstance(blocked, PermissionDenied)
    assert isinstance(wrong, PermissionDenied)
    assert isinstance(unreachable, NetworkFailure)


@pytest.mark.capability("S5.3")
@pytest.mark.parametrize(
    ("said", "cause", "kind"),
    [
        (b"NO [ALERT] Application-specific password required: https://support", "imap_app_password_needed", PermissionDenied),
        (b"NO [WEBALERT https://accounts.google.com/x] Web login required.", "imap_web_login_needed", PermissionDenied),
        (b"NO [ALERT] IMAP access is disabled for your domain.", "imap_disabled", PermissionDenied),
        (b"NO [ALERT] Please log in via your web browser: https://x", "imap_web_login_needed", PermissionDenied),
        (b"NO LogonDenied-BasicAuthBlocked", "imap_basic_auth_blocked", PermissionDenied),
        (b"NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "imap_login_refused", PermissionDenied),
        (b"NO", "imap_login_refused", PermissionDenied),
        (b"BAD User is authenticated but not connected.", "imap_not_connected", PermissionDenied),
        (b"NO [ALERT] Too many simultaneous connections. (Failure)", "imap_too_many_connections", Throttled),
        (b"NO [UNAVAILABLE] Temporary authentication failure", "imap_unavailable", ServiceUnavailable),
    ],
)  # fmt: skip
async def test_what_servers_say_when_they_refuse_a_password(
    authority: trustme.CA, said: bytes, cause: str, kind: type[PostrumError]
) -> None:
    async with hostile_imap(authority, {"AUTHENTICATE": b"TAG " + said + b"\r\n"}) as server:
        error = await failure(source_at(server.port, authority))
        assert (error.cause, type(error)) == (cause, kind)


async def test_the_way_that_the_server_offers_is_taken(authority: trustme.CA) -> None:
    for words, first in (
        (b"IMAP4rev1 AUTH=PLAIN SASL-IR", "AUTHENTICATE PLAIN AGludm9pY2VAY29tcGFueS5leGFtcGxlAH"),
        (b"IMAP4rev1 LITERAL+", "LOGIN {23+}"),
        (b"IMAP4rev1 LITERAL-", "LOGIN {23+}"),
    ):
        greeting = b"* OK [CAPABILITY " + words + b"] ready\r\n"
        async with hostile_imap(authority, greeting=greeting) as server:
            source = source_at(server.port, authority)
            await source.count(INBOX)
            assert server.commands[0].startswith(first)
            await source.aclose()
    greeting = b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI] ready\r\n"
    async with hostile_imap(authority, greeting=greeting) as server:
        assert (await failure(source_at(server.port, authority))).cause == "imap_no_mechanism"
        tokens = TokenSignIn("invoice@company.example", Tokens("x"))
        assert (await failure(source_at(server.port, authority, sign_in=tokens))).cause == "imap_no_mechanism"
        assert never_sent(server)


async def test_secrets_are_in_no_error_and_no_log_even_where_the_server_repeats_them(
    authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = b"TAG NO wrong: " + SECRET.encode() + b" is no password\r\n"
    async with hostile_imap(authority, {"AUTHENTICATE": said}) as server:
        source = source_at(server.port, authority)
        error = await failure(source)
    assert SECRET not in f"{error!r} {error} {source._pool._door!r} {caplog.text}"
    assert "is no password" in str(error)


async def test_what_the_server_says_is_shown_short_and_printable(authority: trustme.CA) -> None:
    said = b"TAG NO \x1b[31m<b>red</b>\0 \xe2\x80\xae " + b"x" * 5000 + b"\r\n"
    async with hostile_imap(authority, {"AUTHENTICATE": said}) as server:
        error = await failure(source_at(server.port, authority))
        assert str(error).isprintable()
        assert len(str(error)) < 400


async def test_construction_connects_to_nothing() -> None:
    source = source_at(1)
    await source.aclose()


# -- tokens


class Tokens:
    """Gives one token."""

    def __init__(self, token: str) -> None:
        self.token = token

    async def get_token(self) -> str:
        return self.token


class _Introspection(BaseHTTPRequestHandler):
    """Judges tokens as RFC 7662 has it: `good:ADDRESS` is one of that address."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        kind, _, address = parse_qs(body)["token"][0].partition(":")
        answer = json.dumps({"active": kind == "good", "username": address}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def introspection() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Introspection)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://introspect:secret@127.0.0.1:{server.server_port}/introspect"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
async def test_a_token_signs_in_to_its_mailbox_and_to_no_other(
    authority: trustme.CA, introspection: str, mechanism: str
) -> None:
    with dovecot(authority, introspection=introspection, token_mechanisms=(mechanism,)) as server:
        provider = ImapProvider(server, authority)
        provider.deliver(mail_bytes())
        source = source_of(provider, sign_in=TokenSignIn(provider.address, Tokens(f"good:{provider.address}")))
        assert len((await source.list(INBOX)).mails) == 1
        await source.aclose()
        for token in ("good:somebody.else@company.example", f"bad:{provider.address}"):
            error = await failure(source_of(provider, sign_in=TokenSignIn(provider.address, Tokens(token))))
            assert (type(error), error.cause) == (SignInNeeded, "imap_token_refused")
            assert token not in str(error)
        provider.close()


async def test_a_challenge_that_explains_the_refusal_of_a_token_is_answered_with_an_empty_line(
    authority: trustme.CA,
) -> None:
    async def challenge(conversation: Conversation, tag: bytes) -> None:
        text = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')
        await conversation.say(b"+ " + text + b"\r\n")
        answers.append(await conversation.reader.readline())
        await conversation.say(tag + b" NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")

    answers: list[bytes] = []
    async with hostile_imap(authority, {"AUTHENTICATE": challenge}) as server:
        tokens = TokenSignIn("invoice@company.example", Tokens("a-token"))
        error = await failure(source_at(server.port, authority, sign_in=tokens))
        assert (error.cause, answers) == ("imap_token_refused", [b"\r\n"])
    # without SASL-IR the token waits for the server to ask
    greeting = b"* OK [CAPABILITY " + CAPABILITIES.replace(b"SASL-IR ", b"") + b"] ready\r\n"
    answers.clear()
    async with hostile_imap(authority, {"AUTHENTICATE": _two_steps(answers)}, greeting=greeting) as server:
        error = await failure(source_at(server.port, authority, sign_in=tokens))
        assert error.cause == "imap_token_refused"
        assert answers[1] == b"\r\n"
        assert server.commands == ["AUTHENTICATE XOAUTH2"]


def _two_steps(answers: list[bytes]) -> Answer:
    async def talk(conversation: Conversation, tag: bytes) -> None:
        for said in (b"+ \r\n", b"+ e30=\r\n"):
            await conversation.say(said)
            answers.append(await conversation.reader.readline())
        await conversation.say(tag + b" NO no\r\n")

    return talk


# -- presets


@pytest.mark.capability("S1.36", "S5.8")
def test_hosts_that_nobody_types_are_preset() -> None:
    presets = {"gmail": ("imap.gmail.com", 993), "outlook": ("outlook.office365.com", 993)}
    folders = Folders(imported="Imported", other="Other")

    def mailbox(kind: ConnectionKind, server: ImapServer | None = None) -> Mailbox:
        return Mailbox(id="m", address="invoice@company.example", connection=kind, folders=folders, imap=server)

    for kind, host in ((ConnectionKind.GOOGLE, "imap.gmail.com"), (ConnectionKind.IMAP_MICROSOFT, "outlook.office365.com")):  # fmt: skip
        server = server_of(mailbox(kind), **presets)
        assert (server.host, server.port, server.encryption) == (host, 993, TLS)
    own = ImapServer(host="mail.company.example", port=143, encryption=STARTTLS)
    assert server_of(mailbox(ConnectionKind.IMAP_PASSWORD, own), **presets) == own
    with pytest.raises(ValueError, match="not read by IMAP"):
        server_of(mailbox(ConnectionKind.GRAPH_APP), **presets)


async def test_connections_are_opened_as_calls_need_them_and_three_at_most(authority: trustme.CA) -> None:
    async with hostile_imap(authority) as server:
        source = source_at(server.port, authority, timing=Timing())
        await source.count(INBOX)
        assert len(source._pool._free) == 1
        await asyncio.gather(*(source.count(INBOX) for _ in range(12)))
        assert len(source._pool._free) == 3
        assert sum(command.startswith("AUTHENTICATE") for command in server.commands) == 3
        await source.aclose()
