"""What documents call themselves, in twelve languages. Content only.

`*` before a word: it may be the end of a longer one (German Schlussrechnung, Swedish slutfaktura).
`
` after a phrase: it counts only where it stands as a title, because in a sentence it means little (order, contract).
"""

from __future__ import annotations

from shared.model.document import DocumentKind

__all__ = ["FIELD_WORDS", "NOT_MEANT", "OWNERS", "PHRASES", "REPLY_PREFIX"]

PHRASES: dict[DocumentKind, dict[str, tuple[str, ...]]] = {
    "invoice": {
        "en": ("invoice", "invoices", "e-invoice", "tax invoice", "vat invoice", "sales invoice",
               "commercial invoice",
               "proforma invoice", "pro forma invoice"),
        "da": ("*faktura", "fakturaen", "fakturaer", "regning!"),
        "nl": ("*factuur", "facturen", "verzamelfactuur"),
        "de": ("*rechnung", "rechnungen", "honorarnote"),
        "sv": ("fakturan", "fakturor"),
        "no": ("fakturaene",),
        "fi": ("*lasku", "laskut"),
        "fr": ("facture", "factures", "note d'honoraires"),
        "es": ("factura", "facturas"),
        "it": ("fattura", "fatture", "parcella!"),
        "pl": ("faktura vat", "faktury", "fakturę"),
        "pt": ("fatura", "faturas", "fatura-recibo"),
    },
    "credit_note": {
        "en": ("credit note", "credit memo", "credit invoice", "creditnote"),
        "da": ("kreditnota", "kreditfaktura", "kreditnotaen"),
        "nl": ("creditnota", "creditfactuur", "credit factuur"),
        "de": ("gutschrift", "rechnungskorrektur", "korrekturrechnung", "stornorechnung", "storno-rechnung"),
        "sv": ("kreditnota", "kreditfakturan"),
        "no": ("kreditnota",),
        "fi": ("hyvityslasku",),
        "fr": ("avoir!", "facture d'avoir", "note de crédit"),
        "es": ("nota de crédito", "factura rectificativa", "abono!"),
        "it": ("nota di credito", "nota di accredito"),
        "pl": ("faktura korygująca", "korekta faktury", "nota kredytowa"),
        "pt": ("nota de crédito",),
    },
    "reminder": {
        "en": ("payment reminder", "reminder!", "invoice reminder", "reminder: invoice", "reminder for invoice",
               "overdue notice", "overdue", "past due", "final notice",
               "dunning letter",
               "final demand"),
        "da": ("rykker", "rykkerskrivelse", "rykkerbrev", "betalingspåmindelse", "inkassovarsel"),
        "nl": ("betalingsherinnering", "aanmaning", "herinnering!", "herinnering factuur", "herinnering: factuur",
               "ingebrekestelling", "nog niet betaald"),
        "de": ("*mahnung", "zahlungserinnerung", "mahnschreiben", "mahngebühr"),
        "sv": ("betalningspåminnelse", "påminnelse!", "påminnelse om faktura", "påminnelse faktura",
               "påminnelse: faktura", "inkassokrav", "kravbrev", "påminnelseavgift"),
        "no": ("purring", "betalingspåminnelse", "inkassovarsel", "purregebyr"),
        "fi": ("maksumuistutus", "maksukehotus", "maksuvaatimus"),
        "fr": ("rappel de paiement", "lettre de relance", "relance!", "mise en demeure"),
        "es": ("recordatorio de pago", "reclamación de pago", "aviso de impago"),
        "it": ("sollecito di pagamento", "sollecito!"),
        "pl": ("wezwanie do zapłaty", "przypomnienie o płatności", "ponaglenie"),
        "pt": ("lembrete de pagamento", "aviso de cobrança", "aviso de vencimento"),
    },
    "order_confirmation": {
        "en": ("order confirmation", "order acknowledgement", "order acknowledgment", "confirmation of order",
               "sales order!"),
        "da": ("ordrebekræftelse",),
        "nl": ("orderbevestiging", "bestelbevestiging", "opdrachtbevestiging", "bevestiging van uw bestelling"),
        "de": ("auftragsbestätigung", "bestellbestätigung", "bestätigung ihrer bestellung"),
        "sv": ("orderbekräftelse", "ordererkännande", "beställningsbekräftelse"),
        "no": ("ordrebekreftelse",),
        "fi": ("tilausvahvistus",),
        "fr": ("confirmation de commande", "accusé de réception de commande"),
        "es": ("confirmación de pedido", "confirmación del pedido"),
        "it": ("conferma d'ordine", "conferma ordine", "conferma dell'ordine"),
        "pl": ("potwierdzenie zamówienia",),
        "pt": ("confirmação de encomenda", "confirmação de pedido"),
    },
    "order": {
        "en": ("purchase order", "order!", "order form!"),
        "da": ("indkøbsordre", "købsordre", "ordre!", "bestilling!", "rekvisition!"),
        "nl": ("inkooporder", "bestelling!", "bestelbon", "opdracht!"),
        "de": ("bestellung!", "einkaufsbestellung", "auftrag!"),
        "sv": ("inköpsorder", "beställning!"),
        "no": ("innkjøpsordre", "bestilling!"),
        "fi": ("ostotilaus", "tilaus!"),
        "fr": ("bon de commande", "commande!"),
        "es": ("orden de compra", "pedido!"),
        "it": ("ordine di acquisto", "ordine d'acquisto", "ordine!"),
        "pl": ("zamówienie!",),
        "pt": ("nota de encomenda", "ordem de compra", "encomenda!"),
    },
    "delivery_note": {
        "en": ("delivery note", "packing slip", "packing list", "despatch note", "dispatch note", "waybill"),
        "da": ("følgeseddel", "leveringsseddel", "fragtbrev"),
        "nl": ("pakbon", "leverbon", "afleverbon", "vrachtbrief"),
        "de": ("*lieferschein", "packzettel", "frachtbrief"),
        "sv": ("följesedel", "packsedel", "fraktsedel"),
        "no": ("følgeseddel", "pakkseddel"),
        "fi": ("lähetyslista", "lähete!", "rahtikirja"),
        "fr": ("bon de livraison", "bordereau de livraison", "lettre de voiture"),
        "es": ("albarán", "nota de entrega"),
        "it": ("documento di trasporto", "bolla di consegna"),
        "pl": ("list przewozowy", "dowód dostawy", "dokument wz"),
        "pt": ("guia de remessa", "guia de transporte"),
    },
    "statement": {
        "en": ("statement of account", "account statement", "bank statement", "statement!"),
        "da": ("kontoudtog", "kontoudskrift"),
        "nl": ("rekeningoverzicht", "rekeningafschrift", "saldo-opgave"),
        "de": ("kontoauszug", "saldenbestätigung", "offene-posten-liste"),
        "sv": ("kontoutdrag", "saldobesked", "reskontrautdrag"),
        "no": ("kontoutskrift", "kontoutdrag"),
        "fi": ("tiliote", "saldoerittely"),
        "fr": ("relevé de compte",),
        "es": ("extracto de cuenta", "estado de cuenta"),
        "it": ("estratto conto",),
        "pl": ("wyciąg z konta", "wyciąg bankowy", "zestawienie sald"),
        "pt": ("extrato de conta", "extrato bancário"),
    },
    "contract": {
        "en": ("contract!", "agreement!", "service agreement!", "framework agreement!", "non-disclosure agreement!",
               "lease agreement!"),
        "da": ("kontrakt!", "samarbejdsaftale!", "lejekontrakt!", "aftale!"),
        "nl": ("contract!", "overeenkomst!", "raamovereenkomst!"),
        "de": ("*vertrag!", "rahmenvertrag!"),
        "sv": ("avtal!", "kontrakt!", "ramavtal!"),
        "no": ("kontrakt!", "avtale!", "rammeavtale!"),
        "fi": ("*sopimus!",),
        "fr": ("contrat!", "contrat de service!"),
        "es": ("contrato!",),
        "it": ("contratto!",),
        "pl": ("umowa!",),
        "pt": ("contrato!",),
    },
}  # fmt: skip

#: Longer words that end like one of the `*` words and mean something else.
NOT_MEANT: frozenset[str] = frozenset(
    {
        "berechnung", "abrechnung", "anrechnung", "aufrechnung", "verrechnung", "umrechnung", "zurechnung",
        "hochrechnung",
        "einrechnung", "vorrechnung", "ermahnung", "abmahnung", "ermächtigungsvertrag",
    }
)  # fmt: skip

#: Between a name and a number: "Invoice no. 12". Then it is a field, which other documents have too.
FIELD_WORDS: tuple[str, ...] = (
    "no", "nr", "nos", "num", "number", "nummer", "numero", "número", "numéro", "numer", "nro", "numeronne", "n°",
    "nº", "id",
    "reference", "ref", "referenz", "reference number",
)  # fmt: skip

#: "your order", "Ihre Bestellung": speaks of another document. Only orders are spoken of so.
OWNERS: frozenset[str] = frozenset(
    {
        "your", "our", "customer", "din", "dit", "jeres", "deres", "vores", "kundens", "uw", "jouw", "onze", "ihr",
        "ihre",
        "ihrer", "unser", "unsere", "er", "ert", "vår", "vårt", "teidän", "votre", "notre", "su", "vuestro", "vostro",
        "vs.", "twoje", "państwa", "vosso", "vossa", "seu", "sua",
    }
)  # fmt: skip

#: What mail programs put before the subject of a reply. A reply speaks of a document and is none.
REPLY_PREFIX = r"(?:re|sv|aw|antw|antwort|vs|odp|rif|res|ang|betr)\s*(?:\[\d+\])?\s*:"
