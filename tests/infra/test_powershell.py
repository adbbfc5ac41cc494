"""The PowerShell scripts. They are not run: there is no PowerShell in Debian. The grammar reads them, and what can be told from
the text is: every variable is set, every cmdlet and parameter is a known one, every change can be tried with -WhatIf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from tests.infra.repository import INFRA, ROOT
from tests.infra.tree import Node, text, walk

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
EXCHANGE = ROOT / "shared" / "setup" / "exchange" / "Set-PostrumMailboxAccess.ps1"
SCRIPTS = [*sorted(INFRA.rglob("*.ps1")), EXCHANGE]
REGISTER = INFRA / "entra" / "register.ps1"
AUTOMATIC = {
    "_",
    "true",
    "false",
    "null",
    "lastexitcode",
    "psscriptroot",
    "pscmdlet",
    "whatifpreference",
    "erroractionpreference",
}
COMMON = {"erroraction", "warningaction", "confirm", "whatif"}
CMDLETS = {
    "Add-MailboxPermission": {"identity", "user", "accessrights", "automapping"},
    "Get-DistributionGroupMember": {"identity", "resultsize"},
    "Get-Mailbox": {"identity", "resultsize"},
    "Get-MailboxPermission": {"identity", "user"},
    "Get-ManagementRoleAssignment": {"role"},
    "Get-ManagementScope": set(),
    "Get-ServicePrincipal": set(),
    "New-ManagementRoleAssignment": {"name", "app", "role", "customresourcescope"},
    "New-ManagementScope": {"name", "recipientrestrictionfilter"},
    "New-ServicePrincipal": {"appid", "objectid", "displayname"},
    "Remove-MailboxPermission": {"identity", "user", "accessrights"},
    "Remove-ManagementRoleAssignment": {"identity"},
    "Remove-ManagementScope": {"identity"},
    "Remove-ServicePrincipal": {"identity"},
    "Set-ManagementScope": {"identity", "recipientrestrictionfilter"},
    "Test-ServicePrincipalAuthorization": {"identity", "resource"},
    "ConvertFrom-Json": set(),
    "ConvertTo-Json": {"inputobject", "depth"},
    "ForEach-Object": set(),
    "Get-Command": set(),
    "Get-Content": {"raw", "path"},
    "Get-Date": set(),
    "Join-Path": set(),
    "New-TemporaryFile": set(),
    "Out-Null": set(),
    "Out-String": set(),
    "Remove-Item": {"path"},
    "Select-Object": {"first", "unique"},
    "Set-Content": {"path", "encoding"},
    "Where-Object": set(),
    "Write-Host": set(),
    "Write-Warning": set(),
    "az": {"query", "output", "namespace"},
    "azd": {"check-status"},
}
"""Commands that the scripts may call, with the parameters that their pages name:
https://learn.microsoft.com/powershell/module/exchangepowershell for those of Exchange.
"""
CHANGES = re.compile(r"^(Add|New|Remove|Set)-(Mailbox|Management|ServicePrincipal)")


def tree(source: str) -> Node:
    return PARSER.parse(source.encode()).root_node


def errors(root: Node) -> list[str]:
    return [f"{node.start_point.row + 1}: {text(node)[:60]}" for node in walk(root) if node.is_error or node.is_missing]


def name_of(variable: Node) -> str:
    return text(variable).lstrip("$@").strip("{}").lower()


def unset(root: Node) -> list[str]:
    """Variables that nothing sets. Scopes are not told apart."""
    known = set(AUTOMATIC)
    for node in walk(root):
        if node.type in ("script_parameter", "foreach_statement"):
            known |= {name_of(child) for child in node.children if child.type == "variable"}
        if node.type in ("assignment_expression", "left_assignment_expression"):
            known |= {name_of(child) for child in walk(node.children[0]) if child.type == "variable"}
    used = {name_of(node) for node in walk(root) if node.type == "variable"}
    return sorted(name for name in used - known if not name.startswith("env:"))


def functions(root: Node) -> set[str]:
    return {text(node) for node in walk(root) if node.type == "function_name"}


def commands(root: Node) -> Iterator[tuple[str, set[str], Node]]:
    for node in walk(root):
        if node.type == "command":
            named = [child for child in node.children if child.type == "command_name"]
            given = {
                text(child).lstrip("-").rstrip(":").partition(":")[0].lower()
                for part in node.children
                if part.type == "command_elements"
                for child in part.children
                if child.type == "command_parameter"
            }
            if named:
                yield text(named[0]), given, node


def unknown(root: Node) -> list[str]:
    """Commands and parameters that are not in the table."""
    own = functions(root)
    problems: list[str] = []
    for name, given, _ in commands(root):
        if name not in own and name not in CMDLETS:
            problems.append(name)
        problems += [f"{name} -{one}" for one in sorted(given - COMMON - CMDLETS.get(name, given))]
    return problems


def unguarded(root: Node) -> list[str]:
    """Changes in Exchange that -WhatIf would not hold back."""
    found: list[str] = []
    for name, _, node in commands(root):
        if not CHANGES.match(name) or name in functions(root):
            continue
        above: Node | None = node
        while above is not None and not (
            above.type == "if_statement" and "$PSCmdlet.ShouldProcess(" in condition(above)
        ):
            above = above.parent
        if above is None:
            found.append(f"{name} in line {node.start_point.row + 1}")
    return found


def condition(node: Node) -> str:
    return text(node).partition("{")[0]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
class TestEveryScript:
    """What holds for each."""

    def test_the_grammar_reads_it(self, script: Path) -> None:
        assert errors(tree(script.read_text("utf-8"))) == []

    def test_every_variable_is_set(self, script: Path) -> None:
        assert unset(tree(script.read_text("utf-8"))) == []

    def test_every_command_is_known(self, script: Path) -> None:
        assert unknown(tree(script.read_text("utf-8"))) == []

    def test_it_stops_at_errors(self, script: Path) -> None:
        assert "\n$ErrorActionPreference = 'Stop'\n" in "\n" + script.read_text("utf-8")


@pytest.mark.parametrize("script", [EXCHANGE, REGISTER], ids=lambda script: script.name)
def test_every_parameter_is_described_and_used(script: Path) -> None:
    source = script.read_text("utf-8")
    root = tree(source)
    block = next(node for node in root.children if node.type == "param_block")
    declared = [
        name_of(node)
        for one in walk(block)
        if one.type == "script_parameter"
        for node in one.children
        if node.type == "variable"
    ]
    described = re.findall(r"^\.PARAMETER (\w+)\n(.+)$", source, re.MULTILINE)
    assert [name.lower() for name, _ in described] == declared
    after = [name_of(node) for node in walk(root) if node.type == "variable" and node.start_byte > block.end_byte]
    assert set(declared) <= set(after)
    assert ".SYNOPSIS" in source
    assert ".EXAMPLE" in source


def test_every_change_in_exchange_can_be_tried_first() -> None:
    source = EXCHANGE.read_text("utf-8")
    assert "[CmdletBinding(SupportsShouldProcess" in source
    assert unguarded(tree(source)) == []
    assert len([name for name, _, _ in commands(tree(source)) if CHANGES.match(name) and name in CMDLETS]) >= 9


def test_what_is_created_is_looked_for_first() -> None:
    source = EXCHANGE.read_text("utf-8")
    for made, looked in (
        ("New-ServicePrincipal ", r"-not \$known -and"),
        ("New-ManagementScope ", r"-not \$scope -and"),
        ("New-ManagementRoleAssignment ", r"-not \(Get-Assignment \$role\) -and"),
        ("Add-MailboxPermission ", r"-not \$granted -and"),
    ):
        before = source[: source.index(made)].splitlines()
        assert [line for line in before[-2:] if re.search(looked, line)], made


def test_everything_that_is_created_is_removed_too() -> None:
    source = EXCHANGE.read_text("utf-8")
    removal = source.partition("function Remove-Access {")[2].partition("\nfunction ")[0]
    for made in re.findall(r"\b(?:New|Add)-((?:Management|ServicePrincipal|Mailbox)\w*)", source):
        assert f"Remove-{made} " in removal


def test_one_mailbox_outside_is_tried_too() -> None:
    source = EXCHANGE.read_text("utf-8")
    assert "Test-Mailbox $_ $true" in source
    assert "Test-Mailbox $OutsideMailbox $false" in source
    assert source.index("Set-Roles\n") < source.index("Test-Mailbox $_ $true")


def test_names_in_exchange_are_short_enough() -> None:
    assert len("Postrum Application Mail.ReadWrite 876b6e15") <= 64


def test_both_hooks_ask_for_the_same() -> None:
    """Variables, commands and sentences of the two languages."""
    for shell in sorted((INFRA / "hooks").glob("*.sh")):
        posix, windows = shell.read_text("utf-8"), shell.with_suffix(".ps1").read_text("utf-8")
        ours = r"(?:POSTRUM|AZURE|OUTBOUND)_[A-Z_]+"
        assert set(re.findall(ours, posix)) == set(re.findall(ours, windows)), shell.name
        assert set(re.findall(r"\baz (?:functionapp|provider|account|login)[a-z -]*", posix)) == set(
            re.findall(r"\baz (?:functionapp|provider|account|login)[a-z -]*", windows)
        )


def test_both_registrations_send_the_same() -> None:
    posix, windows = (INFRA / "entra" / "register.sh").read_text("utf-8"), REGISTER.read_text("utf-8")
    for word in (
        "displayName", "signInAudience", "appRoles", "homePageUrl", "redirectUris", "enableAccessTokenIssuance",
        "enableIdTokenIssuance", "requiredResourceAccess", "appRoleAssignmentRequired", "federatedIdentityCredentials(name=",
        "api://AzureADTokenExchange", "Prefer=create-if-missing", "app-roles.json", "api-scopes.json",
        "AzureADMultipleOrgs", "IMAP.AccessAsApp", "Mail.ReadWrite", "Mail.Send", "openid", "profile", "appRoleAssignedTo",
        "offline_access", "Mail.ReadWrite.Shared", "identifierUris", "requestedAccessTokenVersion", "oauth2PermissionScopes",
        "preAuthorizedApplications", "delegatedPermissionIds", "/callback",
    ):  # fmt: skip
        assert word in posix, word
        assert word in windows, word
    identifier = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    template = (INFRA / "entra" / "registration.bicep").read_text("utf-8")
    ids = set(re.findall(identifier, template))
    assert len(ids) == 4
    assert ids == set(re.findall(identifier, posix)) == set(re.findall(identifier, windows.partition("#>")[2]))
    for path in re.findall(r"/([a-z-]+)/callback", template):
        assert re.search(rf"\b{path}\b", posix)
        assert f"/{path}/callback" in windows


def test_the_commands_that_are_printed_have_the_parameters_of_the_script() -> None:
    declared = set(re.findall(r"^\.PARAMETER (\w+)$", EXCHANGE.read_text("utf-8"), re.MULTILINE))
    for hook in ("postprovision.sh", "postprovision.ps1"):
        [line] = [
            line
            for line in (INFRA / "hooks" / hook).read_text("utf-8").splitlines()
            if "Set-PostrumMailboxAccess.ps1 -" in line
        ]
        assert set(re.findall(r" -([A-Z]\w+)", line)) <= declared
        assert (ROOT / line.split()[0]).is_file()


BROKEN = [
    (errors, "function Get-It { if ($true) { 1 }\n", "1: "),
    (unset, "$x = 1\nWrite-Host $y\n", "y"),
    (unknown, "New-ManagmentScope -Name x\n", "New-ManagmentScope"),
    (unknown, "New-ManagementScope -Name x -Filter y\n", "New-ManagementScope -filter"),
    (unguarded, "if ($x) { Remove-ManagementScope -Identity y }\n", "Remove-ManagementScope in line 1"),
    (
        unguarded,
        "if ($PSCmdlet.ShouldProcess('x')) { 1 }\nNew-ManagementScope -Name y\n",
        "New-ManagementScope in line 2",
    ),
]


@pytest.mark.parametrize(("check", "source", "said"), BROKEN)
def test_a_broken_script_is_noticed(check: object, source: str, said: str) -> None:
    problems = check(tree(source))  # type: ignore[operator]
    assert [problem for problem in problems if said in problem], problems


def test_a_guarded_change_is_accepted() -> None:
    assert unguarded(tree("if ($a -and $PSCmdlet.ShouldProcess('x', 'y')) { New-ManagementScope -Name y }\n")) == []
