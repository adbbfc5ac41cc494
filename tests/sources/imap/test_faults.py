"""Servers that are slow, break off, lie or attack."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from shared.errors import CursorLost, MessageGone, NetworkFailure, PostrumError, ServiceUnavailable, Throttled
from shared.model.config import ImapEncryption
from shared.sources.imap.connection import Timing
from shared.sources.imap.ids import MailId
from shared.sources.imap.source import ImapSource
from tests.sources.contract import every, found, mail_bytes, whole
from tests.sources.imap.hostile import IMPORTED, INBOX, never_sent, source_at
from tests.support.dovecot import ImapProvider, source_of
from tests.support.hostile_imap import HEADER, Answer, Conversation, HostileImap, fetched, hostile_imap

HURRIED = Timing(connect=5, greeting=1, call=1)
MEBIBYTE = 1024 * 1024


@asynccontextmanager
async def against(
    authority: trustme.CA, answers: dict[str, Answer] | None = None, *, timing: Timing = HURRIED, **server: object
) -> AsyncIterator[tuple[ImapSource, HostileImap]]:
    async with hostile_imap(authority, answers, **server) as running:  # type: ignore[arg-type]
        source = source_at(running.port, authority, timing=timing)
        try:
            # a worker that hangs for ever is the fault; the limit is far above what is allowed to the call
            async with asyncio.timeout(30):
                yield source, running
        finally:
            await source.aclose()


async def drip(conversation: Conversation, tag: bytes) -> None:
    """A response that never ends, a byte at a time; each read is answered at once."""
    while True:
        await conversation.say(b"*")
        await asyncio.sleep(0.02)


async def silence(conversation: Conversation, tag: bytes) -> None:
    await asyncio.Event().wait()


async def half(conversation: Conversation, tag: bytes) -> None:
    await conversation.say(b"* 1 FETCH (UID 5 BODY[]<0> {1000}\r\nhalf")
    conversation.writer.close()


async def reset(conversation: Conversation, tag: bytes) -> None:
    await conversation.say(b"* 1 FETCH (UID 5 BODY[]<0> {1000}\r\nhalf")
    conversation.writer.transport.abort()


@pytest.mark.fault("B04")
@pytest.mark.parametrize(
    ("answer", "cause"), [(drip, "network_timeout"), (silence, "network_timeout"), (half, "network_broken"), (reset, "network_broken")]
)  # fmt: skip
async def test_a_server_that_trickles_hangs_or_breaks_off_ends_the_call_and_the_next_one_works(
    authority: trustme.CA, answer: Answer, cause: str
) -> None:
    async with against(authority, {"UID FETCH": answer}) as (source, server):
        with pytest.raises(NetworkFailure) as caught:
            await source.list(INBOX)
        assert caught.value.cause == cause
        server.answers.pop("UID FETCH")
        server.answers["UID FETCH"] = fetched(5) + b"TAG OK done\r\n"
        page = await source.list(INBOX)
        assert [mail.subject for mail in page.mails] == ["One"]


@pytest.mark.fault("B04")
@pytest.mark.parametrize("implicit", [True, False])
async def test_a_server_that_accepts_and_says_nothing_is_given_up(authority: trustme.CA, implicit: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        encryption = ImapEncryption.TLS if implicit else ImapEncryption.STARTTLS
        source = source_at(silent.getsockname()[1], authority, encryption=encryption, timing=HURRIED)
        async with asyncio.timeout(30):
            with pytest.raises(NetworkFailure) as caught:
                await source.list(INBOX)
        assert caught.value.cause == "network_timeout"


@pytest.mark.fault("B04")
async def test_a_move_that_got_no_answer_may_or_may_not_have_taken_place(authority: trustme.CA) -> None:
    async with against(authority, {"UID MOVE": silence}) as (source, _):
        [mail] = (await source.list(INBOX)).mails
        with pytest.raises(NetworkFailure, match="may or may not"):
            await source.move(mail.provider_id, IMPORTED)


async def test_a_call_that_is_cancelled_leaves_the_source_usable(authority: trustme.CA) -> None:
    begun = asyncio.Event()

    async def slow(conversation: Conversation, tag: bytes) -> None:
        begun.set()
        await silence(conversation, tag)

    async with against(authority, {"UID FETCH": slow}, timing=Timing()) as (source, server):
        task = asyncio.create_task(source.list(INBOX))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.answers["UID FETCH"] = fetched(5) + b"TAG OK done\r\n"
        assert len((await source.list(INBOX)).mails) == 1


async def test_a_connection_that_the_server_ended_meanwhile_is_not_used_for_the_next_call(
    authority: trustme.CA,
) -> None:
    async def bye(conversation: Conversation, tag: bytes) -> None:
        await conversation.say(fetched(5) + tag + b" OK done\r\n* BYE idle for too long\r\n")
        said.set()

    said = asyncio.Event()
    async with against(authority, {"UID FETCH": bye}) as (source, server):
        await source.list(INBOX)
        await said.wait()
        server.answers["UID FETCH"] = fetched(5) + b"TAG OK done\r\n"
        assert len((await source.list(INBOX)).mails) == 1
        assert sum(command.startswith("AUTHENTICATE") for command in server.commands) == 2


# -- attacks


async def endless_lines(conversation: Conversation, tag: bytes) -> None:
    while True:
        await conversation.say(b'* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n* LIST () "/" x\r\n' * 1000)


async def endless_line(conversation: Conversation, tag: bytes) -> None:
    while True:
        await conversation.say(b"* SEARCH" + b" 1" * 100_000)


async def endless_literals(conversation: Conversation, tag: bytes) -> None:
    while True:
        await conversation.say(b"* 1 FETCH (UID 5 BODY[] {1000000}\r\n" + b"x" * 1_000_000 + b")\r\n")


@pytest.mark.fault("B09")
@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 5 BODY[]<0> {2147483648}\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0> {99999999999999999999}\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0> {" + b"9" * 6000 + b"}\r\nTAG OK\r\n",
        b"* 1 FETCH (UID 5 BODY[]<0> {5000000}\r\n",
        endless_lines,
        endless_line,
        endless_literals,
        b"* 1 FETCH (UID 5 FLAGS (\0) \0\r\n\0\r\nTAG OK done\r\n",
        b"* 1 FETCH " + b"(" * 20_000 + b"\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 5 \"never closed\r\nTAG OK done\r\n",
        b"* 1 FETCH 5\r\nTAG OK done\r\n",
        b"nonsense\r\nTAG OK done\r\n",
        b"+ go on\r\nTAG OK done\r\n",
        b"P999 OK for nobody\r\nTAG OK done\r\n",
        b"TAG MAYBE\r\n",
        b"\r\n\r\n\r\n",
    ],
    ids=lambda value: getattr(value, "__name__", None) or value[:24].decode("latin-1"),
)  # fmt: skip
async def test_what_no_server_may_say_ends_in_an_error_and_in_little_memory(
    authority: trustme.CA, answer: Answer
) -> None:
    async with against(authority, {"UID FETCH": answer}, timing=Timing(call=20)) as (source, _):
        await source.count(INBOX)  # everything is loaded
        tracemalloc.start()
        try:
            with pytest.raises(ServiceUnavailable) as caught:
                await source.list(INBOX)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert caught.value.cause == "imap_protocol"
        assert peak < 64 * MEBIBYTE  # the server lives in this process too


@pytest.mark.fault("B09")
@pytest.mark.needs("dovecot")
async def test_an_attacking_server_disturbs_no_other_mailbox(authority: trustme.CA, provider: ImapProvider) -> None:
    provider.deliver(mail_bytes("Good"))
    good = source_of(provider)
    async with against(authority, {"UID FETCH": endless_lines}, timing=Timing(call=20)) as (source, _):
        attack = asyncio.create_task(source.list(INBOX))
        assert [mail.subject for mail in (await good.list(INBOX)).mails] == ["Good"]
        with pytest.raises(ServiceUnavailable):
            await attack
    await good.aclose()


async def slip_in(conversation: Conversation, tag: bytes) -> None:
    """Whoever stands between adds a line in plain text, in one packet with the answer."""
    await conversation.say(tag + b" OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
    await conversation.writer.start_tls(conversation.context)


@pytest.mark.fault("B09")
async def test_plain_text_behind_the_answer_to_starttls_ends_the_connection_before_any_password(
    authority: trustme.CA,
) -> None:
    greeting = b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n"
    async with hostile_imap(authority, {"STARTTLS": slip_in}, greeting=greeting, implicit=False) as server:
        source = source_at(server.port, authority, encryption=ImapEncryption.STARTTLS, timing=HURRIED)
        with pytest.raises(NetworkFailure) as caught:
            await source.list(INBOX)
        assert caught.value.cause == "imap_starttls_attacked"
        assert never_sent(server)


@pytest.mark.fault("B09")
@pytest.mark.parametrize("implicit", [True, False])
async def test_a_server_that_lets_everybody_in_is_refused(authority: trustme.CA, implicit: bool) -> None:
    async with hostile_imap(authority, greeting=b"* PREAUTH welcome\r\n", implicit=implicit) as server:
        encryption = ImapEncryption.TLS if implicit else ImapEncryption.STARTTLS
        source = source_at(server.port, authority, encryption=encryption, timing=HURRIED)
        with pytest.raises(ServiceUnavailable) as caught:
            await source.list(INBOX)
        assert caught.value.cause == "imap_protocol"
        assert server.commands == []


@pytest.mark.parametrize("name", ["INBOX\r\nA1 DELETE INBOX", "INBOX\0", "a" * 2000, "日"])
async def test_a_folder_id_that_is_none_sends_nothing(authority: trustme.CA, name: str) -> None:
    async with against(authority) as (source, server):
        await source.count(INBOX)
        before = len(server.commands)
        with pytest.raises(PostrumError):
            await source.count(INBOX.model_copy(update={"id": name}))
        assert len(server.commands) == before


# -- identity


@pytest.mark.fault("B08")
@pytest.mark.pain("C17")
@pytest.mark.needs("dovecot")
async def test_in_a_folder_that_was_made_anew_no_old_id_means_anything_and_no_mail_is_missed(
    provider: ImapProvider, source: ImapSource
) -> None:
    provider.make_folder("Source")
    provider.make_folder("Imported")
    mails = [mail_bytes(f"Mail {number}") for number in range(5)]
    for mail in mails:
        provider.deliver(mail, "Source")
    folder, imported = await found(source, "Source"), await found(source, "Imported")
    old = await every(source, folder)
    changes = await source.changes(folder, cursor=None)
    provider.client.delete_folder(provider.folder_name("Source"))
    provider.client.create_folder(provider.folder_name("Source"))
    for mail in reversed(mails):  # so that each UID means another mail now
        provider.deliver(mail, "Source")

    fresh = source_of(provider)
    for mail in old:
        with pytest.raises((MessageGone, NetworkFailure)):  # Dovecot ends connections that had the folder selected
            await whole(source, mail.provider_id)
        with pytest.raises(MessageGone):
            await whole(fresh, mail.provider_id)
        with pytest.raises(MessageGone):
            await fresh.move(mail.provider_id, imported)
    with pytest.raises(CursorLost):
        await fresh.changes(folder, cursor=changes.cursor)
    new = await every(fresh, folder)
    assert {mail.subject for mail in new} == {mail.subject for mail in old}
    assert not {mail.provider_id for mail in new} & {mail.provider_id for mail in old}
    again = await fresh.changes(folder, cursor=None)
    assert len(again.mails) == 5
    place = await fresh.locate(old[0].provider_id, internet_message_id=old[0].internet_message_id, among=[folder])
    assert place is not None
    assert await whole(fresh, place.provider_id) == mails[0]
    await fresh.aclose()


@pytest.mark.fault("B08")
@pytest.mark.pain("C17")
async def test_a_uid_that_means_another_mail_with_the_same_uidvalidity_moves_and_gives_nothing(
    authority: trustme.CA,
) -> None:
    other = HEADER.replace(b"<one@", b"<two@").replace(b"One", b"Two")
    async with against(authority) as (source, server):
        [mail] = (await source.list(INBOX)).mails
        server.answers["UID FETCH"] = fetched(5, header=other, rest=b" BODY[]<0> {3}\r\nTwo") + b"TAG OK done\r\n"
        later = source_at(server.port, authority, timing=HURRIED)
        with pytest.raises(MessageGone):
            await whole(later, mail.provider_id)
        with pytest.raises(MessageGone):
            await later.move(mail.provider_id, IMPORTED)
        assert not any("MOVE" in command for command in server.commands)
        assert await later.locate(mail.provider_id) is None
        [new] = (await later.list(INBOX)).mails
        assert new.provider_id != mail.provider_id
        await later.aclose()


@pytest.mark.fault("B08")
async def test_an_expunge_in_the_middle_of_a_listing_loses_no_other_mail(authority: trustme.CA) -> None:
    def header(number: int) -> bytes:
        return b"Subject: Mail %d\r\nMessage-ID: <%d@company.example>\r\n\r\n" % (number, number)

    answer = (
        fetched(11, number=1, header=header(1))
        + b"* 2 FETCH (FLAGS (\\Seen))\r\n"  # of a mail that nobody asked for, without a UID
        + b"* 1 EXPUNGE\r\n* 4 EXISTS\r\n* 0 RECENT\r\n"
        + fetched(13, number=2, header=header(3))
        + b"* 3 FETCH (UID 14 FLAGS (\\Deleted))\r\n"
        + fetched(15, number=1, header=header(5))
        + b"* VANISHED 12\r\nTAG OK done\r\n"
    )
    select = b"* 5 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK [READ-WRITE] done\r\n"
    async with against(authority, {"UID FETCH": answer, "SELECT": select}) as (source, _):
        page = await source.list(INBOX)
        assert [mail.subject for mail in page.mails] == ["Mail 1", "Mail 3", "Mail 5"]


@pytest.mark.fault("B08")
@pytest.mark.fault("B01")
@pytest.mark.needs("dovecot")
async def test_a_mail_that_vanishes_in_the_middle_of_its_fetch_is_gone(
    provider: ImapProvider, source: ImapSource
) -> None:
    mail = provider.deliver(mail_bytes(body="x" * (3 * MEBIBYTE)))

    async def fetch() -> None:
        async with source.fetch(mail) as pieces:
            async for _piece in pieces:
                if provider.place(mail) is not None:
                    provider.delete(mail)

    with pytest.raises(MessageGone):
        await fetch()


@pytest.mark.fault("B08")
async def test_uids_that_fall_behind_the_cursor_are_a_lost_cursor(authority: trustme.CA) -> None:
    async with against(authority) as (source, _):
        assert (await source.changes(INBOX, cursor="7.5")).mails == ()
        for cursor in ("7.6", "8.5", "7", "", "7.5.1", "nonsense", "9" * 400):
            with pytest.raises(CursorLost):
                await source.changes(INBOX, cursor=cursor)


async def test_a_server_that_answers_less_than_it_says_is_asked_again_until_nothing_comes(
    authority: trustme.CA,
) -> None:
    parts = [b"a" * 1000, b"b" * 500, b""]

    async def short(conversation: Conversation, tag: bytes) -> None:
        part = parts.pop(0)
        size = fetched(5).replace(b"RFC822.SIZE %d" % len(HEADER), b"RFC822.SIZE 9999")
        rest = size[:-3] + b" BODY[]<0> {%d}\r\n%s)\r\n" % (len(part), part)
        await conversation.say(rest + tag + b" OK done\r\n")

    async with against(authority) as (source, server):
        [mail] = (await source.list(INBOX)).mails
        server.answers["UID FETCH"] = short
        assert await whole(source, mail.provider_id) == b"a" * 1000 + b"b" * 500


async def test_more_than_the_window_that_was_asked_for_is_refused(authority: trustme.CA) -> None:
    async with against(authority, timing=Timing()) as (source, server):
        [mail] = (await source.list(INBOX)).mails
        size = MEBIBYTE + 1
        rest = b" BODY[]<0> {%d}\r\n%s" % (size, b"x" * size)
        server.answers["UID FETCH"] = fetched(5, rest=rest) + b"TAG OK done\r\n"
        with pytest.raises(ServiceUnavailable, match="more than was asked"):
            await whole(source, mail.provider_id)


# -- refusals in the middle


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"TAG BAD Request is throttled. Suggested Backoff Time: 299923 milliseconds\r\n", 299.923),
        (b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n", None),
        (b"TAG NO [LIMIT] slow down\r\n", None),
        (b"* BYE Too many connections\r\n", None),
    ],
)
async def test_a_server_that_asks_for_patience_gets_it(
    authority: trustme.CA, said: bytes, seconds: float | None
) -> None:
    async with against(authority, {"UID FETCH": said}) as (source, _):
        with pytest.raises(Throttled) as caught:
            await source.list(INBOX)
        assert caught.value.retry_after == seconds


async def test_a_mail_costs_one_fetch_and_one_move_and_a_short_folder_two_commands(authority: trustme.CA) -> None:
    async with against(authority) as (source, server):
        [mail] = (await source.list(INBOX)).mails
        assert [command.split()[0] for command in server.commands] == ["AUTHENTICATE", "SELECT", "UID"]
        server.commands.clear()
        assert await whole(source, mail.provider_id) == HEADER
        moved = await source.move(mail.provider_id, IMPORTED)
        assert [command.split(" ")[1] for command in server.commands] == ["FETCH", "MOVE"]
        assert MailId.parse(moved) == MailId("INBOX/Imported", 9, 1, MailId.parse(mail.provider_id).mark)
