"""Folders: names that travel both ways, and where the inbox ends on different servers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from shared.effect import Moment, observe
from shared.errors import PermanentError
from shared.sources.imap.folders import Layout, layout_of
from shared.sources.imap.names import shown, wire_part
from shared.sources.imap.parse import ListedFolder
from shared.sources.imap.source import ImapSource
from tests.sources.contract import found
from tests.sources.imap.hostile import source_at
from tests.support.dovecot import ImapProvider
from tests.support.hostile_imap import CAPABILITIES, hostile_imap


@pytest.mark.pain("C32")
@pytest.mark.needs("dovecot")
async def test_three_hundred_nested_localised_folders_are_all_there_and_all_found(
    provider: ImapProvider, source: ImapSource
) -> None:
    years, kinds = (
        range(2017, 2027),
        ("Rechnungen & Mahnungen", "Indgående faktura", "Försäljning", "日本語の請求書", "Счета"),
    )
    wanted = [f"Año {year}/{kind}" for year in years for kind in kinds]
    wanted += [f"{path}/{name}" for path in wanted for name in ("Æble", "œuvre — “x”", "E&-mail ~peter", "🧾", "2026")]
    for path in (f"Año {year}" for year in years):
        provider.make_folder(path)
    for path in wanted:
        provider.client.create_folder(provider.folder_name(path))
    nodes = {node.path: node for node in await source.tree()}
    assert len(wanted) == 300
    assert set(wanted) <= set(nodes)
    for path in wanted[::7]:
        folder = await found(source, path)
        assert (folder.path, folder.id) == (path, nodes[path].id)
        assert nodes[path].parent == nodes[path.rpartition("/")[0]].id


@st.composite
def _names(draw: st.DrawFn) -> str:
    text = draw(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=40))
    return unicodedata.normalize("NFC", text)


@given(_names())
def test_every_name_finds_back_from_the_wire(name: str) -> None:
    if not name.strip() or "/" in name:
        with pytest.raises(PermanentError):
            wire_part(name, "/")
        return
    part = wire_part(name, "/")
    assert part.isascii()
    assert part.isprintable()
    assert shown(part) == name


@given(st.binary(max_size=60))
def test_any_name_on_the_wire_can_be_shown_and_stored(raw: bytes) -> None:
    text = shown(raw.decode("latin-1"))
    text.encode("utf-8")
    assert "/" not in text
    assert not any(unicodedata.category(char) in ("Cc", "Cf") for char in text)


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ("Entw&APw-rfe", "Entwürfe"),
        ("&ZeVnLIqe-", "日本語"),
        ("Tom &- Jerry", "Tom & Jerry"),
        ("&2D7d7Q-", "\U0001f9ed"),
        ("&AOk", "é"),  # not ended
        ("&2D4-", "&2D4-"),  # half a pair
        ("&!!!-", "&!!!-"),
        ("a\u00c3\u00a9", "aé"),  # UTF-8 as it stands, from a server that does not know better
        ("\u00ff", "\u00ff"),
        ("evil\u00e2\u0080\u00aegnp.exe", "evil\ufffdgnp.exe"),  # RIGHT-TO-LEFT OVERRIDE
        ("A/B", "A∕B"),  # where the separator is a dot
    ],
)
def test_names_as_people_see_them(wire: str, text: str) -> None:
    assert shown(wire) == text


def _folder(name: str, separator: str = "/", *attributes: str) -> ListedFolder:
    return ListedFolder(name, separator, frozenset(attributes))


def test_below_the_inbox_means_what_it_means_on_each_server() -> None:
    exchange = [_folder("INBOX"), _folder("INBOX/Imported"), _folder("Archive"), _folder("Inbox/Other")]
    layout = layout_of(exchange, "", labels=False)
    assert [folder.path for item in exchange if (folder := layout.folder(item))] == ["", "Imported", "Other"]
    assert layout.wire_name(("Bjørn", "2026")) == "INBOX/Bj&APg-rn/2026"

    courier = [
        _folder("INBOX", "."),
        _folder("INBOX.Imported.2026", "."),
        _folder("INBOX.", "."),
        _folder("INBOXES", "."),
    ]
    layout = layout_of(courier, "INBOX.", labels=False)
    assert [folder.path for item in courier if (folder := layout.folder(item))] == ["", "Imported/2026"]
    with pytest.raises(PermanentError, match=r"without '\.'"):
        layout.wire_name(("Version 1.2",))

    gmail = [_folder("INBOX"), _folder("Imported"), _folder("[Gmail]/All Mail", "/", "\\all"), _folder("A/B")]
    layout = layout_of(gmail, "", labels=True)
    assert [folder.path for item in gmail if (folder := layout.folder(item))] == [
        "",
        "Imported",
        "[Gmail]/All Mail",
        "A/B",
    ]

    beside = [_folder("INBOX", "/", "\\noinferiors"), _folder("Imported")]
    assert layout_of(beside, "", labels=False) == Layout("", "/")
    flat = [_folder("INBOX", ""), _folder("a.b", "")]
    layout = layout_of(flat, "", labels=False)
    assert [folder.parts for item in flat if (folder := layout.folder(item))] == [(), ("a.b",)]


GMAIL = (
    b'* LIST (\\HasNoChildren) "/" "INBOX"\r\n'
    b'* LIST (\\HasChildren \\Noselect) "/" "[Gmail]"\r\n'
    b'* LIST (\\All \\HasNoChildren) "/" "[Gmail]/Alle Nachrichten"\r\n'
    b'* LIST (\\HasNoChildren \\Important) "/" "[Gmail]/Wichtig"\r\n'
    b'* LIST (\\HasNoChildren \\Junk) "/" "[Gmail]/Spam"\r\n'
    b'* LIST (\\HasNoChildren \\Trash) "/" "[Gmail]/Papierkorb"\r\n'
    b'* LIST () "/" "Importiert"\r\n* LIST () "/" 2026\r\n* LIST () "/" NIL\r\n* LIST () "/" {6}\r\nT "ag"\r\n'
    b"TAG OK Success\r\n"
)  # fmt: skip


async def test_at_gmail_labels_are_the_folders_and_all_mail_is_never_one(authority: trustme.CA) -> None:
    status = b'* STATUS "[Gmail]/Spam" (MESSAGES 3)\r\nTAG OK done\r\n'
    greeting = b"* OK [CAPABILITY " + CAPABILITIES + b"] Gimap ready\r\n"
    answers = {
        "LIST": GMAIL,
        "STATUS": status,
        "AUTHENTICATE": b"TAG OK [CAPABILITY " + CAPABILITIES + b" X-GM-EXT-1] in\r\n",
    }
    async with hostile_imap(authority, answers, greeting=greeting) as server:
        source = source_at(server.port, authority)
        nodes = {node.path: node for node in await source.tree()}
        assert {path for path, node in nodes.items() if node.below_inbox} == {"", "Importiert", "2026", "NIL", 'T "ag"'}
        assert nodes["[Gmail]/Alle Nachrichten"].below_inbox is False
        assert await source.folder("[Gmail]") is None
        assert await source.junk_count() == 3
        server.commands.clear()
        await source.delete((await source.list(await found(source, ""))).mails[0].provider_id)
        assert server.commands[-1] == 'UID MOVE 5 "[Gmail]/Papierkorb"'
        await source.aclose()


@pytest.fixture
def somebody(provider: ImapProvider) -> Iterator[None]:
    """Somebody who makes the folder at the same moment."""

    def make(name: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            provider.make_folder("Imported")

    end = observe(make)
    yield
    end()


@pytest.mark.needs("dovecot")
@pytest.mark.usefixtures("somebody")
async def test_a_folder_that_somebody_makes_at_the_same_moment_is_used(source: ImapSource) -> None:
    assert (await source.create_folder("Imported")).id == "INBOX/Imported"


@pytest.mark.needs("dovecot")
async def test_what_is_made_is_subscribed_to(provider: ImapProvider, source: ImapSource) -> None:
    await source.create_folder("Größe/2026")
    names = [name for _, _, name in provider.client.list_sub_folders()]
    assert {"INBOX/Größe", "INBOX/Größe/2026"} <= set(names)


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("name", ["a\nb", "   ", "x\0"])
async def test_a_name_that_no_server_takes_is_refused_before_anything_is_sent(source: ImapSource, name: str) -> None:
    with pytest.raises(PermanentError) as caught:
        await source.create_folder(f"Fine/{name}")
    assert caught.value.cause == "imap_folder_name"
