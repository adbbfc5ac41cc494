"""The mail server of `make run`: its mailbox is worked on, and a Gmail mailbox can be connected there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trustme

from emulator.server import EmulatorThread
from local.mail_server import GMAIL, SAMPLES, mail_server
from shared.app import App
from shared.model.config import Company, Mailbox
from shared.model.connection import ConnectionState
from shared.settings import read
from tests.emulator.visitor import Visitor
from tests.local.test_demo import Run, run, runs

__all__ = ["run", "runs"]

BROWSER = "b" * 43


def _with_gmail(company: Company) -> Company:
    made = Mailbox(id="gmail", address=GMAIL, connection="google", active=False)  # type: ignore[arg-type]
    return company.model_copy(update={"mailboxes": (*company.mailboxes, made)})


async def _by_imap(app: App) -> list[tuple[str, str, str]]:
    found = [one async for one in app.services.messages.every_run() if one.source_kind == "imap"]
    return [(one.company, one.stage.value, one.placement or "") for one in found]


@pytest.mark.needs("dovecot")
async def test_a_mailbox_is_read_by_imap_and_gmail_can_be_connected(tmp_path: Path, run: Run) -> None:
    assert "post@branch.example at 127.0.0.1:" in run.said("  IMAP mailbox ")
    assert GMAIL in run.said("  Gmail mailbox ")
    assert "(Owner)" in run.said("  sign in as ")
    run.said("run: archived")
    settings: dict[str, Any] = json.loads((tmp_path / "run" / "local.settings.json").read_text())["Values"]
    app = App(read(settings))
    try:
        filed = [("branch", "announced", "moved")] * len(SAMPLES)
        async with asyncio.timeout(180):
            while await _by_imap(app) != filed:  # noqa: ASYNC110 - done by another process, which tells nobody
                await asyncio.sleep(0.2)

        await app.configure.change("branch", _with_gmail)
        sign_in = app.setup.account_sign_in
        with Visitor(cast(EmulatorThread, SimpleNamespace(ca_file=settings["POSTRUM_CA_FILE"]))) as visitor:
            page = visitor.accept(
                await sign_in.begin("branch", BROWSER, mailbox_id="gmail", by="owner"), GMAIL, "allow"
            )
        result = await sign_in.finish(page.answer, BROWSER)
        assert (result.code, result.account) == ("", GMAIL)
        stored = await app.connections.get("branch", "gmail")
        assert stored is not None
        assert stored.connection.state is ConnectionState.CONNECTED
    finally:
        await app.aclose()


async def test_without_dovecot_it_is_said_in_one_line_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.dovecot.dovecot_program", lambda: None)
    monkeypatch.setattr("local.mail_server.dovecot_program", lambda: None)
    monkeypatch.setattr("local.mail_server.debian.install", lambda packages: None)
    emulator = {"introspection_url": "http://127.0.0.1:9/introspect"}
    (tmp_path / "ca.pem").write_bytes((authority := trustme.CA()).cert_pem.bytes())
    (tmp_path / "ca-key.pem").write_bytes(authority.private_key_pem.bytes())
    said: list[str] = []
    async with mail_server(emulator, tmp_path, 0, tmp_path, said.append) as server:
        assert server is None
    assert said[1:] == [
        "there is no mailbox to read by IMAP: Dovecot is missing: apt-get install dovecot-core dovecot-imapd"
    ]
