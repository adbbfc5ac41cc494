"""Writes docs/errors.md from the catalogue in `shared/remedies`; `python -m local.docs` calls it, and a test compares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from local.setup import ROOT
from shared.remedies import entra, google, graph, imap, network, product, smtp, tls, told
from shared.remedies.catalogue import ALIASES
from shared.remedies.model import Kind, Remedy, Severity

PAGE = ROOT / "docs" / "errors.md"

FAMILIES: Sequence[tuple[str, ModuleType, str]] = (
    (
        "Consent, sign-in and scope",
        product,
        "What Postrum itself finds, and errors that were not recognised more closely.",
    ),
    (
        "Entra ID",
        entra,
        "The number is Microsoft's: `entra_65001` is AADSTS65001. Numbers that mean the same share an entry. For a number that is "
        "not here, Postrum says so and leads to Microsoft's own page about it.",
    ),
    ("Microsoft Graph", graph, "Exchange Online through Microsoft Graph."),
    ("Google", google, "Sign-in with Google. Reading mail goes through [IMAP](#imap)."),
    ("IMAP", imap, "What a mail server says when it is read."),
    ("SMTP", smtp, "What a mail server says when something is sent."),
    ("Encryption", tls, "Certificates are always checked, and nothing is sent without encryption."),
    ("Network", network, "No conversation came about."),
)

_HEAD = """\
# Errors

<!-- Written by `python -m local.docs` from shared/remedies. Change it there; a test compares. -->

For administrators. When a connection fails, Postrum says what happened, whose task it is, and what that person does: on its pages in
the language of the reader, in the API, in alerts and in the log, always with the same code. This page has all of them. Where you have
a symptom and no code, begin at [when it does not work](connect/when-it-does-not-work.md).

A **warning** stops nothing. Every entry has a kind; the first three look alike and are not:

| kind | what it means |
|---|---|
"""

_KINDS: dict[Kind, str] = {
    Kind.BLOCKED: "the way is closed on purpose: a protocol, an account or an application is switched off, or a policy forbids it",
    Kind.CREDENTIALS: "who asks was not recognised: password, sign-in, second factor",
    Kind.NETWORK: "no conversation came about: name, port, firewall",
    Kind.CONSENT: "nobody who may has agreed yet",
    Kind.CONFIGURATION: "a setting, a registration, an address or a certificate is wrong",
    Kind.SERVICE: "the other side has trouble; mostly it passes",
    Kind.SCOPE: "the identity is known, and this mailbox is not open to it, or too much is",
    Kind.LIMIT: "too much, too big or too fast",
}


def errors_page() -> str:
    """The whole page."""
    kinds = "".join(f"| {kind.value} | {text} |\n" for kind, text in _KINDS.items())
    parts = [_HEAD + kinds]
    for heading, family, about in FAMILIES:
        rows = "".join(_row(entry) for entry in family.REMEDIES)
        table = "| code | kind | what happened | whose task | what to do |\n|---|---|---|---|---|\n"
        parts.append(f"\n## {heading}\n\n{about}\n\n{table}{rows}")
    return "".join(parts)


def _row(entry: Remedy) -> str:
    spoken = told(entry.code, "en")
    codes = [f"`{entry.code}`", *(f"`{alias}`" for alias, code in ALIASES.items() if code == entry.code)]
    kind = entry.kind.value + (" (warning)" if entry.severity is Severity.WARNING else "")
    more = f" ([page]({spoken.link}))" if spoken.link else ""
    return f"| {', '.join(codes)} | {kind} | {spoken.cause} | {spoken.owner_name} | {spoken.next_step}{more} |\n"
