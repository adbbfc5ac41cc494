"""What every mail source has to do. A test class of a source inherits `MailSourceContract` and gives the fixtures."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from shared.effect import Moment, observe
from shared.errors import MessageGone, NotFound
from shared.sources.base import ListedMail, MailChanges, MailSource, Place, SourceFolder

CHUNK = 256 * 1024
MEBIBYTE = 1024 * 1024


def mail_bytes(subject: str = "Invoice 17", *, receipt: bool = False, body: str = "Please pay.") -> bytes:
    lines = [
        "From: Supplier <billing@supplier.example>",
        "To: invoice@company.example",
        f"Subject: {subject}",
        f"Message-ID: <{hashlib.sha256(subject.encode()).hexdigest()[:12]}@supplier.example>",
        "Date: Mon, 02 Nov 2026 08:15:00 +0000",
        *(["Disposition-Notification-To: billing@supplier.example"] if receipt else []),
        "MIME-Version: 1.0",
        'Content-Type: text/plain; charset="utf-8"',
        "",
        body,
    ]
    return "\r\n".join(lines).encode() + b"\r\n"


class Provider(Protocol):
    """The other side, as a person with a mail program would see and change it. Paths are below the inbox."""

    def deliver(
        self,
        content: bytes,
        folder: str = "",
        *,
        received: datetime | None = None,
        is_read: bool = False,
        categories: tuple[str, ...] = (),
    ) -> str:
        """Put a mail into a folder; returns the id by which the source will know it."""

    def make_folder(self, path: str) -> None:
        """Make a folder, with its parents."""

    def move(self, provider_id: str, folder: str) -> None:
        """Move a mail."""

    def delete(self, provider_id: str) -> None:
        """Delete a mail for good."""

    def place(self, provider_id: str) -> str | None:
        """Where the mail is now."""

    def moves(self, provider_id: str) -> int:
        """How often it was moved."""

    def is_read(self, provider_id: str) -> bool:
        """Whether it is marked read."""

    def categories(self, provider_id: str) -> tuple[str, ...]:
        """Its categories."""

    def junk(self, content: bytes) -> None:
        """Put a mail into the folder for junk."""


async def whole(source: MailSource, provider_id: str) -> bytes:
    async with source.fetch(provider_id) as pieces:
        return b"".join([piece async for piece in pieces])


async def found(source: MailSource, path: str) -> SourceFolder:
    folder = await source.folder(path)
    assert folder is not None
    return folder


async def pages(source: MailSource, folder: SourceFolder, size: int) -> AsyncIterator[tuple[ListedMail, ...]]:
    page = await source.list(folder, size=size)
    yield page.mails
    while page.next is not None:
        page = await source.list(folder, page=page.next, size=size)
        yield page.mails


async def every(source: MailSource, folder: SourceFolder, size: int = 200) -> list[ListedMail]:
    return [mail async for page in pages(source, folder, size) for mail in page]


async def added(
    source: MailSource, folder: SourceFolder, cursor: str | None, size: int = 200
) -> tuple[list[str], str, int]:
    """Ids of what was added since the cursor, the cursor for the next time, and how many pages that took."""
    ids: list[str] = []
    page: MailChanges | None = None
    number = 0
    while page is None or page.next is not None:
        page = await source.changes(folder, cursor=cursor, page=page.next if page else None, size=size)
        ids += [mail.provider_id for mail in page.mails]
        number += 1
    assert page.cursor
    return list(dict.fromkeys(ids)), page.cursor, number


@pytest.fixture
def effects() -> Iterator[list[str]]:
    names: list[str] = []
    end = observe(lambda name, moment: names.append(name) if moment is Moment.AFTER else None)
    yield names
    end()


class MailSourceContract:
    """Inherit this, and give the fixtures `source: MailSource` and `provider: Provider`."""

    odd_body = "\x00\x7fÆ" * 1000 + "\r\n.\r\n\n\r"
    """Bytes that a mail should not have, and that the provider keeps all the same."""

    # -- folders

    async def test_the_empty_path_is_the_inbox(self, source: MailSource, provider: Provider) -> None:
        provider.deliver(mail_bytes())
        inbox = await found(source, "")
        assert inbox.path == ""
        assert len(await every(source, inbox)) == 1

    async def test_a_folder_is_found_below_the_inbox_whatever_the_case(
        self, source: MailSource, provider: Provider
    ) -> None:
        provider.make_folder("Company/Imported/2026")
        folder = await found(source, "company/IMPORTED/2026")
        assert folder == await found(source, "company/IMPORTED/2026")
        assert folder.id == (await found(source, "Company/Imported/2026")).id
        assert folder.id != (await found(source, "Company/Imported")).id

    async def test_a_folder_that_is_not_there_is_none(self, source: MailSource, provider: Provider) -> None:
        provider.make_folder("Company")
        assert await source.folder("Nothing") is None
        assert await source.folder("Company/Nothing/At all") is None

    async def test_a_folder_made_after_it_was_missed_is_found(self, source: MailSource, provider: Provider) -> None:
        assert await source.folder("Late") is None
        provider.make_folder("Late")
        assert (await found(source, "Late")).path == "Late"

    async def test_a_folder_among_many(self, source: MailSource, provider: Provider) -> None:
        for number in range(230):
            provider.make_folder(f"Customer {number:03}")
        last, first = await found(source, "customer 229"), await found(source, "Customer 000")
        assert last.id != first.id

    async def test_a_folder_is_made_with_its_parents(
        self, source: MailSource, provider: Provider, effects: list[str]
    ) -> None:
        made = await source.create_folder("Postrum/Done/2026")
        assert made == await found(source, "Postrum/Done/2026")
        assert len(effects) == 3
        mail = provider.deliver(mail_bytes(), "Postrum/Done/2026")
        assert [listed.provider_id for listed in await every(source, made)] == [mail]

    async def test_a_folder_is_not_made_twice(self, source: MailSource, provider: Provider, effects: list[str]) -> None:
        provider.make_folder("Postrum")
        assert (await source.create_folder("postrum")).id == (await found(source, "Postrum")).id
        assert effects == []

    @pytest.mark.pain("C32")
    async def test_the_tree_has_every_folder_below_the_inbox_and_parents_come_first(
        self, source: MailSource, provider: Provider
    ) -> None:
        for path in ("Arkiv", "Til manuel opfølgning", "Arkiv/2026", "Arkiv/2026/Märkte & Müll", "日本語"):
            provider.make_folder(path)
        provider.deliver(mail_bytes("One"), "Arkiv/2026")
        provider.deliver(mail_bytes("Two"), "Arkiv/2026", is_read=True)
        nodes = await source.tree()
        by_path = {node.path: node for node in nodes}
        assert nodes[0].path == ""
        assert nodes[0].parent is None
        assert {"Arkiv", "Til manuel opfølgning", "Arkiv/2026", "Arkiv/2026/Märkte & Müll", "日本語"} <= set(by_path)
        assert by_path["Arkiv/2026/Märkte & Müll"].name == "Märkte & Müll"
        assert by_path["Arkiv/2026"].parent == by_path["Arkiv"].id
        assert by_path["Arkiv"].parent == nodes[0].id
        assert (by_path["Arkiv/2026"].total, by_path["Arkiv/2026"].unread) == (2, 1)
        assert by_path["Arkiv"].below_inbox
        assert by_path["日本語"].below_inbox
        seen: set[str] = set()
        for node in nodes:
            assert node.parent is None or node.parent in seen
            seen.add(node.id)
        for path in ("", "Arkiv/2026/Märkte & Müll", "日本語"):
            assert (await found(source, path)).id == by_path[path].id

    async def test_what_lies_in_the_folder_for_junk_is_counted(self, source: MailSource, provider: Provider) -> None:
        assert await source.junk_count() in (0, None)
        provider.junk(mail_bytes("Prize"))
        provider.junk(mail_bytes("Another prize"))
        assert await source.junk_count() == 2

    # -- listing

    async def test_an_empty_folder_lists_nothing(self, source: MailSource, provider: Provider) -> None:
        provider.make_folder("Empty")
        page = await source.list(await found(source, "Empty"))
        assert page.mails == ()
        assert page.next is None

    async def test_the_listing_has_every_mail_once_and_the_oldest_first(
        self, source: MailSource, provider: Provider
    ) -> None:
        days = [5, 3, 9, 1, 7, 2, 8]
        ids = {
            day: provider.deliver(mail_bytes(f"Day {day}"), received=datetime(2026, 11, day, 8, tzinfo=UTC))
            for day in days
        }
        listed = [page async for page in pages(source, await found(source, ""), 3)]
        assert [len(page) for page in listed if page] == [3, 3, 1]
        assert [mail.provider_id for page in listed for mail in page] == [ids[day] for day in sorted(days)]

    async def test_the_listing_says_what_is_needed_before_a_mail_is_fetched(
        self, source: MailSource, provider: Provider
    ) -> None:
        received = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
        plain = provider.deliver(mail_bytes("Rechnung für Köln"), received=received)
        receipt = provider.deliver(mail_bytes("With receipt", receipt=True), is_read=True, categories=("Red", "Blue"))
        by_id = {mail.provider_id: mail for mail in await every(source, await found(source, ""))}
        assert by_id[plain].received_at == received
        assert by_id[plain].subject == "Rechnung für Köln"
        assert by_id[plain].sender == "billing@supplier.example"
        assert by_id[plain].internet_message_id.endswith("@supplier.example>")
        assert not by_id[plain].is_read
        assert not by_id[plain].read_receipt_requested
        assert by_id[plain].categories == ()
        assert by_id[receipt].is_read
        assert by_id[receipt].read_receipt_requested
        assert set(by_id[receipt].categories) == {"Red", "Blue"}

    async def test_the_size_is_right_where_it_is_known_before_the_fetch(
        self, source: MailSource, provider: Provider
    ) -> None:
        content = mail_bytes(body="x" * 5000)
        provider.deliver(content)
        [mail] = await every(source, await found(source, ""))
        assert mail.size in (None, len(content))

    async def test_only_what_was_received_since_a_moment_is_listed_and_the_rest_is_counted(
        self, source: MailSource, provider: Provider
    ) -> None:
        moment = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
        offsets = [timedelta(days=-400), timedelta(hours=-9), timedelta(seconds=-1), timedelta(0), timedelta(hours=20)]
        ids = [provider.deliver(mail_bytes(f"At {offset}"), received=moment + offset) for offset in offsets]
        inbox = await found(source, "")
        page = await source.list(inbox, since=moment)
        assert [mail.provider_id for mail in page.mails] == ids[3:]
        assert await source.count(inbox) == 5
        assert await source.count(inbox, before=moment) == 3
        assert await source.count(inbox, before=moment - timedelta(days=500)) == 0

    async def test_only_what_nobody_has_read_is_listed_when_that_is_asked_for(
        self, source: MailSource, provider: Provider
    ) -> None:
        days = range(1, 9)
        ids = {
            day: provider.deliver(
                mail_bytes(f"Day {day}"), received=datetime(2026, 11, day, 8, tzinfo=UTC), is_read=day % 2 == 0
            )
            for day in days
        }
        inbox = await found(source, "")
        listed: list[str] = []
        page = await source.list(inbox, unread=True, size=3)
        listed += [mail.provider_id for mail in page.mails]
        while page.next:
            page = await source.list(inbox, unread=True, size=3, page=page.next)
            listed += [mail.provider_id for mail in page.mails]
        assert listed == [ids[day] for day in days if day % 2]
        after = datetime(2026, 11, 4, tzinfo=UTC)
        both = await source.list(inbox, unread=True, since=after)
        assert [mail.provider_id for mail in both.mails] == [ids[5], ids[7]]
        assert len(await every(source, inbox)) == 8

    async def test_reading_leaves_the_read_flag_alone(self, source: MailSource, provider: Provider) -> None:
        mail = provider.deliver(mail_bytes())
        inbox = await found(source, "")
        await every(source, inbox)
        await added(source, inbox, None)
        await whole(source, mail)
        assert not provider.is_read(mail)

    # -- changes

    @pytest.mark.pain("C4")
    async def test_the_changes_are_everything_at_first_and_then_what_came_since(
        self, source: MailSource, provider: Provider
    ) -> None:
        inbox = await found(source, "")
        first = [provider.deliver(mail_bytes(f"First {number}")) for number in range(5)]
        ids, cursor, number = await added(source, inbox, None, size=2)
        assert sorted(ids) == sorted(first)
        assert number > 1
        assert (await added(source, inbox, cursor))[0] == []
        # a mail that was received long before, and came late
        late = provider.deliver(mail_bytes("Late"), received=datetime(2020, 1, 1, tzinfo=UTC), is_read=True)
        ids, after, _ = await added(source, inbox, cursor)
        assert ids == [late]
        assert (await added(source, inbox, after))[0] == []
        # a cursor that was not written down in time gives the same once more
        assert (await added(source, inbox, cursor))[0] == [late]

    async def test_what_left_the_folder_is_not_among_its_changes(self, source: MailSource, provider: Provider) -> None:
        provider.make_folder("Away")
        inbox = await found(source, "")
        _, cursor, _ = await added(source, inbox, None)
        mails = [provider.deliver(mail_bytes(f"Mail {number}")) for number in range(3)]
        provider.move(mails[0], "Away")
        provider.delete(mails[2])
        assert (await added(source, inbox, cursor))[0] == [mails[1]]

    # -- fetching

    async def test_the_mail_is_fetched_byte_for_byte(self, source: MailSource, provider: Provider) -> None:
        content = mail_bytes(body=self.odd_body)
        mail = provider.deliver(content)
        assert await whole(source, mail) == content

    async def test_a_large_mail_comes_in_pieces_and_is_never_whole_in_memory(
        self, source: MailSource, provider: Provider
    ) -> None:
        content = mail_bytes(body="0123456789abcdef" * (20 * MEBIBYTE // 16))
        digest, size = hashlib.sha256(content).digest(), len(content)
        mail = provider.deliver(content)
        del content
        await whole(source, provider.deliver(mail_bytes("first, so that everything is loaded")))
        seen, length = hashlib.sha256(), 0
        tracemalloc.start()
        try:
            async with source.fetch(mail) as pieces:
                async for piece in pieces:
                    assert 0 < len(piece) <= CHUNK
                    seen.update(piece)
                    length += len(piece)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert length == size
        assert seen.digest() == digest
        assert peak < 4 * MEBIBYTE

    async def test_a_fetch_that_is_given_up_leaves_the_source_usable(
        self, source: MailSource, provider: Provider
    ) -> None:
        mail = provider.deliver(mail_bytes(body="x" * MEBIBYTE))
        for _ in range(5):
            async with source.fetch(mail) as pieces:
                async for _piece in pieces:
                    break
        assert len(await whole(source, mail)) > MEBIBYTE

    @pytest.mark.fault("B01")
    async def test_a_mail_deleted_before_it_is_fetched_is_gone(self, source: MailSource, provider: Provider) -> None:
        mail = provider.deliver(mail_bytes())
        assert len(await every(source, await found(source, ""))) == 1
        provider.delete(mail)
        with pytest.raises(MessageGone):
            await whole(source, mail)

    async def test_categories_are_read_as_they_are_now(self, source: MailSource, provider: Provider) -> None:
        mail = provider.deliver(mail_bytes())
        assert await source.categories(mail) == ()
        await source.change(mail, add_categories=("Blue", "Order"))
        assert set(await source.categories(mail)) == {"Blue", "Order"}
        provider.delete(mail)
        with pytest.raises(MessageGone):
            await source.categories(mail)

    # -- locating and moving

    async def test_a_mail_is_moved_and_located(
        self, source: MailSource, provider: Provider, effects: list[str]
    ) -> None:
        provider.make_folder("Imported")
        mail = provider.deliver(mail_bytes())
        inbox, imported = await found(source, ""), await found(source, "Imported")
        assert await source.locate(mail) == Place(folder=inbox.id, provider_id=mail)
        moved = await source.move(mail, imported)
        assert provider.place(moved) == "Imported"
        assert provider.moves(moved) == 1
        assert await source.locate(moved) == Place(folder=imported.id, provider_id=moved)
        assert await every(source, inbox) == []
        assert [listed.provider_id for listed in await every(source, imported)] == [moved]
        assert len(effects) == 1

    async def test_a_mail_is_found_by_its_old_id_where_it_was_moved_to(
        self, source: MailSource, provider: Provider
    ) -> None:
        for name in ("Imported", "Other"):
            provider.make_folder(name)
        inbox, imported, other = await found(source, ""), await found(source, "Imported"), await found(source, "Other")
        content = mail_bytes("Wanted")
        old = provider.deliver(content)
        provider.deliver(mail_bytes("Another"), "Imported")
        [listed] = await every(source, inbox)
        moved = await source.move(old, imported)
        place = await source.locate(old, internet_message_id=listed.internet_message_id, among=[other, imported, inbox])
        assert place == Place(folder=imported.id, provider_id=moved)
        assert await whole(source, place.provider_id) == content

    async def test_a_mail_that_a_person_moved_is_found_among_the_folders_that_are_named(
        self, source: MailSource, provider: Provider
    ) -> None:
        provider.make_folder("Elsewhere")
        elsewhere = await found(source, "Elsewhere")
        mail = provider.deliver(mail_bytes("Dragged away"))
        [listed] = await every(source, await found(source, ""))
        provider.move(mail, "Elsewhere")
        place = await source.locate(mail, internet_message_id=listed.internet_message_id, among=[elsewhere])
        assert place is not None
        assert place.folder == elsewhere.id
        assert await whole(source, place.provider_id) == mail_bytes("Dragged away")

    @pytest.mark.fault("B01")
    async def test_a_mail_that_is_gone_is_not_moved_and_not_located(
        self, source: MailSource, provider: Provider
    ) -> None:
        provider.make_folder("Imported")
        mail = provider.deliver(mail_bytes())
        imported = await found(source, "Imported")
        provider.delete(mail)
        assert await source.locate(mail) is None
        with pytest.raises(MessageGone):
            await source.move(mail, imported)

    async def test_a_folder_that_is_gone_is_not_taken_for_a_mail_that_is_gone(
        self, source: MailSource, provider: Provider
    ) -> None:
        mail = provider.deliver(mail_bytes())
        gone = self.missing_folder()
        with pytest.raises(NotFound):
            await source.move(mail, gone)
        with pytest.raises(NotFound):
            await source.list(gone)
        assert provider.place(mail) == ""

    def missing_folder(self) -> SourceFolder:
        """A folder that was there once."""
        raise NotImplementedError

    # -- changing

    async def test_a_mail_is_marked_and_categorised_at_once(
        self, source: MailSource, provider: Provider, effects: list[str]
    ) -> None:
        mail = provider.deliver(mail_bytes(), categories=("Red",))
        await source.change(mail, mark_read=True, add_categories=("Imported",), present=("Red",))
        assert provider.is_read(mail)
        assert set(provider.categories(mail)) == {"Red", "Imported"}
        assert len(effects) == 1
        await source.change(mail, mark_read=False)
        assert not provider.is_read(mail)
        assert set(provider.categories(mail)) == {"Red", "Imported"}

    async def test_nothing_to_change_is_no_request(
        self, source: MailSource, provider: Provider, effects: list[str]
    ) -> None:
        mail = provider.deliver(mail_bytes(), categories=("Red",))
        await source.change(mail, add_categories=("red",), present=("Red",))
        assert effects == []
        assert provider.categories(mail) == ("Red",)

    @pytest.mark.fault("B01")
    async def test_a_mail_that_is_gone_is_not_changed(self, source: MailSource, provider: Provider) -> None:
        mail = provider.deliver(mail_bytes())
        provider.delete(mail)
        with pytest.raises(MessageGone):
            await source.change(mail, mark_read=True)

    # -- a mail of our own

    async def test_a_mail_of_our_own_is_put_in_as_if_it_had_arrived(
        self, source: MailSource, provider: Provider, effects: list[str]
    ) -> None:
        provider.make_folder("Test")
        folder = await found(source, "Test")
        made = await source.append(folder, mail_bytes("Test mail of Postrum"))
        [mail] = await every(source, folder)
        assert mail.provider_id == made
        assert mail.subject == "Test mail of Postrum"
        assert not mail.is_read
        assert b"Please pay." in await whole(source, made)
        assert len(effects) == 1

    async def test_a_deleted_mail_is_in_no_folder_that_is_read_and_deleting_it_again_is_no_error(
        self, source: MailSource, provider: Provider, effects: list[str]
    ) -> None:
        mail, other = provider.deliver(mail_bytes("Unwanted")), provider.deliver(mail_bytes("Wanted"))
        inbox = await found(source, "")
        await source.delete(mail)
        assert [listed.provider_id for listed in await every(source, inbox)] == [other]
        assert len(effects) == 1
        provider.delete(other)
        await source.delete(other)
