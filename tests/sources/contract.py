"""What every mail source has to do. A test class of a source inherits `MailSourceContract` and gives the fixtures."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Protocol

import pytest

from shared.effect import Moment, observe
from shared.errors import MessageGone, NotFound
from shared.sources.base import ListedMail, MailSource, SourceFolder

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


@pytest.fixture
def effects() -> Iterator[list[str]]:
    names: list[str] = []
    end = observe(lambda name, moment: names.append(name) if moment is Moment.AFTER else None)
    yield names
    end()


class MailSourceContract:
    """Inherit this, and give the fixtures `source: MailSource` and `provider: Provider`."""

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

    # -- fetching

    async def test_the_mail_is_fetched_byte_for_byte(self, source: MailSource, provider: Provider) -> None:
        content = mail_bytes(body="\x00\x7fÆ" * 1000 + "\r\n.\r\n\n\r")
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
        assert await source.locate(mail) == inbox.id
        moved = await source.move(mail, imported)
        assert provider.place(moved) == "Imported"
        assert provider.moves(moved) == 1
        assert await source.locate(moved) == imported.id
        assert await every(source, inbox) == []
        assert len(effects) == 1

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
