"""A mailbox at an IMAP server is a mail source like any other."""

from __future__ import annotations

import pytest

from shared.sources.base import MailSource, SourceFolder
from shared.sources.imap.source import ImapSource
from tests.sources.contract import MailSourceContract


@pytest.mark.needs("dovecot")
class TestContract(MailSourceContract):
    odd_body = "\x01\x7fÆ" * 1000 + "\r\n.\r\n\r\n"  # no server keeps NUL, or a line end that is none

    def missing_folder(self) -> SourceFolder:
        return SourceFolder(id="INBOX/Gone", path="Gone")


def is_a_mail_source(source: ImapSource) -> MailSource:
    """For the type checker."""
    return source
