"""Subjects and bodies of the mails that people write, in five languages. Content only."""

from __future__ import annotations

from typing import NamedTuple


class Letter(NamedTuple):
    """What a person typed."""

    subject: str
    body: str


LETTERS: dict[str, Letter] = {
    "en-invoice": Letter(
        "Invoice QK-2026-0417",
        "Good morning,\n\nplease find attached our invoice QK-2026-0417 for kettles and writing paper.\n"
        "Payment is due on 2 December.\n\nKind regards\nNora Fictive\nQuill & Kettle Supplies Ltd\n",
    ),
    "en-logo": Letter(
        "Your Lantern Cloud invoice LC-88120",
        "Hello,\n\nyour invoice for November is attached. The amount will be collected on 17 November.\n\n"
        "Lantern Cloud\n",
    ),
    "en-ubl": Letter(
        "E-invoice QK-2026-0431",
        "Dear customer,\n\n"
        "attached is invoice QK-2026-0431 as an electronic invoice (Peppol BIS Billing 3).\n\nNora Fictive\n",
    ),
    "en-octet": Letter("LC-88177", "Attached.\n\nLantern Cloud, accounts\n"),
    "en-order": Letter(
        "Purchase order 4500-118",
        "Hello,\n\nplease treat this mail as our purchase order 4500-118:\n\n  10 x archive box, grey\n"
        "   2 x label printer\n\nDelivery by 27 November please. Kindly send an order confirmation.\n\n"
        "Best wishes\nIda Imaginary\nThe Invented Bookshop\n",
    ),
    "en-order-confirmation": Letter(
        "Order confirmation SO-55012",
        "Thank you for your order PO-3325. Our order confirmation SO-55012 is attached; we ship on 12 November.\n\n"
        "Nora Fictive\n",
    ),
    "en-ticket": Letter(
        "Printer on the second floor prints blank pages",
        "Hi,\n\nsince this morning the printer on the second floor prints blank pages only.\n"
        "Could somebody have a look?\n\nThanks\nTheo Pretend\n",
    ),
    "en-spoofed": Letter(
        "URGENT: changed bank details, invoice QK-2026-0417-B",
        "Dear accounts payable,\n\nour bank account has changed. Please pay the attached invoice today,\n"
        "and to the new account only.\n\nNora Fictive\n",
    ),
    "en-read-receipt": Letter(
        "Invoice LC-88204, please confirm",
        "Please confirm that you have received our invoice LC-88204.\n\nMax Sample\n",
    ),
    "en-renamed": Letter(
        "The scan that you wanted", "See attachment, it is the PDF you asked for.\n\nSent from my telephone\n"
    ),
    "da-invoice": Letter(
        "Faktura 2026-1204 fra Opdigtet Fjordpapir",
        "Goddag\n\nVedhæftet finder I faktura 2026-1204. Beløbet bedes betalt senest den 16. november.\n\n"
        "Med venlig hilsen\nÆrik Prøvesen\nOpdigtet Fjordpapir ApS\n",
    ),
    "da-uppercase": Letter(
        "Faktura KE-30551", "Hej\n\nHermed fakturaen for uge 44.\n\nVenlig hilsen\nÅse Eksempelsen\n"
    ),
    "da-credit-note": Letter(
        "Kreditnota K-2026-0088",
        "Goddag\n\nHermed kreditnota for de returnerede kuverter på faktura 2026-1204.\n\n"
        "Med venlig hilsen\nÆrik Prøvesen\n",
    ),
    "da-ubl-credit-note": Letter(
        "Kreditnota KE-K-112 (OIOUBL/Peppol)", "Hej\n\nKreditnotaen er vedhæftet som XML.\n\nÅse Eksempelsen\n"
    ),
    "da-reminder": Letter(
        "Rykker 1: faktura 2026-1101",
        "Goddag\n\n"
        "Vi har endnu ikke modtaget betaling af faktura 2026-1101. Se vedhæftede rykkerskrivelse.\n\nÆrik Prøvesen\n",
    ),
    "da-docx": Letter(
        "Referat af mødet om kantinen",
        "Hej alle\n\nHer er referatet i Word. Sig til, hvis noget mangler.\n\nHilsen Åse\n",
    ),
    "da-unlabelled": Letter(
        "Spoergsmaal om aabningstider",
        "Hej\n\nHvornår holder I åbent mellem jul og nytår? Vi vil gerne hente papiret på øen.\n\n"
        "Hilsen\nSøren Opfundet\n",
    ),
    "da-html": Letter(
        "Tak for besøget",
        "<html><head><style>p { color: #333 }</style></head><body><p>Kære alle</p>"
        "<p>Tak for et <b>godt</b> besøg i går. Vi glæder os til at høre fra jer.</p>"
        "<ul><li>Tilbud følger i næste uge</li><li>Prøver sendes med bud</li></ul><p>Åse</p></body></html>\n",
    ),
    "nl-invoice": Letter(
        "Factuur F26-00391",
        "Geachte heer, mevrouw,\n\nIn de bijlage vindt u onze factuur F26-00391 met vervaldatum 4 december.\n\n"
        "Met vriendelijke groet,\nZoë Verzinsel\nVerzonnen Tulpenkantoor B.V.\n",
    ),
    "nl-relation": Letter(
        "Factuur F26-00402, relatienr 000123",
        "Geachte heer, mevrouw,\n\nBijgaand de factuur voor het onderhoud in oktober.\n\n"
        "Met vriendelijke groet,\nZoë Verzinsel\n",
    ),
    "nl-project": Letter(
        "Planning oplevering project 100-20-3",
        "Hallo,\n\nDe oplevering van project 100-20-3 schuift op naar week 49. Past dat in jullie planning?\n\n"
        "Groeten,\nJoris Voorbeeld\n",
    ),
    "nl-winmail": Letter(
        "Factuur MT-7781",
        "Beste,\n\nBijgaand de factuur voor het onderhoud aan de lift.\n\nMet vriendelijke groet,\nJoris Voorbeeld\n",
    ),
    "nl-ubl": Letter(
        "UBL-factuur MT-7790", "Beste,\n\nBijgaand factuur MT-7790 als UBL.\n\nMolen Techniek Voorbeeld B.V.\n"
    ),
    "nl-reminder": Letter(
        "Betalingsherinnering factuur F26-00277",
        "Geachte heer, mevrouw,\n\nOnlangs stuurden wij u factuur F26-00277 van € 302,50. Volgens onze administratie\n"
        "is deze nog niet betaald. Wij verzoeken u het bedrag binnen 7 dagen over te maken.\n\n"
        "Met vriendelijke groet,\nZoë Verzinsel\n",
    ),
    "nl-attached": Letter("FW: Factuur F26-00419", "Ter verwerking, zie de bijgevoegde e-mail.\n\nSaar Denkbeeldig\n"),
    "de-xrechnung": Letter(
        "XRechnung KM-2026-118",
        "Sehr geehrte Damen und Herren,\n\nanbei unsere Rechnung KM-2026-118 als XRechnung.\n\n"
        "Mit freundlichen Grüßen\nJürgen Mustermann\nKranich Musterbau GmbH\n",
    ),
    "de-facturx": Letter(
        "Ihre Rechnung WB-100245 (ZUGFeRD)",
        "Guten Tag,\n\ndie Rechnung WB-100245 liegt bei, lesbar für Mensch und Maschine.\n\nGrete Beispiel\n",
    ),
    "de-reminder": Letter(
        "Mahnung zur Rechnung KM-2026-097",
        "Sehr geehrte Damen und Herren,\n\n"
        "sicher haben Sie unsere Rechnung übersehen. Die Mahnung liegt bei.\n\nJürgen Mustermann\n",
    ),
    "de-umlauts": Letter(
        "Rechnung für die Türschließer – größenverstellbar, wie am Telefon besprochen",
        "Guten Tag,\n\nanbei die Rechnung über sechs Türschließer.\n\nGrüße aus Musterstadt\nJürgen Mustermann\n",
    ),
    "de-scan": Letter(
        "Gescannte Rechnung WB-100260", "Guten Tag,\n\nanbei der Scan, leider etwas groß geraten.\n\nGrete Beispiel\n"
    ),
    "sv-invoice": Letter(
        "Faktura BM-60012",
        "Hej!\n\nHär kommer fakturan för skrivborden. Förfallodatum är den 9 december.\n\n"
        "Vänliga hälsningar\nÖrjan Exempelsson\nPåhittade Björkmöbler AB\n",
    ),
    "sv-bcc": Letter("Faktura FP-2231", "Hej!\n\nBifogat finns fakturan för visitkorten.\n\nMaja Påhittad\n"),
    "sv-statement": Letter(
        "Kontoutdrag oktober 2026", "Hej!\n\nBifogat finns kontoutdraget för oktober.\n\nÖrjan Exempelsson\n"
    ),
    "sv-delivery-note": Letter(
        "Följesedel FS-9912", "Hej!\n\nVarorna är skickade, följesedeln är bifogad.\n\nÖrjan Exempelsson\n"
    ),
    "sv-utf7": Letter(
        "Fraaga om leverans", "Hej!\n\nKan ni leverera på måndag före klockan åtta?\n\nHälsningar\nÅke Fantasi\n"
    ),
    "sv-two": Letter(
        "Faktura och följesedel", "Hej!\n\nBifogat: fakturan och följesedeln i samma mejl.\n\nÖrjan Exempelsson\n"
    ),
}

#: Short subjects that stand around an attached mail: who sent it on, and what they wrote.
NESTED = (
    Letter("VB: VB: Faktura FP-2240", "Kan ni ta hand om den här?\n\nLovisa Uppdiktad\n"),
    Letter("VB: Faktura FP-2240", "Den hamnade hos mig av misstag.\n\nNils Uppdiktad\n"),
    Letter("Faktura FP-2240", "Hej!\n\nBifogat finns fakturan för affischerna.\n\nMaja Påhittad\n"),
)

TICKET_ANSWER = "Hello Theo,\n\nwe have looked at it: toner is on its way.\n\nThe help desk\n"
TICKET_REPLIES = (
    "Thank you, that was quick!\n\nIs it the same toner as on the first floor?\n\nTheo\n",
    "It works again. You can close the ticket.\n\nTheo\n",
)

FORWARDED = """Please pay this one too, it came to me.

Sam Invented

---------- Forwarded message ---------
From: Nora Fictive <billing@quill-kettle.example>
Date: Thu, 5 Nov 2026 at 09:12
Subject: Invoice QK-2026-0440
To: Sam Invented <sam@postrum.example>

Dear Sam,

our invoice QK-2026-0440 is attached.

Nora Fictive
"""

NEWSLETTER = """The Kettle Letter, November

Three new kettles, one old teapot, and how paper is made.

You get this letter because you are a customer.
To leave the list: https://news.quill-kettle.example/leave
"""

OUT_OF_OFFICE = """Guten Tag,

vielen Dank für Ihre Nachricht. Ich bin bis einschließlich 27. November nicht im Büro
und lese meine E-Mails nicht. In dringenden Fällen: buchhaltung@wabe-software.example.

Mit freundlichen Grüßen
Grete Beispiel
"""

BOUNCE = """This is the mail system at host mx.nowhere.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<nobody@nowhere.example>: host mx.nowhere.example[192.0.2.77] said: 550 5.1.1
    <nobody@nowhere.example>: Recipient address rejected: User unknown
"""

JAPANESE = """ポストラム御中

お世話になっております。見積書の件、来週ご連絡いたします。

架空 太郎
"""

RENAMED_TEXT = """This is not a PDF. It is a text file that somebody gave the name of one,
because the form said that only PDF is accepted.
"""

MINUTES = (
    "Referat af mødet om kantinen",
    "Til stede: Åse Eksempelsen, Søren Opfundet.",
    "Punkt 1: Frokosten flyttes til klokken 12. Punkt 2: Der købes ny kaffe.",
)

SCAN_LINES = (
    "Wabe Beispielsoftware GmbH",
    "Rechnung WB-100260",
    "Datum: 13.11.2026",
    "Digitalisierung Bauakten, 25 Ordner",
    "Nettobetrag 850,00 EUR",
    "MwSt. 19 % 161,50 EUR",
    "Gesamtbetrag 1.011,50 EUR",
)
