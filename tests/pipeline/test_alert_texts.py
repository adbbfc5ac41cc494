"""What alerts say: every kind has its words, in every language, with the values in place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.language.texts import LANGUAGES, texts
from shared.model.alert import SEVERITIES, Alert, AlertKind
from shared.pipeline.alert_texts import advice, title

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(AlertKind))
def test_every_alert_can_be_told(kind: AlertKind, language: str) -> None:
    alert = Alert(kind=kind, company="acme", mailbox="invoices", place="imap.one.example", since=NOW, raised_at=NOW)
    spoken = texts(language)

    said = title(alert, spoken, mailbox="Invoices & co")
    assert "{" not in said + advice(alert, spoken)
    assert len({title(alert, texts(other)) for other in LANGUAGES}) == len(LANGUAGES)
    assert len({advice(alert, texts(other)) for other in LANGUAGES}) == len(LANGUAGES)
    assert kind in SEVERITIES


def test_when_many_mailboxes_are_silent_their_number_is_said() -> None:
    alert = Alert(kind=AlertKind.MAILBOX_SILENT, company="acme", affected=7, since=NOW, raised_at=NOW)

    assert title(alert, texts("en")) == "No successful run of 7 mailboxes for too long."
