"""Moving and removing on servers that can do less, and what a crash in the middle leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import trustme

from local.dovecot import Dovecot
from shared.errors import MessageGone, PermanentError, ServiceUnavailable
from shared.sources.base import MailSource, Place, SourceFolder
from shared.sources.imap.ids import MailId
from shared.sources.imap.source import ImapSource
from tests.sources.contract import MailSourceContract, every, found, mail_bytes, whole
from tests.sources.imap.hostile import IMPORTED, INBOX, source_at
from tests.support.dovecot import ImapProvider, dovecot, source_of
from tests.support.hostile_imap import fetched, hostile_imap

OLD = ("MOVE", "LIST-STATUS", "LIST-EXTENDED", "SPECIAL-USE", "LITERAL+", "SASL-IR", "ESEARCH", "CONDSTORE")


@pytest.fixture(scope="module", params=[OLD, (*OLD, "UIDPLUS", "NAMESPACE")], ids=["copy", "copy-and-expunge"])
def server(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Dovecot]:
    """An older server: everything below the inbox, a dot between the parts, and without what was invented later."""
    with dovecot(authority, separator=".", prefix="INBOX.", without=request.param) as running:
        yield running


@pytest.mark.needs("dovecot")
class TestContractOnAnOlderServer(MailSourceContract):
    odd_body = "\x01\x7fÆ" * 1000 + "\r\n.\r\n\r\n"

    def missing_folder(self) -> SourceFolder:
        return SourceFolder(id="INBOX.Gone", path="Gone")


@pytest.mark.needs("dovecot")
async def test_a_mail_that_somebody_else_marked_as_deleted_is_not_removed_with_ours(
    provider: ImapProvider, source: ImapSource
) -> None:
    provider.make_folder("Imported")
    theirs, ours = provider.deliver(mail_bytes("Theirs")), provider.deliver(mail_bytes("Ours"))
    provider.client.select_folder("INBOX")
    provider.client.delete_messages([MailId.parse(theirs).uid])
    inbox, imported = await found(source, ""), await found(source, "Imported")
    assert [mail.provider_id for mail in await every(source, inbox)] == [ours]
    single = "UIDPLUS" not in provider.server.without
    if single:
        moved = await source.move(ours, imported)
        assert provider.place(moved) == "Imported"
    else:
        with pytest.raises(PermanentError) as caught:
            await source.move(ours, imported)
        assert caught.value.cause == "imap_expunge_unsafe"
        with pytest.raises(PermanentError):
            await source.delete(ours)
        assert provider.place(ours) == ""
        assert await every(source, imported) == []
    assert provider.place(theirs) == ""


@pytest.mark.needs("dovecot")
async def test_who_is_cut_off_between_the_copy_and_its_end_moves_nothing_twice(
    provider: ImapProvider, source: ImapSource
) -> None:
    provider.make_folder("Imported")
    mail = provider.deliver(mail_bytes("Cut off"))
    inbox, imported = await found(source, ""), await found(source, "Imported")
    [listed] = await every(source, inbox)
    # what an earlier hold did before it was killed: the copy, and the mark
    uid = MailId.parse(mail).uid
    provider.client.select_folder("INBOX")
    provider.client.copy([uid], provider.folder_name("Imported"))
    provider.client.add_flags([uid], [b"\\Deleted"])
    later = source_of(provider)
    assert await every(later, inbox) == []
    place = await later.locate(mail, internet_message_id=listed.internet_message_id, among=[imported, inbox])
    assert place is not None
    assert place.folder == imported.id
    assert await whole(later, place.provider_id) == mail_bytes("Cut off")
    await later.aclose()


@pytest.mark.needs("dovecot")
async def test_a_copy_that_an_earlier_try_left_is_not_made_again_and_another_mail_is_not_taken_for_it(
    provider: ImapProvider, source: ImapSource
) -> None:
    provider.make_folder("Imported")
    # two deliveries of one mail: the same Message-ID and size, with a line of its own each
    first, second = (
        provider.deliver(b"Received: by mail with LMTP id %d\r\n" % number + mail_bytes("To two addresses"))
        for number in (1, 2)
    )
    inbox, imported = await found(source, ""), await found(source, "Imported")
    assert len(await every(source, inbox)) == 2
    # what an earlier hold did before it was killed: the copy, and no more
    provider.client.select_folder("INBOX")
    provider.client.copy([MailId.parse(first).uid], provider.folder_name("Imported"))
    for mail in (first, second, first):
        later = source_of(provider)
        if provider.place(mail) is None:
            with pytest.raises(MessageGone):
                await later.move(mail, imported)
        else:
            moved = await later.move(mail, imported)
            assert provider.place(moved) == "Imported"
        await later.aclose()
    fresh = source_of(provider)
    assert await every(fresh, inbox) == []
    contents = sorted([await whole(fresh, mail.provider_id) for mail in await every(fresh, imported)])
    assert [content[:34] for content in contents] == [
        b"Received: by mail with LMTP id %d\r\n" % number for number in (1, 2)
    ]
    await fresh.aclose()


# -- servers that do not say where a mail went


@pytest.fixture
async def silent(authority: trustme.CA) -> AsyncIterator[tuple[ImapSource, dict[str, object], list[str]]]:
    """A server with MOVE that gives no COPYUID."""
    async with hostile_imap(authority, {"UID MOVE": b"* 1 EXPUNGE\r\nTAG OK done\r\n"}) as server:
        source = source_at(server.port, authority)
        yield source, server.answers, server.commands  # type: ignore[misc]
        await source.aclose()


async def test_without_word_of_the_new_uid_the_mail_is_looked_for_where_it_went(
    silent: tuple[ImapSource, dict[str, object], list[str]],
) -> None:
    source, answers, _ = silent
    [mail] = (await source.list(INBOX)).mails
    answers["UID FETCH"] = fetched(5) + fetched(3, number=2) + b"TAG OK done\r\n"
    moved = await source.move(mail.provider_id, IMPORTED)
    assert MailId.parse(moved).folder == "INBOX/Imported"
    assert MailId.parse(moved).uid == 5


async def test_a_mail_that_is_not_to_be_found_where_it_went_is_an_open_question(
    silent: tuple[ImapSource, dict[str, object], list[str]],
) -> None:
    source, answers, _ = silent
    [mail] = (await source.list(INBOX)).mails
    answers["UID SEARCH"] = b"* SEARCH\r\nTAG OK done\r\n"
    with pytest.raises(ServiceUnavailable):
        await source.move(mail.provider_id, IMPORTED)


async def test_a_move_of_nothing_is_no_success(silent: tuple[ImapSource, dict[str, object], list[str]]) -> None:
    source, answers, commands = silent
    [mail] = (await source.list(INBOX)).mails
    answers["UID MOVE"] = b"TAG OK no messages\r\n"
    with pytest.raises(MessageGone):
        await source.move(mail.provider_id, IMPORTED)
    assert [command.split(" ", 2)[:2] for command in commands[-3:]] == [["UID", "MOVE"], ["NOOP"], ["UID", "MOVE"]]


@pytest.mark.parametrize(
    ("said", "kind", "cause"),
    [
        (b"TAG NO [OVERQUOTA] full\r\n", PermanentError, "imap_over_quota"),
        (b"TAG NO [NOPERM] no\r\n", PermanentError, "imap_no_permission"),
        (b"TAG NO [INUSE] busy\r\n", ServiceUnavailable, "imap_unavailable"),
        (b"TAG NO something\r\n", ServiceUnavailable, "imap_refused"),
        (b"TAG BAD what\r\n", ServiceUnavailable, "imap_protocol"),
    ],
)
async def test_refusals_of_a_move_are_told_apart(
    silent: tuple[ImapSource, dict[str, object], list[str]], said: bytes, kind: type[Exception], cause: str
) -> None:
    source, answers, _ = silent
    [mail] = (await source.list(INBOX)).mails
    answers["UID MOVE"] = said
    with pytest.raises(kind) as caught:
        await source.move(mail.provider_id, IMPORTED)
    assert (type(caught.value), caught.value.cause) == (kind, cause)  # type: ignore[attr-defined]


async def test_a_folder_that_is_gone_is_seen_also_where_no_code_says_so(
    silent: tuple[ImapSource, dict[str, object], list[str]],
) -> None:
    source, answers, _ = silent
    [mail] = (await source.list(INBOX)).mails
    answers["UID MOVE"] = b"TAG NO mappe findes ikke\r\n"
    answers["LIST"] = b"TAG OK done\r\n"
    with pytest.raises(PermanentError) as caught:
        await source.move(mail.provider_id, IMPORTED)
    assert caught.value.cause == "imap_folder_gone"  # type: ignore[attr-defined]


# -- categories


async def test_categories_that_the_server_cannot_keep_hold_no_mail_up(authority: trustme.CA) -> None:
    select = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [PERMANENTFLAGS (\\Seen Known)] ok\r\nTAG OK done\r\n"
    store = b"* 1 FETCH (UID 5 FLAGS (\\Seen Known))\r\nTAG OK done\r\n"
    async with hostile_imap(authority, {"SELECT": select, "UID STORE": store}) as server:
        source = source_at(server.port, authority)
        [mail] = (await source.list(INBOX)).mails
        await source.change(mail.provider_id, mark_read=True, add_categories=("Known", "Unknown"))
        assert server.commands[-1] == "UID STORE 5 +FLAGS (\\Seen Known)"
        server.commands.clear()
        await source.change(mail.provider_id, add_categories=("Unknown",))
        assert server.commands == []
        await source.aclose()


@pytest.mark.needs("dovecot")
async def test_categories_of_any_writing_come_back_as_they_were(provider: ImapProvider, source: ImapSource) -> None:
    names = ("Til opfølgning", "100 %", "日本", "a=41", "$Fremd", "Ja/Nej (x)")
    mail = provider.deliver(mail_bytes())
    await source.change(mail, add_categories=names)
    assert set(await source.categories(mail)) == set(names)
    provider.client.select_folder("INBOX")
    provider.client.add_flags([MailId.parse(mail).uid], [b"$Forwarded", b"NonJunk", b"\\Flagged"])
    assert set(await source.categories(mail)) == set(names)


def is_a_mail_source(source: ImapSource) -> MailSource:
    """For the type checker."""
    return source


async def test_a_place_names_the_mail_there(authority: trustme.CA) -> None:
    async with hostile_imap(authority) as server:
        source = source_at(server.port, authority)
        [mail] = (await source.list(INBOX)).mails
        assert await source.locate(mail.provider_id) == Place(folder="INBOX", provider_id=mail.provider_id)
        for text in ("", "no id", "INBOX|7|5", "INBOX|x|5|aaaaaaaaaa", "INBOX\r\n|7|5|aaaaaaaaaa"):
            with pytest.raises(PermanentError):
                await source.locate(text)
        await source.aclose()
