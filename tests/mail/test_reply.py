from __future__ import annotations

import pytest

from shared.mail.files import read_body
from shared.mail.forward import find_forwarded
from shared.mail.reply import find_reply
from tests.mail.build import lines, read

INTRODUCTIONS = [
    "On Tue, 3 Nov 2026 at 10:12, Ada Lovelace <ada@example.org> wrote:",
    "On 2026-11-03 10:12, Ada Lovelace wrote:",
    "Ada Lovelace <ada@example.org> wrote:",
    "On Tue, 3 Nov 2026 at 10:12, Ada Lovelace with a long name <\nada@example.org> wrote:",
    "Am 03.11.2026 um 10:12 schrieb Ada Lovelace <ada@example.org>:",
    "Am Di., 3. Nov. 2026 um 10:12 Uhr schrieb Ada <ada@example.org>:",
    "Ada Lovelace <ada@example.org> schrieb am Di., 3. Nov. 2026 um 10:12:",
    "Den tirs. 3. nov. 2026 kl. 10.12 skrev Ada Lovelace <ada@example.org>:",
    "Den 3. nov. 2026 kl. 10.12 skrev Ada <ada@example.org>:",
    "Op di 3 nov. 2026 om 10:12 schreef Ada Lovelace <ada@example.org>:",
    "Den tis 3 nov. 2026 kl 10:12 skrev Ada Lovelace <ada@example.org>:",
    "ti 3. marrask. 2026 klo 10.12 Ada Lovelace (ada@example.org) kirjoitti:",
    "Le mar. 3 nov. 2026 à 10:12, Ada Lovelace <ada@example.org> a écrit :",
    "El mar, 3 nov 2026 a las 10:12, Ada Lovelace (<ada@example.org>) escribió:",
    "Il giorno mar 3 nov 2026 alle ore 10:12 Ada Lovelace <ada@example.org> ha scritto:",
    "wt., 3 lis 2026 o 10:12 Ada Lovelace <ada@example.org> napisał(a):",
    "Em ter., 3 de nov. de 2026 às 10:12, Ada Lovelace <ada@example.org> escreveu:",
    "03.11.2026, 10:12, \"Ada Lovelace\" <ada@example.org>:",
    "2026-11-03 10:12 GMT+01:00 Ada Lovelace <ada@example.org>:",
    "---- Ada Lovelace wrote ----",
    "-----Original Message-----\nFrom: Ada Lovelace <ada@example.org>\nSent: Tuesday, 3 November 2026 10:12\nTo: Bob\nSubject: x\n",
    "-----Ursprüngliche Nachricht-----\nVon: Ada Lovelace <ada@example.org>\nGesendet: 3. November 2026 10:12\nAn: Bob\nBetreff: x\n",
    "Von: Ada <ada@example.org>\nGesendet: Dienstag, 3. November 2026 10:12\nAn: Bob\nBetreff: x\n",
    "Fra: Ada <ada@example.org>\nSendt: 3. november 2026 10:12\nTil: Bob\nEmne: x\n",
    "Från: Ada <ada@example.org>\nSkickat: den 3 november 2026 10:12\nTill: Bob\nÄmne: x\n",
    "Van: Ada <ada@example.org>\nVerzonden: dinsdag 3 november 2026 10:12\nAan: Bob\nOnderwerp: x\n",
    "De : Ada <ada@example.org>\nEnvoyé : mardi 3 novembre 2026 10:12\nÀ : Bob\nObjet : x\n",
    "Lähettäjä: Ada <ada@example.org>\nLähetetty: tiistai 3. marraskuuta 2026 10.12\nVastaanottaja: Bob\nAihe: x\n",
    "##- Please type your reply above this line -##",
]  # fmt: skip


@pytest.mark.pain("C29")
@pytest.mark.parametrize("introduction", INTRODUCTIONS)
@pytest.mark.parametrize("quote", ["> ", ""])
def test_quotation_is_cut_in_every_language(introduction: str, quote: str) -> None:
    found = find_reply(f"Yes, on Monday.\nAnd 5 boxes.\n\n{introduction}\n\n{quote}Shall we meet?\n{quote}Ada\n")
    assert found.text == "Yes, on Monday.\nAnd 5 boxes."
    assert found.quoted


@pytest.mark.pain("C29")
def test_answers_between_the_quoted_lines_are_kept() -> None:
    found = find_reply("On 3 Nov 2026 10:12, Ada <ada@example.org> wrote:\n> One?\n\nYes.\n\n> Two?\n\nNo.\n")
    assert [line for line in found.text.split("\n") if line] == ["Yes.", "No."]


@pytest.mark.pain("C29")
@pytest.mark.parametrize(
    "text",
    [
        "> only\n> quoted",
        "On 3 Nov 2026, Ada <ada@example.org> wrote:\n> x",
        "-- \nAda",
        "Sent from my phone",
        "---------- Forwarded message ---------\nFrom: Ada <ada@example.org>\nDate: today\n\nx",
        "Meet me.\nOn Monday I wrote a letter to Bob. It said: yes.\nBye",
        "Here are two dates:\n2026-11-03 10:12\n03.11.2026 10:12\nPick one.",
        "From: the heart\nI thank you.",
        "I said to him:\n\nThis is it.",
    ],
)
def test_a_reply_is_never_empty_and_never_eaten(text: str) -> None:
    assert find_reply(text).text == text
    assert not find_reply(text).quoted


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("Hi\n\n-- \nAda Lovelace\nExample Ltd", "Ada Lovelace\nExample Ltd"),
        ("Hi\n\n--\nAda", "Ada"),
        ("Hi\n\nSent from my iPhone", "Sent from my iPhone"),
        ("Hi\n\nVon meinem iPhone gesendet", "Von meinem iPhone gesendet"),
        ("Hi\n\nSendt fra min iPad", "Sendt fra min iPad"),
        ("Hi\n\nHämta Outlook för iOS", "Hämta Outlook för iOS"),
        ("Hi\n\nRegards,\n\nAda Lovelace\nCountess @ Example", "Regards,\n\nAda Lovelace\nCountess @ Example"),
    ],
)
def test_signatures_are_kept_apart(text: str, signature: str) -> None:
    found = find_reply(text)
    assert (found.text, found.signature) == ("Hi", signature)


def test_a_short_greeting_belongs_to_the_text() -> None:
    assert find_reply("Yes.\n\nRegards\nAda").text == "Yes.\n\nRegards\nAda"


@pytest.mark.pain("C29")
@pytest.mark.parametrize(
    "quoted",
    [
        '<div class="gmail_quote"><div class="gmail_attr">On Tue, 3 Nov 2026 at 10:12 Ada &lt;ada@example.org&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote" style="border-left:1px">Old</blockquote></div>',
        '<div class="moz-cite-prefix">Am 03.11.26 um 10:12 schrieb Ada:</div><blockquote type="cite">Old</blockquote>',
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ada<br></div>Old',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Ada</p></div><p>Old</p>',
        '<div class="yahoo_quoted">Old</div>',
    ],
)
def test_html_replies(quoted: str) -> None:
    mail = read_body(f"<html><body><p>New <b>text</b></p>{quoted}</body></html>".encode(), html=True)
    assert mail.reply
    assert (mail.reply.text, mail.reply.quoted) == ("New text", True)
    assert "Old" in (mail.text or "")


def test_an_indented_paragraph_is_no_quotation() -> None:
    mail = read_body(b"<p>See:</p><blockquote>important</blockquote>", html=True)
    assert mail.reply
    assert mail.reply.text == "See:\n\nimportant"


FORWARDS = [
    ("---------- Forwarded message ---------", ("From", "Date", "Subject", "To")),
    ("Begin forwarded message:", ("From", "Date", "Subject", "To")),
    ("-------- Weitergeleitete Nachricht --------", ("Von", "Datum", "Betreff", "An")),
    ("Anfang der weitergeleiteten Nachricht:", ("Von", "Datum", "Betreff", "An")),
    ("---------- Videresendt meddelelse ---------", ("Fra", "Dato", "Emne", "Til")),
    ("---------- Vidarebefordrat meddelande ---------", ("Från", "Datum", "Ämne", "Till")),
    ("---------- Doorgestuurd bericht ---------", ("Van", "Datum", "Onderwerp", "Aan")),
    ("---------- Message transféré ---------", ("De", "Date", "Objet", "À")),
    ("---------- Mensaje reenviado ---------", ("De", "Fecha", "Asunto", "Para")),
    ("---------- Messaggio inoltrato ---------", ("Da", "Data", "Oggetto", "A")),
    ("---------- Mensagem encaminhada ---------", ("De", "Data", "Assunto", "Para")),
    ("---------- Przekazana wiadomość ---------", ("Od", "Data", "Temat", "Do")),
    ("---------- Edelleenlähetetty viesti ---------", ("Lähettäjä", "Päivämäärä", "Aihe", "Vastaanottaja")),
]


@pytest.mark.pain("C30")
@pytest.mark.parametrize(("separator", "labels"), FORWARDS)
@pytest.mark.parametrize("mark", ["", "> "])
def test_forwarded_mail_is_taken_apart(separator: str, labels: tuple[str, ...], mark: str) -> None:
    values = ("Eve Example <eve@example.com>", "3. 11. 2026 10:12", "The order", "ada@example.org")
    block = [
        separator,
        *(f"{label}: {value}" for label, value in zip(labels, values, strict=True)),
        "",
        "We order ten.",
        "Eve",
    ]
    body = "For you.\nwrite to mallory@example.net\n\n" + "\n".join(mark + line for line in block) + "\n"
    found = find_forwarded(body)
    assert found
    assert found.text_top == "For you.\nwrite to mallory@example.net"
    assert found.from_
    assert (found.from_.name, found.from_.address) == ("Eve Example", "eve@example.com")
    assert (found.date, found.subject, found.to[0].address) == ("3. 11. 2026 10:12", "The order", "ada@example.org")
    assert found.text == "We order ten.\nEve"


@pytest.mark.pain("C30")
def test_an_address_in_the_text_is_nobody() -> None:
    assert find_forwarded("Please ask eve@example.com about it.\nFrom: the shop\n") is None
    assert find_forwarded("On 3 Nov 2026, Ada <ada@example.org> wrote:\n> hi") is None


@pytest.mark.pain("C30")
def test_the_header_above_an_outlook_answer_is_no_forward() -> None:
    body = "Yes.\n\nFrom: Ada <ada@example.org>\nSent: Tuesday\nTo: Bob\nSubject: Lunch\n\nLunch?\n"
    assert read(lines("Subject: RE: Lunch", "", body))[0].forwarded is None
    assert read(lines("Subject: FW: Lunch", "", body))[0].forwarded is not None
