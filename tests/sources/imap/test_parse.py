"""Whatever a server says is a value or one kind of error, and costs no more than its length."""

from __future__ import annotations

import contextlib
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ServiceUnavailable
from shared.sources.imap import parse
from shared.sources.imap.ids import MailId, fields_of, mark_of
from shared.sources.imap.keywords import categories_of, keyword_of
from shared.sources.imap.mailbox import uid_set
from shared.sources.imap.source import ImapSource
from shared.sources.imap.wire import Reply
from tests.sources.contract import CHUNK, MEBIBYTE, mail_bytes
from tests.support.dovecot import ImapProvider

_WORDS = b'( ) [ ] " \\ {3} NIL UID 5 FLAGS INTERNALDATE BODY[]<0> BODY[HEADER.FIELDS (SUBJECT)] \0 \xff'.split()
_TOKENS = st.sampled_from([*_WORDS, b" ", b"9" * 5000])
_TEXTS = st.one_of(st.binary(max_size=200), st.lists(_TOKENS, max_size=40).map(b" ".join))
_PIECES = st.lists(st.one_of(_TEXTS, st.tuples(_TEXTS, st.binary(max_size=20))), max_size=6)


@pytest.mark.fault("B09")
@given(_PIECES)
def test_any_answer_is_read_or_refused(pieces: list[bytes | tuple[bytes, bytes]]) -> None:
    kinds = ("FETCH", "LIST", "STATUS", "SEARCH", "NAMESPACE", "COPYUID", "APPENDUID", "PERMANENTFLAGS", "UIDNEXT")
    reply = Reply("OK", untagged={kind: [*pieces, b""] for kind in kinds})
    readers = (parse.fetched, parse.dated, parse.searched, parse.listed, parse.statuses, parse.personal_prefix)
    for read in (*readers, parse.copied, parse.appended):
        with contextlib.suppress(ServiceUnavailable):
            read(reply)
    reply.number("UIDNEXT")
    for piece in pieces:
        parse.flags_of(piece)
        parse.internal_date(piece)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b" 2-Nov-2026 08:15:30 +0000", datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)),
        (b"02-nov-2026 01:15:30 -0700", datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)),
        (b"01-Jan-0001 00:00:00 +1200", parse.UNKNOWN_TIME),
        (b"31-Feb-2026 00:00:00 +0000", parse.UNKNOWN_TIME),
        (b"02-Nov-2026 08:15:30 +9999", parse.UNKNOWN_TIME),
        (b"02-Xyz-2026 08:15:30 +0000", parse.UNKNOWN_TIME),
        (b"", parse.UNKNOWN_TIME),
        (None, parse.UNKNOWN_TIME),
    ],
)
def test_times(text: bytes | None, moment: datetime) -> None:
    assert parse.internal_date(text) == moment


def test_sequence_sets_are_short() -> None:
    assert uid_set([1, 2, 3, 5, 7, 8]) == b"1:3,5,7:8"
    assert uid_set(range(1, 100_001)) == b"1:100000"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30))
def test_a_category_is_an_atom_and_comes_back(name: str) -> None:
    word = keyword_of(name)
    assert all(char.isascii() and (char.isalnum() or char in "-_.=") for char in word)
    stripped = name.strip()
    if stripped and stripped.isprintable() and stripped.lower() not in ("junk", "nonjunk", "notjunk"):
        assert categories_of([word]) == (stripped,)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=255), min_size=1, max_size=50),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_an_id_comes_back_whatever_the_folder_is_called(folder: str, validity: int, uid: int) -> None:
    mail = MailId(folder, validity, uid, mark_of(fields_of(b"Message-ID: <x@y>\r\n")))
    assert MailId.parse(str(mail)) == mail


def test_the_mark_is_of_the_message_id_or_else_of_who_wrote_what_and_when() -> None:
    def mark(block: bytes) -> str:
        return mark_of(fields_of(block))

    plain = mark(b"Subject: A\r\nMessage-ID: <1@x>\r\n")
    assert mark(b"message-id:\r\n <1@x>\r\nSubject: other\r\n\r\n") == plain
    assert mark(b"Message-ID: <2@x>\r\n") != plain
    assert mark(b"Subject: A\r\nDate: today\r\n") == mark(b"Date:  today\r\nSubject: A\r\nMessage-ID: \r\n")
    assert mark(b"Subject: A\r\n") != mark(b"Subject: B\r\n")
    assert mark(b"") != plain


@pytest.mark.pain("C33")
@pytest.mark.needs("dovecot")
async def test_a_mail_of_sixty_megabytes_passes_through_the_memory_of_a_few(
    provider: ImapProvider, source: ImapSource
) -> None:
    line = "0123456789" * 7 + "\r\n"
    content = mail_bytes(body=line * (60 * MEBIBYTE // len(line)))
    size = len(content)
    mail = provider.deliver(content)
    del content
    [listed] = (await source.list(await source.create_folder(""))).mails
    assert listed.size == size
    length = 0
    tracemalloc.start()
    try:
        async with source.fetch(mail) as pieces:
            async for piece in pieces:
                assert len(piece) <= CHUNK
                length += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == size
    assert peak < 4 * MEBIBYTE
