"""The catalogue of errors: complete in five languages, told safely, and every failure apart from every other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from urllib.parse import urlsplit

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from shared import errors
from shared.language import LANGUAGES, texts
from shared.language.texts import FOLDER
from shared.remedies import Kind, Owner, Remedy, known, remedy, told
from shared.remedies.catalogue import ALIASES, LONGEST_VALUE, REMEDIES
from shared.remedies.model import OWNERS, PLACEHOLDERS

ROOT = Path(__file__).parents[2]
FAMILY = (
    r"(?:entra|graph|imap|tls|network|smtp|google|consent|sign_in|scope|certificate|identity|grant|account)_[a-z0-9_]+"
)
ENTRIES = sorted(REMEDIES.values(), key=lambda entry: entry.code)
TEXTS = {text for entry in ENTRIES for text in (entry.cause, entry.next_step)} | set(OWNERS.values())
OTHERS = LANGUAGES[1:]
HOSTS = {
    "learn.microsoft.com",
    "entra.microsoft.com",
    "admin.exchange.microsoft.com",
    "login.microsoftonline.com",
    "aka.ms",
    "admin.google.com",
    "support.google.com",
}
VALUES = {
    "mailbox": "invoice@company.com",
    "tenant": "8b9f1c1e-0000-4000-8000-000000000001",
    "client_id": "8b9f1c1e-0000-4000-8000-000000000002",
    "host": "mail.company.com",
    "port": 993,
    "account": "olivia@company.com",
    "expected": "invoice@company.com",
    "addresses": ["192.0.2.1", "192.0.2.2"],
    "days": 7,
    "minutes": 90,
    "next_check": "10:15",
}


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def optional_parts(text: str) -> list[list[str]]:
    return sorted(placeholders(part) for part in re.findall(r"\[([^\[\]]*)\]", text))


def catalogue(language: str) -> dict[str, str]:
    with (FOLDER / language / "remedies.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale=language) if message.id}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_entry_says_what_happened_who_acts_and_how(entry: Remedy) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", entry.code)
    assert entry.owner in OWNERS
    for text in (entry.cause, entry.next_step):
        assert text
        assert text[0].isupper() or text[0] == "{"
        assert text.endswith((".", "]."))
        assert set(placeholders(text)) <= PLACEHOLDERS
        outside = re.sub(r"\[[^\[\]]*\]", "", text)
        assert not placeholders(outside), "a value that is missing must not leave a hole: put it in brackets"
        assert all(placeholders(part) for part in re.findall(r"\[([^\[\]]*)\]", text))
    assert (entry.owner is Owner.NOBODY) == entry.next_step.startswith(
        "Nothing to do"
    ) or entry.owner is not Owner.NOBODY


def test_nobody_is_the_owner_only_where_there_is_nothing_to_do() -> None:
    waiting = [entry for entry in ENTRIES if entry.owner is Owner.NOBODY]
    assert waiting
    assert all(entry.next_step.startswith("Nothing to do") for entry in waiting)


def test_codes_are_used_once_and_aliases_lead_to_entries() -> None:
    assert not ALIASES.keys() & REMEDIES.keys()
    assert set(ALIASES.values()) <= REMEDIES.keys()


@pytest.mark.pain("C37")
@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_with_the_same_values(language: str) -> None:
    translated = catalogue(language)
    assert translated.keys() == TEXTS
    for english, text in translated.items():
        assert text, english
        assert text != english or english in ("Google Workspace administrator",), english
        assert placeholders(text) == placeholders(english), english
        assert optional_parts(text) == optional_parts(english), english
        assert text[-1] == english[-1] or english in OWNERS.values(), english


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_failures_are_told_with_the_same_cause(language: str) -> None:
    """Two entries may share a cause where they differ in the code only by where they were found: none does but these."""
    shared = {"graph_folder_gone", "imap_folder_gone"}
    causes = [told(entry.code, language).cause for entry in ENTRIES if entry.code not in shared]
    assert len(set(causes)) == len(causes)


@pytest.mark.pain("C37")
@pytest.mark.capability("S1.5")
@pytest.mark.parametrize("language", LANGUAGES)
def test_twelve_refusals_of_the_directory_are_twelve_texts(language: str) -> None:
    numbers = (65001, 65004, 90094, 90095, 90093, 50076, 50079, 53003, 50105, 700016, 7000112, 7000222)
    found = [told(f"entra_{number}", language, **VALUES) for number in numbers]
    assert len({one.cause for one in found}) == 12
    assert all(one.next_step and one.owner_name for one in found)
    assert not any("AADSTS" in one.cause or "Traceback" in one.cause for one in found)


@pytest.mark.capability("S1.5")
def test_a_second_factor_and_conditional_access_are_explained_without_weakening_them() -> None:
    """S1.24: no text tells people to do without a second factor."""
    assert "second factor" in told("entra_50076", "en").cause
    assert "Conditional Access" in told("entra_53003", "en").cause
    said = " ".join(entry.next_step.lower() for entry in ENTRIES)
    for advice in ("disable mfa", "switch off the second factor", "turn off the second factor", "exempt the account"):
        assert advice not in said


@pytest.mark.capability("S1.6")
@pytest.mark.parametrize("language", LANGUAGES)
def test_blocked_wrong_credentials_and_network_are_three_texts_of_three_kinds(language: str) -> None:
    found = [told(code, language) for code in ("imap_disabled", "imap_login_refused", "network_timeout")]
    assert [one.kind for one in found] == [Kind.BLOCKED, Kind.CREDENTIALS, Kind.NETWORK]
    assert len({one.cause for one in found}) == len({one.next_step for one in found}) == 3


@pytest.mark.capability("S1.41", "S3.11")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_closed_way_names_our_addresses_where_they_are_fixed(language: str) -> None:
    fixed = told("network_timeout", language, addresses=["192.0.2.1", "192.0.2.2"])
    assert "192.0.2.1, 192.0.2.2" in fixed.next_step
    open_ended = told("network_timeout", language, addresses=[])
    assert open_ended == told("network_timeout", language)
    assert "{" not in open_ended.next_step
    assert "[" not in open_ended.next_step


@pytest.mark.capability("S2.2")
def test_a_self_signed_certificate_is_told_as_one() -> None:
    assert "certificate is not issued by a trusted party" in told("tls_self_signed", "en").cause
    assert "mail.company.com" in told("tls_self_signed", "en", host="mail.company.com").cause


@pytest.mark.capability("S3.8")
def test_the_workspace_administrator_gets_client_id_and_scope() -> None:
    found = told("google_admin_policy_enforced", "en", client_id="1-abc.apps.googleusercontent.com")
    assert found.owner is Owner.WORKSPACE
    assert "1-abc.apps.googleusercontent.com" in found.cause
    assert "https://mail.google.com/" in found.next_step
    assert urlsplit(found.link).hostname == "admin.google.com"


@pytest.mark.capability("S1.21")
def test_another_account_is_told_with_both_names() -> None:
    found = told("sign_in_other_account", "en", account="a@company.com", expected="b@company.com")
    assert "a@company.com, expected was b@company.com" in found.cause


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
@pytest.mark.parametrize("values", [{}, VALUES], ids=["bare", "filled"])
def test_what_is_told_has_no_holes_in_any_language(entry: Remedy, values: dict[str, object]) -> None:
    for language in LANGUAGES:
        found = told(entry.code, language, **values)
        for text in (found.cause, found.next_step):
            assert not set("{}[]") & set(text)
            assert "  " not in text
            assert not re.search(r"\s[,.;:]|\(\)", text), text
        assert found.owner_name == texts(language).gettext(OWNERS[entry.owner])


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.link], ids=lambda entry: entry.code)
def test_links_lead_to_known_hosts_only_whatever_the_values(entry: Remedy) -> None:
    hostile = "/../@evil.example/#?&\r\nx: y"
    for values in ({}, VALUES, dict.fromkeys(("tenant", "client_id", "code"), hostile)):
        link = told(entry.code, "en", **values).link
        if link:
            assert urlsplit(link).scheme == "https"
            assert urlsplit(link).hostname in HOSTS
            assert "evil.example/" not in link
            assert not re.search(r"[\s{}\[\]]", link)


@pytest.mark.capability("S1.26")
def test_the_link_to_the_application_has_the_right_tenant_and_client_id() -> None:
    link = told("entra_7000112", "en", tenant=VALUES["tenant"], client_id=VALUES["client_id"]).link
    assert link.startswith(f"https://entra.microsoft.com/{VALUES['tenant']}/#view/")
    assert link.endswith(f"/appId/{VALUES['client_id']}")
    assert told("entra_7000112", "en", tenant=VALUES["tenant"]).link == ""


def test_an_unknown_code_is_told_with_the_code() -> None:
    assert "made_up" in told("made_up", "en").cause
    assert "made_up" in told("made_up", "da").cause
    assert not known("made_up")
    assert remedy("made_up").code == "unknown"


def test_an_unknown_number_of_the_directory_leads_to_microsoft() -> None:
    found = told("entra_99999", "en")
    assert "99999" in found.cause
    assert found.link == "https://login.microsoftonline.com/error?code=99999"


def test_an_unknown_language_is_told_in_english() -> None:
    assert told("imap_disabled", "xx").cause == told("imap_disabled", "en").cause


def test_values_are_one_line_of_printable_characters() -> None:
    found = told("sign_in_other_account", "en", account="a\r\nb\x00\u202ec", expected="e" * 1000)
    assert "abc" in found.cause
    assert found.cause.isprintable()
    assert len(found.cause) < LONGEST_VALUE + 200


def test_braces_and_brackets_in_values_are_only_text() -> None:
    found = told("graph_access_denied", "en", mailbox="{tenant.__class__}[x]")
    assert "{tenant.__class__}[x]" in found.cause


@given(st.text(max_size=200), st.text(max_size=50), st.sampled_from(LANGUAGES))
def test_nothing_that_is_told_raises(code: str, value: str, language: str) -> None:
    found = told(code, language, mailbox=value, account=value, host=value)
    assert found.cause
    assert found.next_step
    assert found.code.isprintable()


def causes() -> Iterator[tuple[str, str]]:
    """Every code that the product gives an error, with the file: `.because("…")`, `error.cause = "…"`, and tables of causes."""
    for file in sorted((ROOT / "shared").rglob("*.py")):
        name = str(file.relative_to(ROOT))
        if name.startswith("shared/remedies/"):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "because":
                given = list(ast.walk(node.args[0]))  # type: ignore[arg-type]
            elif isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Attribute) and target.attr == "cause" for target in node.targets
            ):
                given = list(ast.walk(node.value))  # type: ignore[arg-type]
            elif name == "shared/sources/imap/errors.py":
                given = [node] if isinstance(node, ast.Constant) else []
            for one in given:
                if isinstance(one, ast.Constant) and re.fullmatch(FAMILY, str(one.value)):
                    yield name, str(one.value)


@pytest.mark.pain("C37")
def test_every_cause_that_the_product_gives_an_error_has_an_entry() -> None:
    found = set(causes())
    assert {"graph_access_denied", "imap_login_refused", "consent_other_tenant"} <= {code for _, code in found}
    assert [(file, code) for file, code in sorted(found) if not known(code)] == []


def test_errors_that_nobody_recognised_have_an_entry() -> None:
    """`told(error.cause or error.code)`: the codes of the errors that a call to a mailbox may end in."""
    for error in (
        errors.ConfigurationError,
        errors.TransientError,
        errors.Throttled,
        errors.ServiceUnavailable,
        errors.NetworkFailure,
        errors.NotPropagated,
        errors.PermissionDenied,
        errors.SignInNeeded,
        errors.NotFound,
    ):
        assert known(error.code), error.code
