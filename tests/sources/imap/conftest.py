"""Fixtures of the tests of the IMAP source: a real Dovecot, and a mailbox in it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import trustme

from local.dovecot import Dovecot
from shared.sources.imap.source import ImapSource
from tests.support.dovecot import ImapProvider, dovecot, source_of


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Private authority of a company")


@pytest.fixture(scope="session")
def server(authority: trustme.CA) -> Iterator[Dovecot]:
    with dovecot(authority) as running:
        yield running


@pytest.fixture
def provider(server: Dovecot, authority: trustme.CA) -> Iterator[ImapProvider]:
    made = ImapProvider(server, authority)
    yield made
    made.close()


@pytest.fixture
async def source(provider: ImapProvider) -> AsyncIterator[ImapSource]:
    made = source_of(provider)
    yield made
    await made.aclose()
