"""The Bicep template, as far as that can be told without its compiler: every general check, and that code and template are in step."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable

import pytest

from shared.identity.scopes import GRAPH_MAIL, OUTLOOK_IMAP
from shared.identity.sign_in import CALLBACK as SIGN_IN
from shared.model.person import Role
from shared.model.task import Queue
from shared.settings import SETTINGS, read
from shared.stores.layout import CONTAINERS, TableName
from tests.infra.checks import CHECKS, api_versions
from tests.infra.repository import INFRA, ROOT, TEMPLATE, evaluate, load, produced, strings
from tests.infra.tree import Template, at, literal, named, properties, text, walk

MAIN = TEMPLATE.files["main.bicep"]
FUNCTION = TEMPLATE.files["app/function.bicep"]
PLATFORM = {"APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"}
"""Settings that the Functions host reads; every other one is read by shared/settings.py."""
FORBIDDEN_ON_FLEX = re.compile(
    r"FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_|AzureWebJobsStorage$|ENABLE_ORYX|SCM_"
)
AUDIT, PACKAGE = "audit", "app-package"
"""Containers that are in the template only: anchors of the audit log, and what azd deploys."""
LEAST = {
    "host": {"Storage Blob Data Owner", "Storage Queue Data Contributor", "Storage Table Data Contributor"},
    "data": {"Storage Blob Data Contributor", "Storage Table Data Contributor"},
    "vault": {"Key Vault Secrets Officer"},
    "insights": {"Monitoring Metrics Publisher"},
}
"""What the identity may hold, decided here a second time: a wider role has to change two places."""
APP_ROLES = {
    "Owner": "e83f66a8-9b58-5af7-b873-26e277301978",
    "Operator": "9f215913-2fff-5b2f-8967-f732052813c7",
}


def storage(name: str, kind: str) -> list[str]:
    file = TEMPLATE.files[f"app/storage-{name}.bicep"]
    prefix = f"Microsoft.Storage/storageAccounts/{kind}@"
    return [made for one in file.of("resource").values() if one.of.startswith(prefix) for made in produced(file, one)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_template_passes(check: Callable[[Template], list[str]]) -> None:
    assert check(TEMPLATE) == []


def test_there_is_something_to_check() -> None:
    assert len(TEMPLATE.files) > 12
    assert sum(len(file.of("resource")) for file in TEMPLATE.files.values()) > 40
    assert all(len(file.source.splitlines()) < 500 for file in TEMPLATE.files.values())


def test_every_module_is_deployed_by_main() -> None:
    modules = {one.of for one in MAIN.of("module").values()}
    with_resources = {path for path, file in TEMPLATE.files.items() if file.of("resource")} - {"main.bicep"}
    assert modules == with_resources


# -- in step with the code -----------------------------------------------------------------------------------------------------


def app_settings() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("platformSettings", "productSettings"):
        value = FUNCTION.of("variable")[name].value
        assert value is not None
        found |= {key: text(node) for key, node in properties(value).items()}
    network = FUNCTION.of("variable")["networkSettings"].value
    assert network is not None
    return found | {key: text(node) for key, node in properties(named(network)[-1]).items()}


def test_every_setting_of_the_template_is_read_and_every_setting_of_azure_is_set() -> None:
    assert set(app_settings()) - PLATFORM == {setting.name for setting in SETTINGS if setting.in_azure}
    app = at(FUNCTION.of("resource")["app"].value, "properties", "siteConfig", "appSettings")  # type: ignore[arg-type]
    assert app is not None
    assert "items(union(platformSettings, productSettings, networkSettings))" in text(app)


def test_no_setting_is_one_that_flex_consumption_refuses() -> None:
    assert [name for name in app_settings() if FORBIDDEN_ON_FLEX.search(name)] == []


def test_fixed_addresses_are_set_only_where_there_are_any() -> None:
    source = text(FUNCTION.of("variable")["networkSettings"].node)
    assert re.search(r"empty\(outboundAddresses\)\s*\?\s*\{\}\s*:", source)
    assert "outboundAddresses: virtualNetwork ? network!.outputs.address : ''" in MAIN.source


def test_fixed_settings_are_what_the_code_expects() -> None:
    settings = app_settings()
    assert settings["AzureWebJobsStorage__credential"] == "'managedidentity'"
    defaults = {setting.name: setting.default for setting in SETTINGS}
    for name in ("POSTRUM_GRAPH_URL", "POSTRUM_FUNCTION_SECONDS"):
        assert settings[name] == f"'{defaults[name]}'"


def test_the_app_starts_with_the_settings_of_the_template() -> None:
    """With the values that Azure gives, as far as they can be told here."""
    token = "abcdefghijklm"
    values = {
        "hostStorage.properties.primaryEndpoints.blob": f"https://sthost{token}.blob.core.windows.net/",
        "hostStorage.properties.primaryEndpoints.queue": f"https://sthost{token}.queue.core.windows.net/",
        "hostStorage.properties.primaryEndpoints.table": f"https://sthost{token}.table.core.windows.net/",
        "dataStorage.properties.primaryEndpoints.blob": f"https://stdata{token}.blob.core.windows.net/",
        "dataStorage.properties.primaryEndpoints.table": f"https://stdata{token}.table.core.windows.net/",
        "insights.properties.ConnectionString": "InstrumentationKey=0;IngestionEndpoint=https://x",
        "vault.properties.vaultUri": f"https://kv-{token}.vault.azure.net/",
        "environment().authentication.loginEndpoint": "https://login.microsoftonline.com/",
        "tenant().tenantId": str(uuid.UUID(int=1)),
        "identityClientId": str(uuid.UUID(int=2)),
        "appClientId": str(uuid.UUID(int=3)),
        "allowedNetworks": "",
        "probeMailbox": "",
        "publicUrl": "https://mailroom.example.com",
        "googleClientId": "1-a.apps.googleusercontent.com",
        "appCertificate": "app-certificate",
        "string(silentMinutes)": "90",
        "mailboxAccess": "tenantWide",
        "string(mailboxSignIn)": "True",
        "outboundAddresses": "203.0.113.7",
        "string(mailLimitMib)": "150",
        "tickSchedule": "0 * * * * *",
    }
    environment = {
        name: source.strip("'").replace("${identityClientId}", values["identityClientId"])
        if source[0] == "'"
        else values[source]
        for name, source in app_settings().items()
    }
    settings = read(environment)
    assert settings.authority == "https://login.microsoftonline.com"
    assert settings.host_storage.queue_uri == values["hostStorage.properties.primaryEndpoints.queue"]
    assert settings.outbound_addresses == ("203.0.113.7",)
    assert settings.public_url == "https://mailroom.example.com"
    assert settings.google_client_id == "1-a.apps.googleusercontent.com"
    assert settings.app_certificate == "app-certificate"
    assert settings.silent_minutes == 90


def test_minutes_of_silence_are_bounded_as_in_the_code() -> None:
    """What the template lets through, the app takes; what it stops, the app would refuse."""
    for file in (MAIN, FUNCTION):
        bounds = [file.of("parameter")["silentMinutes"].decorators[name] for name in ("minValue", "maxValue")]
        assert [text(node) for node in bounds if node is not None] == ["5", "10080"]
    default = MAIN.of("parameter")["silentMinutes"].value
    assert default is not None
    assert text(default) == {setting.name: setting.default for setting in SETTINGS}["POSTRUM_SILENT_MINUTES"]


def test_every_queue_of_the_code_is_created_with_its_poison_queue() -> None:
    assert sorted(storage("host", "queueServices/queues")) == sorted([*Queue, *(f"{queue}-poison" for queue in Queue)])


def test_every_table_of_the_code_is_created() -> None:
    assert sorted(storage("data", "tableServices/tables")) == sorted(TableName)


def test_every_container_of_the_code_is_created() -> None:
    assert sorted(storage("data", "blobServices/containers")) == sorted([*CONTAINERS, AUDIT])
    assert literal(MAIN.of("variable")["packageContainer"].value) == PACKAGE  # type: ignore[arg-type]
    assert text(FUNCTION.of("resource")["app"].node).count("primaryEndpoints.blob}${packageContainer}") == 1


def test_runtime_and_time_out_are_those_of_the_code() -> None:
    app = FUNCTION.of("resource")["app"].value
    assert app is not None
    version = at(app, "properties", "functionAppConfig", "runtime", "version")
    assert version is not None
    assert literal(version) == (ROOT / ".python-version").read_text().strip()
    assert json.loads((ROOT / "host.json").read_text())["functionTimeout"] == "00:10:00"


def test_the_lifecycle_rule_finds_the_mails() -> None:
    source = (ROOT / "shared" / "stores" / "archive.py").read_text("utf-8")
    assert 'return f"m/{company}/{message}/mail.eml"' in source
    assert "'archive/m/'" in TEMPLATE.files["app/storage-data.bicep"].source


# -- access --------------------------------------------------------------------------------------------------------------------


def test_the_roles_are_the_least() -> None:
    table = {key: value for key, value in load("roles.json").items() if key != "$comment"}
    held: dict[str, set[str]] = {}
    for role in table.values():
        held.setdefault(role["scope"], set()).add(role["name"])
        uuid.UUID(role["id"])
        assert len(role["why"]) > 20
    assert held == LEAST


def test_every_role_is_assigned_on_its_resource() -> None:
    file = TEMPLATE.files["app/roles.bicep"]
    scopes = {"host": "hostStorage", "data": "dataStorage", "vault": "vault", "insights": "insights"}
    table = load("roles.json")
    for key, role in table.items():
        if key == "$comment":
            continue
        lists = [
            one.name
            for one in file.of("variable").values()
            if one.value is not None and f"roles.{key}.id" in text(one.value)
        ]
        wanted = rf"for role in {lists[0]}" if lists and lists != ["roles"] else rf"roles\.{key}\.id"
        used_by = [one for one in file.of("resource").values() if re.search(wanted, text(one.node))]
        assert [literal_scope(one.value) for one in used_by] == [scopes[role["scope"]]], key


def literal_scope(node: object) -> str:
    return text(properties(node)["scope"])  # type: ignore[arg-type]


def test_one_role_has_one_id() -> None:
    ids = {(role["name"], role["id"]) for key, role in load("roles.json").items() if key != "$comment"}
    assert len({name for name, _ in ids}) == len(ids) == len({id_ for _, id_ in ids})


def test_what_the_settings_page_says_of_roles_is_assigned() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    rows = re.findall(r"^\| (host|data) \| (Storage [\w ]+) \|", page, re.MULTILINE)
    assert rows
    assert all(name in LEAST[account] for account, name in rows)


def test_ids_of_apps_and_roles_are_nowhere_else() -> None:
    known = {
        "00000003-0000-0000-c000-000000000000",  # Microsoft Graph
        "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",  # Azure CLI
        "652390e4-393a-48de-9484-05f9b1212954",  # IMAP.AccessAsUser.All
    }
    found = {
        one
        for file in TEMPLATE.files.values()
        for one in re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", file.source)
    }
    assert found == known


def test_app_roles_keep_their_ids() -> None:
    roles = load("entra/app-roles.json")
    assert [role["displayName"] for role in roles] == [
        "Owner",
        "Operator",
        "Rule author",
        "Auditor",
        "Reader",
        "Content reader",
    ]
    assert APP_ROLES.items() <= {role["value"]: role["id"] for role in roles}.items()
    assert len({role["id"] for role in roles}) == len(roles)
    assert all(
        role["allowedMemberTypes"] == ["User", "Application"] and role["isEnabled"] and " " not in role["value"]
        for role in roles
    )


def test_app_roles_are_those_of_the_code() -> None:
    assert {role["value"] for role in load("entra/app-roles.json")} == set(Role)


REGISTRATION = TEMPLATE.files["entra/registration.bicep"]


def of_registration(resource: str, *path: str) -> str:
    node = at(REGISTRATION.of("resource")[resource].value, *path)  # type: ignore[arg-type]
    assert node is not None, path
    return re.sub(r"\s+", " ", text(node))


def test_entra_sends_people_back_to_addresses_that_the_app_has() -> None:
    callbacks = strings(REGISTRATION, "callbacks")
    assert SIGN_IN in callbacks
    product = "".join(path.read_text("utf-8") for path in (ROOT / "shared").rglob("*.py"))
    assert sorted(callbacks) == sorted(set(re.findall(r"/[a-z-]+/callback\b", product)))
    addresses = REGISTRATION.of("variable")["addresses"].value
    assert addresses is not None
    assert text(addresses) == "union(['https://${hostName}'], empty(publicUrl) ? [] : [publicUrl])"
    redirects = of_registration("application", "web", "redirectUris")
    assert redirects == "flatten(map(addresses, address => map(callbacks, path => '${address}${path}')))"


def test_the_api_has_the_name_that_the_command_asks_for() -> None:
    assert of_registration("exposed", "identifierUris") == "[ 'api://${application.appId}' ]"
    for resource in ("application", "exposed"):
        assert of_registration(resource, "api", "requestedAccessTokenVersion") == "2"
        assert of_registration(resource, "api", "oauth2PermissionScopes") == "apiScopes"
        assert of_registration(resource, "uniqueName") == "uniqueName"
    allowed = of_registration("exposed", "api", "preAuthorizedApplications")
    assert "appId: azureCliAppId delegatedPermissionIds: map(apiScopes, scope => scope.id)" in allowed
    [scope] = load("entra/api-scopes.json")
    assert (scope["value"], scope["type"], scope["isEnabled"]) == ("access_as_user", "User", True)
    assert scope["id"] == "2dd1a540-674d-51bc-9fc4-db6a978321a4"


def test_a_registration_names_itself_only_the_second_time() -> None:
    """And what comes after waits for that: two changes of one object at a time are refused."""
    assert "application." not in text(REGISTRATION.of("resource")["application"].node).partition("= {")[2]
    for resource in ("trust", "servicePrincipal"):
        assert "exposed." in text(REGISTRATION.of("resource")[resource].node)


def test_the_audience_is_one_tenant_unless_others_were_asked_for() -> None:
    assert of_registration("application", "signInAudience") == "multiTenant ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'"
    assert text(MAIN.of("parameter")["multiTenant"].value) == "false"  # type: ignore[arg-type]


def test_accounts_are_let_in_only_where_they_may_sign_in_for_a_mailbox() -> None:
    assert of_registration("servicePrincipal", "appRoleAssignmentRequired") == "!mailboxSignIn"
    delegated = REGISTRATION.of("variable")["delegatedPermissions"].value
    assert delegated is not None
    assert GRAPH_MAIL == "https://graph.microsoft.com/Mail.ReadWrite.Shared"
    assert OUTLOOK_IMAP.rpartition("/")[2] in REGISTRATION.of("variable")["imapScopeId"].description
    assert re.sub(r"\s+", " ", text(delegated)) == (
        "mailboxSignIn ? ['openid', 'profile', 'offline_access', 'Mail.ReadWrite.Shared'] : ['openid', 'profile']"
    )
    access = of_registration("application", "requiredResourceAccess")
    assert access == "mailboxSignIn ? concat(graphAccess, imapAccess) : graphAccess"


def test_nothing_is_granted_in_the_name_of_people() -> None:
    """Delegated permissions are declared; a grant for all accounts would be a resource of its own."""
    kinds = {one.of.partition("@")[0] for file in TEMPLATE.files.values() for one in file.of("resource").values()}
    assert "Microsoft.Graph/applications" in kinds
    assert "Microsoft.Graph/oauth2PermissionGrants" not in kinds


def test_who_deploys_becomes_owner() -> None:
    owner = TEMPLATE.files["entra/owner.bicep"]
    given = {name: text(node) for name, node in properties(owner.of("resource")["owner"].value).items()}  # type: ignore[arg-type]
    assert given == {"appRoleId": "ownerRole", "principalId": "ownerId", "resourceId": "servicePrincipalId"}
    assert "role => role.value == 'Owner'" in owner.source
    module = MAIN.of("module")["owner"]
    assert module.condition is not None
    assert text(module.condition) == "(directoryAccess && principalType == 'User' && !empty(principalId))"


def test_the_product_signs_people_in_and_not_the_platform() -> None:
    """Sign-in of the platform would answer Graph's notifications with a redirect, and invites trust in headers."""
    for file in TEMPLATE.files.values():
        assert "authsettings" not in file.source.lower(), file.path
    levels = {
        path.name: re.findall(r"AuthLevel\.(\w+)", path.read_text("utf-8"))
        for path in (ROOT / "functions").glob("*.py")
    }
    assert levels["console.py"] == ["ANONYMOUS"]
    assert {level for found in levels.values() for level in found} == {"ANONYMOUS"}


def test_mail_permissions_are_asked_for_only_where_the_whole_tenant_was_chosen() -> None:
    assert text(REGISTRATION.of("variable")["mailPermissions"].node).startswith(
        "var mailPermissions = mailboxAccess == 'tenantWide'"
    )
    condition = MAIN.of("module")["mailPermission"].condition
    assert condition is not None
    assert text(condition) == "(directoryAccess && mailboxAccess == 'tenantWide')"
    assert literal(MAIN.of("parameter")["mailboxAccess"].value) == "scoped"  # type: ignore[arg-type]


def test_without_rights_in_entra_nothing_of_entra_is_deployed() -> None:
    entra = [one for one in MAIN.of("module").values() if one.of.startswith("entra/")]
    assert len(entra) == 4
    assert all(one.condition is not None and text(one.condition).startswith("(directoryAccess") for one in entra)
    extension = [
        path for path, file in TEMPLATE.files.items() if re.search(r"(?m)^extension microsoftGraphV1$", file.source)
    ]
    assert sorted(extension) == sorted(one.of for one in entra)


def test_the_extension_is_the_one_of_the_configuration() -> None:
    extensions = json.loads((ROOT / "bicepconfig.json").read_text("utf-8"))["extensions"]
    assert extensions == {"microsoftGraphV1": "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"}


# -- how things are locked -------------------------------------------------------------------------------------------------------

LOCKED = {
    "Microsoft.Storage/storageAccounts": {
        "allowSharedKeyAccess": "false",
        "allowBlobPublicAccess": "false",
        "allowCrossTenantReplication": "false",
        "minimumTlsVersion": "'TLS1_2'",
        "supportsHttpsTrafficOnly": "true",
        "publicNetworkAccess": "isPrivate ? 'Disabled' : 'Enabled'",
    },
    "Microsoft.Storage/storageAccounts/blobServices": {"isVersioningEnabled": "false"},
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"publicAccess": "'None'"},
    "Microsoft.KeyVault/vaults": {"enableRbacAuthorization": "true", "enableSoftDelete": "true"},
    "Microsoft.Insights/components": {"DisableLocalAuth": "true"},
    "Microsoft.Web/sites": {"httpsOnly": "true"},
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": "false"},
}


@pytest.mark.parametrize("kind", LOCKED)
def test_what_is_open_by_default_is_closed(kind: str) -> None:
    made = TEMPLATE.resources(kind)
    assert made
    for file, one in made:
        assert one.value is not None
        inside = properties(properties(one.value)["properties"])
        assert {key: text(inside[key]) for key in LOCKED[kind] if key in inside} == LOCKED[kind], (
            f"{file.path} {one.name}"
        )


def test_deleted_blobs_can_be_restored_for_seven_days() -> None:
    for file, one in TEMPLATE.resources("Microsoft.Storage/storageAccounts/blobServices"):
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            days = at(one.value, "properties", policy, "days")  # type: ignore[arg-type]
            assert days is not None, file.path
            assert text(days) == "7"


def test_erasure_and_an_archive_that_nobody_can_delete_exclude_each_other() -> None:
    guard = MAIN.of("variable")["immutabilityDays"]
    source = re.sub(r"\s+", " ", text(guard.node))
    assert source.startswith("var immutabilityDays = archiveImmutabilityDays > 0 && allowErasure ? fail('")
    given = at(MAIN.of("module")["dataStorage"].value, "params", "immutabilityDays")  # type: ignore[arg-type]
    assert given is not None
    assert text(given) == "immutabilityDays"


# -- versions, names -------------------------------------------------------------------------------------------------------------


def test_api_versions_are_those_of_the_list() -> None:
    rows = load("api-versions.json")["versions"]
    allowed = {row["type"]: row["version"] for row in rows}
    assert len(allowed) == len(rows)
    assert api_versions(TEMPLATE, allowed) == []
    assert set(allowed) == {
        one.of.partition("@")[0] for file in TEMPLATE.files.values() for one in file.of("resource").values()
    }
    for row in rows:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["read"])
        assert len(row["source"]) > 20


RULES = {
    ("hostStorage", "name"): r"[a-z0-9]{3,24}",
    ("dataStorage", "name"): r"[a-z0-9]{3,24}",
    ("vault", "name"): r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    ("app", "name"): r"[a-zA-Z0-9][a-zA-Z0-9-]{0,30}[a-zA-Z0-9]",  # 32: the host id is cut there
    ("app", "planName"): r"[a-zA-Z0-9-]{1,40}",
    ("app", "packageContainer"): r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
    ("identity", "name"): r"[a-zA-Z0-9][\w-]{2,127}",
    ("monitoring", "workspaceName"): r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    ("monitoring", "insightsName"): r"[\w.()-]{1,259}[\w()-]",
    ("network", "name"): r"[a-zA-Z0-9][\w.-]{0,62}\w",
    ("network", "gatewayName"): r"[a-zA-Z0-9][\w.-]{0,78}\w",
    ("network", "addressName"): r"[a-zA-Z0-9][\w.-]{0,78}\w",
    ("alerts", "actionGroupName"): r"[\w-]{1,260}",
    ("alerts", "budgetName"): r"[\w-]{1,63}",
    ("registration", "uniqueName"): r"[a-z0-9-]{3,100}",
    ("registration", "displayName"): r".{3,120}",
    ("registration", "hostName"): r"[a-z0-9-]{1,63}\.azurewebsites\.net",
    ("workbook", "title"): r".{1,100}",
}
"""https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"""


@pytest.mark.parametrize(("module", "parameter"), RULES)
def test_names_keep_the_rules_of_azure(module: str, parameter: str) -> None:
    known = {f"abbreviations.{key}": value for key, value in load("abbreviations.json").items()}
    known |= {"token": "a1b2c3d4e5f6g", "environmentName": "e" * 60}
    node = at(MAIN.of("module")[module].value, "params", parameter)  # type: ignore[arg-type]
    assert node is not None
    assert re.fullmatch(RULES[module, parameter], evaluate(MAIN, node, known))


def test_every_name_that_main_makes_has_a_rule() -> None:
    made = {
        (module.name, key)
        for module in MAIN.of("module").values()
        for key, node in properties(properties(module.value)["params"]).items()  # type: ignore[arg-type]
        if any(text(child) in ("token", "functionAppName") for child in walk(node))
    }
    assert made <= set(RULES)


def test_every_abbreviation_is_used() -> None:
    used = set(re.findall(r"\{abbreviations\.(\w+)\}", MAIN.source))
    assert used == set(load("abbreviations.json"))


def test_tags_are_those_that_azd_looks_for() -> None:
    assert "'azd-env-name': environmentName" in MAIN.source
    assert [file.path for file in TEMPLATE.files.values() if "'azd-service-name': 'app'" in file.source] == [
        "app/function.bicep"
    ]
    for file in TEMPLATE.files.values():
        for one in file.of("resource").values():
            if "tags" in file.of("parameter") and one.value is not None and "location" in properties(one.value):
                assert "tags" in properties(one.value), f"{file.path} {one.name}"


def test_queues_are_loops_over_one_list() -> None:
    assert strings(TEMPLATE.files["app/storage-host.bicep"], "queues") == [queue.value for queue in Queue]


def test_json_files_are_json() -> None:
    files = [*INFRA.rglob("*.json"), ROOT / "bicepconfig.json"]
    assert len(files) > 5
    for file in files:
        json.loads(file.read_text("utf-8"))
