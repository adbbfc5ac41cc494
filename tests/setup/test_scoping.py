"""The script for Exchange, and the probe that proves that nothing else is open."""

from __future__ import annotations

import re

import pytest
import tree_sitter
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.model.config import Company
from shared.setup.scoping import MOST_MAILBOXES, TEMPLATE, ProbeOutcome, ScopeProbe, filled, label_of, quoted
from tests.flow.conftest import emulator, running_emulator
from tests.setup.connecting import ADDRESS, COMPANY, FOREIGN, FOREIGN_ADDRESS, FOREIGN_ADMIN, INVOICES, MINE, Desk, desk

__all__ = ["desk", "emulator", "running_emulator"]

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
CLIENT, PRINCIPAL = "876b6e15-6d20-5e54-8959-927c82e86431", "603440c3-3848-58e2-9fdc-deb088f3b5d0"
CLOSED = "somebody@nordlys.example"


def parts(text: str) -> list[tree_sitter.Node]:
    found, waiting = [], [PARSER.parse(text.encode()).root_node]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(node.children)
    return found


def made(*addresses: str, principal: str = PRINCIPAL) -> str:
    return filled(
        TEMPLATE.read_text("utf-8"),
        client_id=CLIENT,
        principal=principal,
        mailboxes=addresses,
        label="nordlys",
        outside=CLOSED,
    )


@pytest.mark.parametrize("principal", [PRINCIPAL, ""])
def test_the_script_is_one_of_powershell_and_has_everything_filled_in(principal: str) -> None:
    text = made("invoice@nordlys.example", "o'brien@nordlys.example", principal=principal)
    assert not any(node.is_error or node.is_missing for node in parts(text))
    assert "[string[]]$Mailboxes = @('invoice@nordlys.example', 'o''brien@nordlys.example')," in text
    assert f"[guid]$AppId = '{CLIENT}'," in text
    assert "[string]$Label = 'nordlys'," in text
    assert f"[string]$OutsideMailbox = '{CLOSED}'," in text
    mandatory = re.findall(r"\[Parameter\(Mandatory\)\]\[guid\]\$(\w+)", text)
    assert mandatory == ([] if principal else ["ServicePrincipalObjectId"])
    assert "[switch]$Remove" in text


HOSTILE = [
    "'; Remove-Mailbox -Identity *; '",
    "a\u2019; Remove-Mailbox x; \u2018b",
    "\u201a\u201b'",
    '$(Remove-Mailbox x)"`',
    "@('a')",
]


@pytest.mark.fault("G04")
@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_stays_a_text(address: str) -> None:
    assert _literal(quoted(address)) == address
    harmless, hostile = parts(made("invoice@nordlys.example")), parts(made(address))
    commands = [node.text for node in harmless if node.type == "command"]
    assert [node.text for node in hostile if node.type == "command"] == commands


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cf", "Zl", "Zp", "Zs", "Cs", "Co", "Cn"))))
def test_whatever_is_quoted_is_read_as_it_was(text: str) -> None:
    assert _literal(quoted(text)) == text


@pytest.mark.parametrize("address", ["a\nb@c.example", "a\0b", "a\u2028b"])
def test_control_characters_have_no_business_in_a_script(address: str) -> None:
    with pytest.raises(InvalidRequest):
        quoted(address)


def _literal(text: str) -> str:
    """What PowerShell reads between single quotes, of which it knows five (CharTraits.cs, IsSingleQuote)."""
    quotes = "'\u2018\u2019\u201a\u201b"
    assert text[0] in quotes
    found, position = "", 1
    while True:
        if text[position] in quotes:
            if position + 1 == len(text):
                return found
            assert text[position + 1] in quotes, f"the text ends at {position}"
            position += 1
        found += text[position]
        position += 1


def test_labels_fit_into_exchange_and_do_not_meet() -> None:
    long = ["a" * 40, "a" * 39 + "b"]
    assert label_of("nordlys") == "nordlys"
    assert len({label_of(name) for name in long}) == 2
    assert all(re.fullmatch(r"[a-z0-9-]{1,20}", label_of(name)) for name in long)


async def test_a_company_gets_its_own_mailboxes_of_that_tenant(desk: Desk) -> None:
    script = await desk.setup.exchange_script.script(COMPANY, INVOICES)
    assert script.mailboxes == (ADDRESS,)
    assert script.complete
    assert re.search(r"\$ServicePrincipalObjectId = '[0-9a-f-]{36}'", script.text)
    assert script.content().startswith(b"\xef\xbb\xbf#Requires")
    assert script.file_name == "Postrum-nordlys.ps1"


async def test_in_another_tenant_the_object_id_is_known_after_the_consent(desk: Desk) -> None:
    before = await desk.setup.exchange_script.script(COMPANY, FOREIGN)
    assert (before.complete, before.mailboxes) == (False, (FOREIGN_ADDRESS,))
    await desk.consent(FOREIGN, FOREIGN_ADMIN)
    assert (await desk.setup.exchange_script.script(COMPANY, FOREIGN)).complete


async def test_what_needs_no_scope_gets_no_script(desk: Desk) -> None:
    with pytest.raises(InvalidRequest):
        await desk.setup.exchange_script.script(COMPANY, MINE)


async def test_for_very_many_mailboxes_a_group_is_named_instead(desk: Desk) -> None:
    def many(company: Company) -> Company:
        [first] = [box for box in company.mailboxes if box.id == INVOICES]
        paused = first.model_copy(update={"active": False})
        more = [
            paused.model_copy(update={"id": f"box-{number}", "address": f"box-{number}@nordlys.example"})
            for number in range(MOST_MAILBOXES)
        ]
        return company.model_copy(update={"mailboxes": (*company.mailboxes, *more)})

    await desk.world.app.configure.change(COMPANY, many)
    with pytest.raises(InvalidRequest) as refused:
        await desk.setup.exchange_script.script(COMPANY, INVOICES)
    assert "group" in refused.value.remedy


def probe(desk: Desk, address: str | None) -> ScopeProbe:
    return ScopeProbe(open=desk.world.app.sources.closed, home_tenant=desk.emulator.tenant_id, probe_mailbox=address)


class TestProbe:
    async def test_a_mailbox_outside_is_refused(self, desk: Desk) -> None:
        desk.control.create_mailbox(CLOSED)
        result = await probe(desk, CLOSED).probe()
        assert (result.outcome, result.mailbox, result.code) == (ProbeOutcome.REFUSED, CLOSED, "")

    @pytest.mark.parametrize("opened", ["consent", "scope"])
    async def test_one_that_can_be_read_is_red(self, desk: Desk, opened: str) -> None:
        desk.control.create_mailbox(CLOSED)
        if opened == "consent":
            desk.control.set_consent(["Mail.ReadWrite"])
        else:
            desk.control.set_scope([ADDRESS, CLOSED])
        result = await probe(desk, CLOSED).probe()
        assert (result.outcome, result.code) == (ProbeOutcome.READABLE, "scope_open")

    async def test_without_a_mailbox_nothing_is_proven(self, desk: Desk) -> None:
        assert (await probe(desk, None).probe()).outcome is ProbeOutcome.NOT_CONFIGURED
        other = await probe(desk, CLOSED).probe(desk.emulator.foreign_tenant_id)
        assert other.outcome is ProbeOutcome.NOT_CONFIGURED

    async def test_no_token_proves_nothing(self, desk: Desk) -> None:
        desk.control.create_mailbox(CLOSED)
        desk.control.disable_app(desk.emulator.client_id)
        result = await probe(desk, CLOSED).probe()
        assert result.outcome is ProbeOutcome.CANNOT_TELL
        assert result.code

    async def test_a_mailbox_that_does_not_exist_proves_nothing(self, desk: Desk) -> None:
        desk.control.set_consent(["Mail.ReadWrite"])
        result = await probe(desk, "nobody@nordlys.example").probe()
        assert result.outcome is ProbeOutcome.CANNOT_TELL
