"""The kind of a document by what it calls itself, in twelve languages, with the evidence named."""

from __future__ import annotations

import time

import pytest

from shared.documents.kinds import judge, kind_of_message
from shared.documents.vocabulary import PHRASES
from shared.model.document import DocumentKind, Judgement


@pytest.mark.parametrize(
    ("text", "kind"),
    [(phrase.strip("*!"), kind) for kind, languages in PHRASES.items() for phrase in sum(languages.values(), ())],
)
def test_every_phrase_as_a_title(text: str, kind: DocumentKind) -> None:
    judged = judge(f"Somebody Ltd\n{text.capitalize()} 2026-12\nSome line\n")
    assert judged.kind == kind
    assert judged.evidence[0] == f"title: {text} 2026-12"


def test_every_kind_in_every_language() -> None:
    languages = {"en", "da", "nl", "de", "sv", "no", "fi", "fr", "es", "it", "pl", "pt"}
    assert {kind: set(words) for kind, words in PHRASES.items()} == dict.fromkeys(PHRASES, languages)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (("Betalingsherinnering factuur F26-1", "Onze factuur is nog niet betaald."), "reminder"),
        (("Mahnung zur Rechnung 12",), "reminder"),
        (("Rykker 1: faktura 12",), "reminder"),
        (("FW: WG: Rechnung 12",), "invoice"),
        (("Invoice_2026-33.pdf",), "invoice"),
        (("Invoice no. 12",), "invoice"),
        (("Schlussrechnung 12",), "invoice"),
        (("Slutfaktura 12",), "invoice"),
        (("Purchase order 12", "Kindly send an order confirmation."), "order"),
        (("ACME\nInvoice\nOrder no. 4\nDelivery note no. 5\nContract no. 6\n",), "invoice"),
        (("ACME\nLieferschein\nIhre Bestellung: 4\nRechnung Nr. 5\n",), "delivery_note"),
        (("ACME\nStatement of account\nInvoice 1\nInvoice 2\nInvoice 3\n",), "statement"),
        (("ACME\nCredit note K-1\nConcerning invoice 12\n",), "credit_note"),
        # not enough, or something else
        (("Your order has been shipped",), None),
        (("Re: Invoice 12", "Thank you."), None),
        (("SV: Faktura 12", "Tack!"), None),
        (("Question", "Did you get our order?"), None),
        (("Reminder: meeting tomorrow",), None),
        (("Abrechnung der Reise",), None),
        (("Ermahnung",), None),
        (("", ""), None),
        ((), None),
    ],
)
def test_texts(texts: tuple[str, ...], kind: str | None) -> None:
    judged = judge(*texts)
    assert judged.kind == kind
    assert bool(judged.evidence) == (kind is not None)


def test_kind_of_a_mail() -> None:
    written = Judgement(kind="reminder")
    assert kind_of_message(["other", "delivery_note", "invoice"], written) == "invoice"
    assert kind_of_message(["other", None], written) == "reminder"
    assert kind_of_message(["other"], Judgement()) == "other"
    assert kind_of_message([None], Judgement()) is None


@pytest.mark.parametrize("text", ["a" * 10**6, "rechnung " * 10**5, "x" * 10**6 + "rechnung", "faktura 1\n" * 10**5])
def test_time_is_bounded(text: str) -> None:
    start = time.perf_counter()
    judge(text)
    assert time.perf_counter() - start < 1
