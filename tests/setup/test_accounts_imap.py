"""Accounts for mailboxes that are read by IMAP: Google and Exchange Online, each played by a real Dovecot that asks for tokens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from emulator.server import EmulatorThread
from local.dovecot import Dovecot
from shared.identity.refreshed import forget_tokens
from shared.model.connection import ConnectionState
from tests.flow.conftest import emulator, running_emulator
from tests.setup.connecting import COMPANY, PLAIN, Desk, desk

__all__ = ["desk", "emulator", "running_emulator"]

pytestmark = pytest.mark.needs("dovecot")

GMAIL, PRIVATE, TEAM = "invoice@gmail.example", "private@gmail.example", "team@postrum.example"
READER = "reader@postrum.example"


@pytest.fixture(scope="module")
def server(running_emulator: EmulatorThread) -> Iterator[Dovecot]:
    """A mail server whose certificate is from the authority that the product trusts here."""
    home = Path(running_emulator.ca_file).parent
    authority = trustme.CA.from_pem((home / "ca.pem").read_bytes(), (home / "ca-key.pem").read_bytes())
    folder = Path(tempfile.mkdtemp(prefix="postrum-mail-"))
    try:
        folder.chmod(0o755)  # as root, mails belong to nobody
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        issued = authority.issue_cert("127.0.0.1", "localhost")
        issued.private_key_pem.write_to_path(key)
        for at, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(certificate, append=at > 0)
        with Dovecot(
            folder,
            certificate=(certificate, key),
            users=dict.fromkeys((GMAIL, PRIVATE, PLAIN, TEAM, READER), "not used"),
            introspection=running_emulator.introspection_url.replace("http://", "http://introspect:s3cret@"),
        ) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def mail(desk: Desk, server: Dovecot) -> Desk:
    """Gmail and Outlook are at that server; the deployment has an OAuth client at Google."""
    places = {"gmail_imap": ("127.0.0.1", server.imaps_port), "outlook_imap": ("127.0.0.1", server.imaps_port)}
    desk.world.app.sources._settings = desk.world.settings.model_copy(update=places)
    await desk.world.app.secrets.put("google-client-secret", desk.emulator.google_client_secret)
    return desk


@pytest.mark.capability("S3.7")
async def test_a_gmail_mailbox_is_connected_by_signing_in(mail: Desk) -> None:
    await mail.add("gmail", GMAIL, connection="google")
    result = await mail.sign_in("gmail", GMAIL)
    assert (result.code, result.account) == ("", GMAIL)
    assert (await mail.connection("gmail")).state is ConnectionState.CONNECTED


@pytest.mark.capability("S1.21")
async def test_another_google_account_is_refused(mail: Desk) -> None:
    await mail.add("gmail", GMAIL, connection="google")
    result = await mail.sign_in("gmail", PRIVATE)
    assert (result.code, result.account, result.expected) == ("sign_in_other_account", PRIVATE, GMAIL)
    assert await mail.setup.accounts.listed(COMPANY) == []


@pytest.mark.fault("B05")
async def test_google_access_that_was_withdrawn_asks_to_sign_in_again(mail: Desk) -> None:
    await mail.add("gmail", GMAIL, connection="google")
    grant = (await mail.sign_in("gmail", GMAIL)).grant
    assert grant is not None
    mail.control.revoke_google(GMAIL)
    forget_tokens(grant.secret_name)
    connection = await mail.setup.checking.check(COMPANY, "gmail")
    assert (connection.state, connection.code) == (ConnectionState.SIGN_IN_AGAIN, "google_invalid_grant")
    assert (await mail.sign_in("gmail", GMAIL)).code == ""


@pytest.mark.capability("S5.18")
async def test_an_account_reads_a_shared_mailbox_by_imap(mail: Desk) -> None:
    await mail.add("team", TEAM, connection="imap_microsoft")
    refused = await mail.sign_in("team", READER)
    assert (refused.code, refused.expected) == ("sign_in_other_account", TEAM)
    mail.control.grant_mailbox_access(PLAIN, TEAM)
    mail.control.introspect_as(PLAIN, TEAM)
    result = await mail.sign_in("team", PLAIN)
    assert (result.code, result.account) == ("", PLAIN)
    assert (await mail.connection("team")).state is ConnectionState.CONNECTED


async def test_a_mail_server_that_refuses_a_token_does_not_end_the_grant(mail: Desk) -> None:
    await mail.add("team", TEAM, connection="imap_microsoft")
    mail.control.grant_mailbox_access(PLAIN, TEAM)
    mail.control.introspect_as(PLAIN, TEAM)
    await mail.sign_in("team", PLAIN)
    mail.control.introspect_as(PLAIN, None)
    connection = await mail.setup.checking.check(COMPANY, "team")
    assert (connection.state, connection.code) == (ConnectionState.SIGN_IN_AGAIN, "imap_token_refused")
    [entry] = await mail.setup.accounts.listed(COMPANY)
    assert entry.grant.state == "active"
