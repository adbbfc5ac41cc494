"""The invoices, credit notes, reminders and other papers of the sample mailbox. Content only."""

from __future__ import annotations

from datetime import date

from local.sample_mailbox.model import Line, Paper
from local.sample_mailbox.parties import BJORK, BUYER, FJORD, FYR, KANTINE, KRANICH, LANTERN, MOLEN, QUILL, TULP, WABE

EN_INVOICE = Paper(
    "invoice", "en", "QK-2026-0417", date(2026, 11, 2), date(2026, 12, 2), QUILL, BUYER, "GBP", 20,
    (Line("Copper kettle, 1.7 l", 4, "38.50"), Line("Writing paper A4, box of 5 reams", 12, "21.90")), "PO-3301",
)  # fmt: skip
EN_LOGO_INVOICE = Paper(
    "invoice", "en", "LC-88120", date(2026, 11, 3), date(2026, 11, 17), LANTERN, BUYER, "GBP", 20,
    (Line("Cloud storage, November, per TB", 6, "23.00"), Line("Support plan", 1, "149.00")),
)  # fmt: skip
EN_UBL_INVOICE = Paper(
    "invoice", "en", "QK-2026-0431", date(2026, 11, 4), date(2026, 12, 4), QUILL, BUYER, "GBP", 20,
    (Line("Ink, black, 50 ml", 30, "4.75"), Line("Blotting paper", 10, "2.40")), "PO-3318",
)  # fmt: skip
EN_OCTET_INVOICE = Paper(
    "invoice", "en", "LC-88177", date(2026, 11, 5), date(2026, 11, 19), LANTERN, BUYER, "GBP", 20,
    (Line("Domain name, one year", 3, "11.99"),),
)  # fmt: skip
EN_FORWARDED_INVOICE = Paper(
    "invoice", "en", "QK-2026-0440", date(2026, 11, 5), date(2026, 12, 5), QUILL, BUYER, "GBP", 20,
    (Line("Delivery by bicycle", 1, "18.00"), Line("Tea towels", 8, "6.25")),
)  # fmt: skip
EN_ORDER_CONFIRMATION = Paper(
    "order_confirmation", "en", "SO-55012", date(2026, 11, 6), None, QUILL, BUYER, "GBP", 20,
    (Line("Archive boxes", 40, "3.10"),), "PO-3325",
)  # fmt: skip
EN_SPOOFED_INVOICE = Paper(
    "invoice", "en", "QK-2026-0417-B", date(2026, 11, 9), date(2026, 11, 10), QUILL, BUYER, "GBP", 20,
    (Line("Outstanding balance, new bank account", 1, "9800.00"),),
)  # fmt: skip
EN_RECEIPT_INVOICE = Paper(
    "invoice", "en", "LC-88204", date(2026, 11, 10), date(2026, 11, 24), LANTERN, BUYER, "GBP", 20,
    (Line("Migration, hours", 7, "95.00", "HUR"),),
)  # fmt: skip
DA_INVOICE = Paper(
    "invoice", "da", "2026-1204", date(2026, 11, 2), date(2026, 11, 16), FJORD, BUYER, "DKK", 25,
    (Line("Kopipapir A4, 80 g, palle", 2, "1895.00"), Line("Kuverter C5, æske", 15, "64.50")), "IO-771",
)  # fmt: skip
DA_UPPERCASE_INVOICE = Paper(
    "invoice", "da", "KE-30551", date(2026, 11, 3), date(2026, 11, 17), KANTINE, BUYER, "DKK", 25,
    (Line("Frokostordning uge 44", 38, "42.00"), Line("Mødeforplejning", 2, "315.00")),
)  # fmt: skip
DA_CREDIT_NOTE = Paper(
    "credit_note", "da", "K-2026-0088", date(2026, 11, 6), None, FJORD, BUYER, "DKK", 25,
    (Line("Kuverter C5, æske, returneret", 5, "64.50"),), refers_to="2026-1204",
)  # fmt: skip
DA_UBL_CREDIT_NOTE = Paper(
    "credit_note", "da", "KE-K-112", date(2026, 11, 9), None, KANTINE, BUYER, "DKK", 25,
    (Line("Frokostordning uge 44, 3 kuverter aflyst", 3, "42.00"),), refers_to="KE-30551",
)  # fmt: skip
DA_REMINDER = Paper(
    "reminder", "da", "RY-4410", date(2026, 11, 18), date(2026, 11, 28), FJORD, BUYER, "DKK", 0,
    (Line("Faktura 2026-1101, forfalden 15.10.2026", 1, "2375.00"), Line("Rykkergebyr", 1, "100.00")),
    refers_to="2026-1101",
)  # fmt: skip
NL_INVOICE = Paper(
    "invoice", "nl", "F26-00391", date(2026, 11, 4), date(2026, 12, 4), TULP, BUYER, "EUR", 21,
    (Line("Tulpenbollen, kist", 6, "48.00"), Line("Bezorging", 1, "25.00")), "INK-2009",
)  # fmt: skip
NL_RELATION_INVOICE = Paper(
    "invoice", "nl", "F26-00402", date(2026, 11, 9), date(2026, 12, 9), TULP, BUYER, "EUR", 21,
    (Line("Onderhoud kantoorplanten, oktober", 1, "185.00"),),
)  # fmt: skip
NL_TNEF_INVOICE = Paper(
    "invoice", "nl", "MT-7781", date(2026, 11, 10), date(2026, 12, 10), MOLEN, BUYER, "EUR", 21,
    (Line("Onderhoud liftinstallatie", 1, "640.00"), Line("Voorrijkosten", 2, "55.00")),
)  # fmt: skip
NL_UBL_INVOICE = Paper(
    "invoice", "nl", "MT-7790", date(2026, 11, 11), date(2026, 12, 11), MOLEN, BUYER, "EUR", 21,
    (Line("Sensor, type 4", 5, "71.20"), Line("Montage, uren", 3, "82.00", "HUR")), "INK-2014",
)  # fmt: skip
NL_ATTACHED_INVOICE = Paper(
    "invoice", "nl", "F26-00419", date(2026, 11, 12), date(2026, 12, 12), TULP, BUYER, "EUR", 21,
    (Line("Bloemstuk receptie, per week", 4, "32.50"),),
)  # fmt: skip
DE_XRECHNUNG = Paper(
    "invoice", "de", "KM-2026-118", date(2026, 11, 5), date(2026, 12, 5), KRANICH, BUYER, "EUR", 19,
    (Line("Trennwand, Musterausführung", 3, "412.00"), Line("Montagestunde", 8, "64.00", "HUR")), "BE-9001",
)  # fmt: skip
DE_FACTURX = Paper(
    "invoice", "de", "WB-100245", date(2026, 11, 6), date(2026, 11, 20), WABE, BUYER, "EUR", 19,
    (Line("Softwarepflege, Monat", 1, "890.00"), Line("Schulung, Tag", 2, "750.00", "DAY")), "BE-9007",
)  # fmt: skip
DE_REMINDER = Paper(
    "reminder", "de", "M-2026-31", date(2026, 11, 17), date(2026, 11, 24), KRANICH, BUYER, "EUR", 0,
    (Line("Rechnung KM-2026-097, fällig 12.10.2026", 1, "1487.50"), Line("Mahngebühr", 1, "5.00")),
    refers_to="KM-2026-097",
)  # fmt: skip
DE_UMLAUT_INVOICE = Paper(
    "invoice", "de", "KM-2026-121", date(2026, 11, 11), date(2026, 12, 11), KRANICH, BUYER, "EUR", 19,
    (Line("Türschließer, größenverstellbar", 6, "89.90"),),
)  # fmt: skip
DE_SCAN_INVOICE = Paper(
    "invoice", "de", "WB-100260", date(2026, 11, 13), date(2026, 11, 27), WABE, BUYER, "EUR", 19,
    (Line("Digitalisierung Bauakten, je Ordner", 25, "34.00"),),
)  # fmt: skip
SV_INVOICE = Paper(
    "invoice", "sv", "BM-60012", date(2026, 11, 9), date(2026, 12, 9), BJORK, BUYER, "SEK", 25,
    (Line("Höj- och sänkbart skrivbord", 4, "3495.00"), Line("Frakt", 1, "590.00")), "AO-118",
)  # fmt: skip
SV_BCC_INVOICE = Paper(
    "invoice", "sv", "FP-2231", date(2026, 11, 10), date(2026, 12, 10), FYR, BUYER, "SEK", 25,
    (Line("Visitkort, 250 st", 6, "340.00"),),
)  # fmt: skip
SV_NESTED_INVOICE = Paper(
    "invoice", "sv", "FP-2240", date(2026, 11, 12), date(2026, 12, 12), FYR, BUYER, "SEK", 25,
    (Line("Affischer 50 × 70 cm", 20, "118.00"), Line("Formgivning, timme", 5, "950.00", "HUR")),
)  # fmt: skip
SV_STATEMENT = Paper(
    "statement", "sv", "KU-2026-10", date(2026, 11, 16), None, BJORK, BUYER, "SEK", 0,
    (Line("Faktura BM-59870", 1, "4120.00"), Line("Faktura BM-59912", 1, "1875.00")),
)  # fmt: skip
SV_DELIVERY_NOTE = Paper(
    "delivery_note", "sv", "FS-9912", date(2026, 11, 13), None, BJORK, BUYER, "SEK", 25,
    (Line("Höj- och sänkbart skrivbord", 4, "3495.00"),), "AO-118",
)  # fmt: skip
