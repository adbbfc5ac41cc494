"""Each check can fail: the template is broken on purpose, in a copy, and the check says what and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.infra import checks
from tests.infra.checks import CHECKS, Template, api_versions
from tests.infra.repository import TEMPLATE, load

SOURCES = {path: file.source for path, file in TEMPLATE.files.items()} | TEMPLATE.other

MAIN, HOST, ROLES, VAULT = "main.bicep", "app/storage-host.bicep", "app/roles.bicep", "app/vault.bicep"


def broken(path: str, old: str, new: str) -> Template:
    assert SOURCES[path].count(old) >= 1, old
    return Template(SOURCES | {path: SOURCES[path].replace(old, new, 1)})


Check = Callable[[Template], list[str]]
BREAKS: list[tuple[Check, str, str, str, str]] = [
    (checks.syntax, HOST, "resource blobs ", "resource ", "cannot be read"),
    (checks.syntax, VAULT, "    tenantId: tenant().tenantId\n", "    tenantId: tenant(.tenantId\n", "cannot be read"),
    (checks.syntax, MAIN, "  tags: tags\n}\n", "  tags: tags\n", "cannot be read"),
    (checks.names, HOST, "days: 7", "days: seven", "seven is not declared"),
    (checks.names, HOST, "name: queue\n", "name: que\n", "que is not declared"),
    (checks.names, HOST, "'${queue}-poison'", "'${name2}-poison'", "name2 is not declared"),
    (checks.names, HOST, "for queue in queues", "for queue in quues", "quues is not declared"),
    (checks.names, MAIN, "part => !empty", "piece => !empty", "part is not declared"),
    (checks.names, MAIN, "toLower(uniqueString(", "toLower(unqueString(", "unqueString() is no function"),
    (checks.names, MAIN, "empty(budgetStart)", "empty(budgetStart, token)", "empty() takes 1 to 1"),
    (
        checks.names,
        MAIN,
        "param mailboxAccess mailboxAccessMode",
        "param mailboxAccess mailboxMode",
        "mailboxMode is not",
    ),
    (
        checks.names,
        MAIN,
        "import { mailboxAccessMode,",
        "import { mailboxAccessMod,",
        "does not export mailboxAccessMod",
    ),
    (checks.names, "app/types.bicep", "@export()\n", "", "does not export alwaysReadyGroup"),
    (checks.names, MAIN, "@maxLength(60)", "@maximumLength(60)", "@maximumLength is no decorator"),
    (checks.names, MAIN, "var packageContainer", "var token = 1\nvar packageContainer", "token is declared 2 times"),
    (checks.names, MAIN, "output POSTRUM_URL", "output AZURE_LOCATION", "AZURE_LOCATION is declared 2 times"),
    (checks.duplicate_keys, HOST, "kind: 'StorageV2'", "kind: 'StorageV2'\n  kind: 'BlobStorage'", "kind twice"),
    (checks.described, HOST, "@description('Required. Region.')\n", "", "location must be described"),
    (checks.described, HOST, "'Required. Region.'", "'Optional. Region.'", "location must be described"),
    (checks.described, MAIN, "Optional. Kind of who", "Required. Kind of who", "principalType must be described"),
    (checks.described, HOST, "@description('Name of the account.')\n", "", "output name is not described"),
    (
        checks.used,
        HOST,
        "requireInfrastructureEncryption: infrastructureEncryption",
        "",
        "infrastructureEncryption is not used",
    ),
    (checks.used, HOST, "var queues", "var spare = 1\nvar queues", "spare is not used"),
    (
        checks.used,
        ROLES,
        "var hostRoles",
        "resource spare 'a/b@1' existing = {\n  name: 'x'\n}\nvar hostRoles",
        "spare is not",
    ),
    (checks.used, "app/endpoints.bicep", "param zones privateZones", "param zones object", "privateZones is imported"),
    (checks.modules, MAIN, "    isPrivate: virtualNetwork\n", "", "module hostStorage needs isPrivate"),
    (checks.modules, MAIN, "    isPrivate: virtualNetwork\n", "    isPrivat: virtualNetwork\n", "takes no isPrivat"),
    (checks.modules, MAIN, "isPrivate: virtualNetwork\n", "isPrivate: 'yes'\n", "isPrivate is string, not bool"),
    (checks.modules, MAIN, "retentionDays: telemetryRetentionDays", "retentionDays: alertEmail", "is string, not int"),
    (checks.modules, MAIN, "alwaysReady: alwaysReadyGroups", "alwaysReady: alwaysReady", "is string, not array"),
    (
        checks.modules,
        MAIN,
        "workspaceId: monitoring.outputs.workspaceId",
        "workspaceId: monitoring.outputs.id",
        "no output id",
    ),
    (checks.modules, MAIN, "'app/vault.bicep'", "'app/safe.bicep'", "there is no app/safe.bicep"),
    (checks.modules, MAIN, "network!.outputs.zones", "network.outputs.zones", "network is not always there"),
    (checks.modules, MAIN, "  name: 'vault'\n  scope: group\n", "  name: 'vault'\n", "module vault has no scope"),
    (checks.loaded, MAIN, "'abbreviations.json'", "'abbreviation.json'", "there is no abbreviation.json"),
    (checks.loaded, MAIN, "abbreviations.keyVault", "abbreviations.vault", "abbreviations has no vault"),
    (checks.loaded, ROLES, "roles.keyVaultSecretsOfficer.id", "roles.keyVaultOwner.id", "roles has no keyVaultOwner"),
    (checks.known_at_start, ROLES, "guid(vault.id,", "guid(vault.properties.vaultUri,", "name of onVault needs"),
    (
        checks.known_at_start,
        MAIN,
        "= if (virtualNetwork) {",
        "= if (empty(identity.outputs.id)) {",
        "condition of network needs",
    ),
    (
        checks.known_at_start,
        "app/network.bicep",
        "  'privatelink.vaultcore.azure.net'",
        "  address.properties.ipAddress",
        "loop of zones needs address.properties",
    ),
    (
        checks.no_secrets,
        HOST,
        "string = account.id",
        "string = account.listKeys().keys[0].value",
        "output id looks like a secret",
    ),
    (
        checks.no_secrets,
        "app/monitoring.bicep",
        "string = insights.name",
        "string = insights.properties.ConnectionString",
        "looks like a secret",
    ),
    (
        checks.no_secrets,
        "app/workbook.bicep",
        "param workspaceId string",
        "@secure()\nparam workspaceId string\n\noutput x string = workspaceId",
        "output x looks like a secret",
    ),
    (
        checks.role_assignments,
        ROLES,
        "      principalType: 'ServicePrincipal'\n",
        "",
        "onHostStorage has no principalType",
    ),
    (checks.role_assignments, ROLES, "  scope: vault\n", "", "onVault has no scope"),
    (checks.role_assignments, ROLES, "guid(vault.id, principalId, ", "guid(vault.id, ", "onVault must be named guid"),
    (
        checks.role_assignments,
        ROLES,
        "roleDefinitions', role)",
        "roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')",
        "names a role by its id",
    ),
]


@pytest.mark.parametrize(
    ("check", "path", "old", "new", "said"), BREAKS, ids=[f"{one[0].__name__}-{one[4]}" for one in BREAKS]
)
def test_a_broken_template_is_noticed(check: Check, path: str, old: str, new: str, said: str) -> None:
    problems = check(broken(path, old, new))
    assert [problem for problem in problems if said in problem], problems


def test_every_check_was_seen_to_fail() -> None:
    assert {one[0] for one in BREAKS} == set(CHECKS)


def test_an_api_version_that_is_not_in_the_list_is_noticed() -> None:
    allowed = {row["type"]: row["version"] for row in load("api-versions.json")["versions"]}
    template = broken(HOST, "storageAccounts@2024-01-01", "storageAccounts@2019-06-01")
    assert api_versions(template, allowed) == [
        f"{HOST}: Microsoft.Storage/storageAccounts@2019-06-01 is not in api-versions.json"
    ]
