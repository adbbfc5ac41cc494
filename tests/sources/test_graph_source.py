"""A mailbox behind Graph is a mail source, and does what Graph needs besides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from emulator.server import EmulatorThread
from shared.effect import Moment, observe
from shared.errors import ConfigurationError, MessageGone, NotFound, PermanentError
from shared.sources.base import MailSource, SourceFolder
from shared.sources.graph import GraphClient, GraphSource
from tests.sources.conftest import GraphProvider
from tests.sources.contract import MailSourceContract, every, found, mail_bytes, whole


class TestContract(MailSourceContract):
    @pytest.fixture(autouse=True)
    def _another_mailbox(self, emulator: EmulatorThread) -> None:
        emulator.control.set_behaviour(
            delta_generations_kept=0
        )  # the contract uses cursors that Graph may have forgotten
        emulator.control.create_mailbox("other@company.example")
        there = emulator.control.create_folder("other@company.example", "inbox/Gone")
        self._missing = SourceFolder(id=there["id"], path="Gone")

    def missing_folder(self) -> SourceFolder:
        return self._missing


def is_a_mail_source(source: GraphSource) -> MailSource:
    """For the type checker."""
    return source


@pytest.mark.pain("C13")
async def test_the_id_of_a_mail_outlives_a_move_by_a_person_between_listing_and_fetching(
    source: GraphSource, provider: GraphProvider
) -> None:
    content = mail_bytes()
    provider.deliver(content)
    [mail] = await every(source, await found(source, ""))
    provider.move(mail.provider_id, "Somewhere else")
    assert await whole(source, mail.provider_id) == content
    provider.move(mail.provider_id, "")
    moved = await source.move(mail.provider_id, await source.create_folder("Imported"))
    assert moved == mail.provider_id


async def test_hidden_folders_and_search_folders_are_passed_over(source: GraphSource, provider: GraphProvider) -> None:
    provider.control.create_folder(provider.address, "inbox/Secret", hidden=True)
    provider.control.create_folder(provider.address, "inbox/Reports", search=True)
    assert await source.folder("Secret") is None
    assert await source.folder("Reports") is None
    with pytest.raises(PermanentError, match="search folder"):
        await source.create_folder("Reports")


async def test_a_folder_that_somebody_makes_at_the_same_moment_is_used(
    source: GraphSource, provider: GraphProvider
) -> None:
    def somebody(name: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            provider.make_folder("Imported")

    end = observe(somebody)
    try:
        made = await source.create_folder("imported")
    finally:
        end()
    mail = provider.deliver(mail_bytes(), "Imported")
    assert [listed.provider_id for listed in await every(source, made)] == [mail]


async def test_folders_cost_one_request_for_a_whole_lane_and_the_inbox_another(
    source: GraphSource, provider: GraphProvider, client: GraphClient
) -> None:
    for name in ("Imported", "Other", "Source"):
        provider.make_folder(name)
    for name in ("Imported", "Other", "Source", "imported"):
        await found(source, name)
    assert client.requests == 1
    await found(source, "")
    await found(source, "")
    assert client.requests == 2


async def test_archive_and_move_is_two_requests_a_mail(
    source: GraphSource, provider: GraphProvider, client: GraphClient, emulator: EmulatorThread
) -> None:
    imported = await source.create_folder("Imported")
    for number in range(5):
        provider.deliver(mail_bytes(f"Mail {number}"))
    inbox = await found(source, "")
    emulator.control.reset_counters()
    before = client.requests
    for mail in await every(source, inbox):
        await whole(source, mail.provider_id)
        await source.move(mail.provider_id, imported)
    assert client.requests - before == 1 + 2 * 5
    [lane] = emulator.control.counters()["lanes"]
    assert sum(lane["charged"].values()) == 1 + 2 * 5


@pytest.mark.parametrize("slash", [False, True])
async def test_ids_with_any_sign_in_them_travel(client: GraphClient, emulator: EmulatorThread, slash: bool) -> None:
    emulator.control.set_behaviour(ids_with_slash=slash)
    provider = GraphProvider(emulator, "o'brien+invoice@company.example")
    source = GraphSource(client, provider.address)
    for number in range(20):
        provider.deliver(mail_bytes(f"Mail {number}"))
    imported = await source.create_folder("Imported & more")
    for mail in await every(source, await found(source, ""), 7):
        assert await whole(source, mail.provider_id)
        assert await source.move(mail.provider_id, imported) == mail.provider_id


async def test_a_mailbox_that_is_not_there_is_told_apart_from_a_mail_that_is_gone(
    client: GraphClient, emulator: EmulatorThread
) -> None:
    source = GraphSource(client, "nobody@company.example")
    for call in (source.folder(""), source.locate("AAMkAGI2"), whole(source, "AAMkAGI2")):
        with pytest.raises(NotFound, match="Check the address") as caught:
            await call
        assert not isinstance(caught.value, MessageGone)


async def test_an_id_that_is_none_is_a_permanent_error(source: GraphSource) -> None:
    with pytest.raises(PermanentError, match="ErrorInvalidIdMalformed"):
        await whole(source, "no id at all")


@pytest.mark.parametrize(
    "url", ["http://graph.example/v1.0", "graph.microsoft.com", "https://", "https://graph.example/v1.0?x=1"]
)
def test_the_address_of_graph_is_checked_at_construction(url: str) -> None:
    with pytest.raises(ConfigurationError, match="address of Graph"):
        GraphClient(None, base_url=url)  # type: ignore[arg-type]


@pytest.mark.capability("S5.12")
async def test_what_is_sorted_by_comes_first_in_the_filter(source: GraphSource, provider: GraphProvider) -> None:
    """Otherwise Graph refuses, as the emulator does; and what is read is left out only where that is asked for."""
    inbox = await found(source, "")
    moment = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
    old = provider.deliver(mail_bytes("Old"), received=moment - timedelta(seconds=1))
    read = provider.deliver(mail_bytes("Read"), received=moment, is_read=True)
    new = provider.deliver(mail_bytes("New"), received=moment.astimezone(timezone(timedelta(hours=5))))
    expected = {(None, False): [old, read, new], (None, True): [old, new], (moment, False): [read, new]}
    expected[moment, True] = [new]
    for (since, unread), ids in expected.items():
        page = await source.list(inbox, since=since, unread=unread)
        assert [mail.provider_id for mail in page.mails] == ids


async def test_a_mail_of_our_own_is_whole_unread_and_in_its_folder(
    source: GraphSource, provider: GraphProvider, client: GraphClient, effects: list[str]
) -> None:
    inbox = await found(source, "")
    provider.control.create_mailbox("elsewhere@company.example")
    elsewhere = provider.control.create_folder("elsewhere@company.example", "inbox/Gone")
    content = mail_bytes("Køb", body="\r\n".join(["x" * 70] * 1000))
    before = client.requests
    made = await source.append(inbox, content)
    assert client.requests == before + 2
    assert effects == ["graph.append"]
    assert await whole(source, made) == content
    assert provider.place(made) == ""
    assert not provider.is_read(made)
    assert [mail.provider_id for mail in (await source.list(inbox, unread=True)).mails] == [made]
    with pytest.raises(PermanentError, match="more than 2097152 bytes"):
        await source.append(inbox, b"x" * (2 * 1024 * 1024 + 1))
    with pytest.raises(NotFound) as caught:
        await source.append(SourceFolder(id=elsewhere["id"], path="Gone"), content)
    assert caught.value.cause == "graph_folder_gone"


async def test_a_deleted_mail_lies_in_the_deleted_items(
    source: GraphSource, provider: GraphProvider, effects: list[str]
) -> None:
    mail = provider.deliver(mail_bytes())
    await source.delete(mail)
    assert effects == ["graph.delete"]
    assert provider.message(mail)["folder"] == "Slettet post"
    provider.delete(mail)
    await source.delete(mail)
    with pytest.raises(PermanentError, match="ErrorInvalidIdMalformed"):
        await source.delete("no id at all")
