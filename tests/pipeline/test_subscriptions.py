"""For which mailboxes notifications are ordered, and the key that they prove themselves with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.model.config import Company, ConnectionKind, Folders, ImapServer, Mailbox, Series
from shared.pipeline.subscriptions import KeepSubscription, NotificationKey, asked, cursor
from shared.stores.secret_store import FileSecretStore

ADDRESS = "invoice@company.example"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def mailbox(kind: ConnectionKind) -> Mailbox:
    return Mailbox(
        id="m",
        address=ADDRESS,
        connection=kind,
        folders=Folders(imported="Imported", other="Other"),
        imap=ImapServer(host="imap.company.example") if kind is ConnectionKind.IMAP_PASSWORD else None,
    )


def keep(folder: Path, url: str | None = "https://mailroom.company.example/push/graph") -> KeepSubscription:
    key = NotificationKey(lambda: FileSecretStore(folder / "secrets.json"))
    return KeepSubscription(lambda: NOW, key, url, lambda: 0.5)


COMPANY = Company(id="acme", name="Acme", mailboxes=(), series=(Series(id="documents", default=True),))


@pytest.mark.pain("C10")
@pytest.mark.parametrize(
    ("kind", "account", "ordered"),
    [
        (ConnectionKind.GRAPH_APP, "", True),
        (ConnectionKind.GRAPH_DELEGATED, ADDRESS.upper(), True),
        (ConnectionKind.GRAPH_DELEGATED, "somebody@company.example", False),
        (ConnectionKind.GRAPH_DELEGATED, "", False),
        (ConnectionKind.IMAP_MICROSOFT, ADDRESS, False),
        (ConnectionKind.GOOGLE, ADDRESS, False),
        (ConnectionKind.IMAP_PASSWORD, "", False),
    ],
)
def test_notifications_are_ordered_only_where_the_provider_delivers_them(
    kind: ConnectionKind, account: str, *, ordered: bool, tmp_path: Path
) -> None:
    assert keep(tmp_path).due(COMPANY, mailbox(kind), {}, account) is ordered
    assert keep(tmp_path, None).due(COMPANY, mailbox(kind), {}, account) is False


def test_there_is_something_to_do_when_it_is_time_when_asked_and_when_the_folder_changed(tmp_path: Path) -> None:
    use_case = keep(tmp_path)
    app = mailbox(ConnectionKind.GRAPH_APP)
    known = {
        "id": "s1",
        "resource": f"{ADDRESS}/inbox",
        "url": use_case.url,
        "expires": "2026-11-28T12:00:00.000+00:00",
        "next": "2026-11-21T12:00:00.001+00:00",
    }
    cursors = {cursor("acme", "m"): known}

    assert not use_case.due(COMPANY, app, cursors)
    assert use_case.due(COMPANY, app, cursors, folder_id="another")
    assert use_case.due(COMPANY, app, cursors | {asked("acme", "m"): "renew"})
    assert use_case.due(COMPANY, app, {cursor("acme", "m"): known | {"next": "2026-11-21T12:00:00.000+00:00"}})
    assert use_case.due(COMPANY, app, {cursor("acme", "m"): known | {"url": "https://old.example/push/graph"}})


async def test_a_client_state_names_its_mailbox_and_only_ours_is_believed(tmp_path: Path) -> None:
    key = NotificationKey(lambda: FileSecretStore(tmp_path / "one.json"))
    other = NotificationKey(lambda: FileSecretStore(tmp_path / "two.json"))
    longest = "c" * 40
    state = await key.client_state(longest, longest)

    assert len(state) <= 128, "Graph allows no more"
    assert await key.mailbox_of(state) == (longest, longest)
    assert await other.mailbox_of(state) is None
    assert await key.mailbox_of(state[:-1]) is None
    assert await key.mailbox_of(state.replace("c/", "d/", 1)) is None
    assert repr(key).count("key") == 0, "the key is shown nowhere"


async def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = NotificationKey(lambda: FileSecretStore(tmp_path / "secrets.json"))
    state = await first.client_state("acme", "m")
    later = NotificationKey(lambda: FileSecretStore(tmp_path / "secrets.json"))

    assert await later.mailbox_of(state) == ("acme", "m")
    assert await later.client_state("acme", "m") == state
