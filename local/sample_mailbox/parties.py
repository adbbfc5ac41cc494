"""The invented companies of the sample mailbox. Content only; every domain is reserved (RFC 2606)."""

from __future__ import annotations

from local.sample_mailbox.model import Party

DOMAIN = "postrum.example"
MAILBOX = f"invoice@{DOMAIN}"

BUYER = Party(
    "Postrum Demo Company", "Example Street 1", "0999", "Sampleville", "DK", "DK10000001",
    "DK10000001", "0184", "The mail room", MAILBOX, "",
)  # fmt: skip

QUILL = Party(
    "Quill & Kettle Supplies Ltd", "4 Imaginary Lane", "ZZ1 1ZZ", "Fictown", "GB", "GB000000000",
    "GB000000000", "9932", "Nora Fictive", "billing@quill-kettle.example", "GB00 TEST 0000 0000 0000 01",
)  # fmt: skip
LANTERN = Party(
    "Lantern Cloud Example Ltd", "77 Placeholder Road", "ZZ9 9ZZ", "Fictown", "GB", "GB000000009",
    "GB000000009", "9932", "Max Sample", "accounts@lantern-cloud.example", "GB00 TEST 0000 0000 0000 02",
)  # fmt: skip
FJORD = Party(
    "Opdigtet Fjordpapir ApS", "Eksempelvej 12", "0998", "Prøveby", "DK", "DK10000012",
    "DK10000012", "0184", "Ærik Prøvesen", "faktura@fjordpapir.example", "DK00 0000 0000 0000 01",
)  # fmt: skip
KANTINE = Party(
    "Kantine Eksempel A/S", "Øvelsesgade 3", "0997", "Prøveby", "DK", "DK10000013",
    "DK10000013", "0184", "Åse Eksempelsen", "bogholderi@kantine-eksempel.example", "DK00 0000 0000 0000 02",
)  # fmt: skip
TULP = Party(
    "Verzonnen Tulpenkantoor B.V.", "Voorbeeldgracht 8", "0000 ZZ", "Voorbeelddam", "NL", "NL000000000B01",
    "00000001", "0106", "Zoë Verzinsel", "facturen@tulpenkantoor.example", "NL00 TEST 0000 0000 01",
)  # fmt: skip
MOLEN = Party(
    "Molen Techniek Voorbeeld B.V.", "Testkade 21", "0000 ZZ", "Voorbeelddam", "NL", "NL000000000B02",
    "00000002", "0106", "Joris Voorbeeld", "administratie@molen-techniek.example", "NL00 TEST 0000 0000 02",
)  # fmt: skip
KRANICH = Party(
    "Kranich Musterbau GmbH", "Musterstraße 5", "00000", "Musterstadt", "DE", "DE000000001",
    "rechnung@kranich-musterbau.example", "EM", "Jürgen Mustermann", "rechnung@kranich-musterbau.example",
    "DE00 0000 0000 0000 0000 01",
)  # fmt: skip
WABE = Party(
    "Wabe Beispielsoftware GmbH", "Beispielallee 42", "00000", "Musterstadt", "DE", "DE000000002",
    "buchhaltung@wabe-software.example", "EM", "Grete Beispiel", "buchhaltung@wabe-software.example",
    "DE00 0000 0000 0000 0000 02",
)  # fmt: skip
BJORK = Party(
    "Påhittade Björkmöbler AB", "Exempelgatan 7", "000 00", "Provköping", "SE", "SE000000000101",
    "0000000001", "0007", "Örjan Exempelsson", "faktura@bjorkmobler.example", "SE00 0000 0000 0000 0000 01",
)  # fmt: skip
FYR = Party(
    "Fyrens Provtryck AB", "Övningsvägen 15", "000 00", "Provköping", "SE", "SE000000000201",
    "0000000002", "0007", "Maja Påhittad", "ekonomi@provtryck.example", "SE00 0000 0000 0000 0000 02",
)  # fmt: skip
