"""The shell scripts: linted, and run against stand-ins of `az` and `azd` that write down what they were asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.repository import INFRA, TEMPLATE, load, strings
from tests.infra.tree import File, at, literal

SCRIPTS = sorted(INFRA.rglob("*.sh"))
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
HOOK = {
    "AZURE_ENV_NAME": "demo",
    "AZURE_LOCATION": "westeurope",
    "AZURE_TENANT_ID": "tenant-1",
    "AZURE_PRINCIPAL_ID": "person-1",
    "POSTRUM_URL": "https://func-postrum-abc.azurewebsites.net",
    "POSTRUM_UNIQUE_NAME": "postrum-abc",
    "POSTRUM_IDENTITY_PRINCIPAL_ID": "1ca5ae2b-3a7c-4f0e-9d43-d9b9cf4f0a01",
    "POSTRUM_APP_CLIENT_ID": "876b6e15-6d20-5e54-8959-927c82e86431",
    "POSTRUM_SERVICE_PRINCIPAL_ID": "603440c3-3848-58e2-9fdc-deb088f3b5d0",
    "POSTRUM_BUDGET_START": "2026-11-01",
}

FAKE = """#!{python} -IS
import json, os, sys
call = sys.argv[1:]
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps([os.path.basename(sys.argv[0]), *call]) + "\\n")
answers = json.loads(os.environ["FAKE_ANSWERS"])
for pattern, (code, answer) in answers.items():
    if all(part in " ".join(call) for part in pattern.split("&")):
        print(answer)
        sys.exit(code)
"""


class Commands:
    """A folder with stand-ins. `answers`: parts of a call, joined by & → exit status and output; the first that fits counts."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.log = folder / "calls.jsonl"
        self.log.touch()
        for name in names:
            fake = self.folder / name
            fake.write_text(FAKE.format(python=sys.executable))
            fake.chmod(0o755)
        for name in ("sh", "sed", "cat", "dirname", "tr", "grep", "date"):
            found = shutil.which(name)
            assert found
            (self.folder / name).symlink_to(found)

    def run(
        self, script: str, *arguments: str, answers: dict[str, tuple[int, str]] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        known = {"PATH": str(self.folder), "FAKE_LOG": str(self.log), "FAKE_ANSWERS": json.dumps(answers or {})}
        return subprocess.run(
            [str(self.folder / "sh"), str(INFRA / script), *arguments],
            env=known | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path, "az", "azd")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    done = subprocess.run([SHELLCHECK, "--norc", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_shellcheck_would_find_something(tmp_path: Path) -> None:
    bad = tmp_path / "bad.sh"
    bad.write_text("#!/bin/sh\necho $undefined_thing\n")
    assert subprocess.run([SHELLCHECK, "--norc", bad], capture_output=True, timeout=60, check=False).returncode == 1


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_can_be_run_and_stop_at_errors(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert "\nset -eu\n" in script.read_text("utf-8")


# -- before provisioning ---------------------------------------------------------------------------------------------------------

REGIONS = {"list-flexconsumption-locations": (0, "eastus\nwesteurope")}


def test_all_is_well(commands: Commands) -> None:
    done = commands.run("hooks/preprovision.sh", answers=REGIONS, **HOOK)
    assert done.returncode == 0, done.stderr
    assert "No secret is created" in done.stdout
    assert not [call for call in commands.calls if "set" in call]


@pytest.mark.parametrize(
    ("environment", "answers", "said"),
    [
        ({}, {"auth login": (1, "")}, "azd is not signed in"),
        ({"AZURE_ENV_NAME": ""}, {}, "environment name ''"),
        ({"AZURE_ENV_NAME": "my env"}, {}, "environment name 'my env'"),
        ({"AZURE_ENV_NAME": "-x"}, {}, "environment name '-x'"),
        ({"AZURE_ENV_NAME": "e" * 61}, {}, "more than 60"),
        ({"AZURE_LOCATION": "westindia"}, REGIONS, "'westindia' does not offer Flex Consumption"),
        ({"POSTRUM_ARCHIVE_IMMUTABILITY_DAYS": "30"}, {}, "excludes erasure"),
        ({"POSTRUM_VIRTUAL_NETWORK": "true"}, REGIONS | {"provider show": (0, "NotRegistered")}, "Microsoft.App"),
        ({"POSTRUM_PUBLIC_URL": "http://mailroom.example.com"}, REGIONS, "does not begin with https://"),
        ({"POSTRUM_PUBLIC_URL": "https://mailroom.example.com/"}, REGIONS, "more than a host name"),
        ({"POSTRUM_PUBLIC_URL": "https://"}, REGIONS, "more than a host name"),
    ],
)
def test_what_would_fail_half_way_is_told_before(
    commands: Commands, environment: dict[str, str], answers: dict[str, tuple[int, str]], said: str
) -> None:
    done = commands.run("hooks/preprovision.sh", answers=answers, **(HOOK | environment))
    assert done.returncode == 1
    assert said in done.stderr
    assert "What to do: az" in done.stderr


@pytest.mark.parametrize(
    ("environment", "answers"),
    [
        ({"AZURE_LOCATION": ""}, REGIONS),
        ({"POSTRUM_PUBLIC_URL": "https://mailroom.example.com"}, REGIONS),
        ({}, {"list-flexconsumption-locations": (1, "")}),
        ({}, {"account show": (1, "")}),
        ({"POSTRUM_ARCHIVE_IMMUTABILITY_DAYS": "30", "POSTRUM_ALLOW_ERASURE": "false"}, REGIONS),
        ({"POSTRUM_VIRTUAL_NETWORK": "true"}, REGIONS | {"provider show": (0, "Registered")}),
    ],
)
def test_what_cannot_be_known_does_not_stop_it(
    commands: Commands, environment: dict[str, str], answers: dict[str, tuple[int, str]]
) -> None:
    done = commands.run("hooks/preprovision.sh", answers=answers, **(HOOK | environment))
    assert done.returncode == 0, done.stderr


def test_it_works_without_the_azure_cli(tmp_path: Path) -> None:
    done = Commands(tmp_path, "azd").run("hooks/preprovision.sh", **HOOK)
    assert done.returncode == 0, done.stderr
    assert "the region is not checked" in done.stdout


def test_the_start_of_the_budget_is_set_once(commands: Commands) -> None:
    commands.run(
        "hooks/preprovision.sh", answers=REGIONS, **{key: value for key, value in HOOK.items() if "BUDGET" not in key}
    )
    [call] = [call for call in commands.calls if "set" in call]
    assert call[:4] == ["azd", "env", "set", "POSTRUM_BUDGET_START"]
    assert call[4].endswith("-01")


# -- after provisioning ----------------------------------------------------------------------------------------------------------


def test_the_exchange_command_has_the_real_ids(commands: Commands) -> None:
    done = commands.run("hooks/postprovision.sh", **HOOK, POSTRUM_MAILBOX_ACCESS="scoped")
    assert done.returncode == 0, done.stderr
    wanted = f"Set-PostrumMailboxAccess.ps1 -AppId {HOOK['POSTRUM_APP_CLIENT_ID']}"
    assert f"{wanted} -ServicePrincipalObjectId {HOOK['POSTRUM_SERVICE_PRINCIPAL_ID']}" in done.stdout
    assert "-ForImap" not in done.stdout
    assert "EVERY" not in done.stdout
    assert "Calls to subscribers" not in done.stdout
    assert commands.calls == []


def test_for_imap_the_command_says_so(commands: Commands) -> None:
    assert "-ForImap" in commands.run("hooks/postprovision.sh", **HOOK, POSTRUM_IMAP_ACCESS="true").stdout


def test_access_to_the_whole_tenant_is_said_aloud(commands: Commands) -> None:
    done = commands.run("hooks/postprovision.sh", **HOOK, POSTRUM_MAILBOX_ACCESS="tenantWide")
    assert "opens EVERY mailbox of the tenant" in done.stdout
    assert "Set-PostrumMailboxAccess" not in done.stdout


def test_fixed_addresses_are_shown_where_there_are_any(commands: Commands) -> None:
    done = commands.run("hooks/postprovision.sh", **HOOK, OUTBOUND_ADDRESSES="203.0.113.7")
    assert "Calls to subscribers come from 203.0.113.7" in done.stdout


def test_without_rights_in_entra_one_command_is_printed_that_works(commands: Commands) -> None:
    environment = HOOK | {
        "POSTRUM_APP_CLIENT_ID": "",
        "POSTRUM_MAILBOX_ACCESS": "tenantWide",
        "POSTRUM_MULTI_TENANT": "true",
    }
    done = commands.run("hooks/postprovision.sh", **environment)
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if "infra/entra/register.sh --" in line]
    arguments = line.strip().replace('"', "").split(" ")[1:]
    assert {"--tenant-wide", "--multi-tenant", "--owner"} <= set(arguments)
    assert "--send" not in arguments


def test_what_was_chosen_for_sign_in_is_handed_on_to_that_command(commands: Commands) -> None:
    chosen = {"POSTRUM_MAILBOX_SIGN_IN": "false", "POSTRUM_PUBLIC_URL": "https://mailroom.example.com"}
    done = commands.run("hooks/postprovision.sh", **(HOOK | chosen | {"POSTRUM_APP_CLIENT_ID": ""}))
    assert done.returncode == 0, done.stderr
    assert "--no-mailbox-sign-in --public-url https://mailroom.example.com" in done.stdout
    assert "Its address will be https://mailroom.example.com" in done.stdout


@pytest.mark.parametrize(
    ("environment", "console"),
    [
        ({}, HOOK["POSTRUM_URL"]),
        ({"POSTRUM_PUBLIC_URL": ""}, HOOK["POSTRUM_URL"]),
        ({"POSTRUM_PUBLIC_URL": "https://mailroom.example.com"}, "https://mailroom.example.com"),
    ],
)
def test_after_a_deployment_the_console_is_the_last_line(
    commands: Commands, environment: dict[str, str], console: str
) -> None:
    done = commands.run("hooks/postdeploy.sh", **(HOOK | environment))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"Console: {console}/"
    assert f"postrum doctor --url {console}\n" in done.stdout
    assert "--key" not in done.stdout
    assert commands.calls == []


def test_a_pipeline_is_told_that_it_is_no_owner(commands: Commands) -> None:
    assert "as its Owner" in commands.run("hooks/postdeploy.sh", **HOOK).stdout
    told = commands.run("hooks/postdeploy.sh", **HOOK, AZURE_PRINCIPAL_TYPE="ServicePrincipal").stdout
    assert "give a person the role Owner" in told
    assert "as its Owner" not in told


# -- the registration without Bicep ----------------------------------------------------------------------------------------------

REGISTER = (
    "--unique-name", "postrum-abc", "--url", "https://app.example/", "--identity", HOOK["POSTRUM_IDENTITY_PRINCIPAL_ID"],
    "--name", "Postrum (demo)",
)  # fmt: skip
ANSWERS: dict[str, tuple[int, str]] = {
    "account show": (0, "tenant-1"),
    "value=='openid'": (0, "scope-openid"),
    "value=='profile'": (0, "scope-profile"),
    "value=='offline_access'": (0, "scope-offline"),
    "value=='Mail.ReadWrite.Shared'": (0, "scope-shared"),
    "value=='Mail.ReadWrite'": (0, "role-read"),
    "value=='Mail.Send'": (0, "role-send"),
    "value=='IMAP.AccessAsApp'": (0, "role-imap"),
    "value=='Owner'": (0, "role-owner"),
    "00000003-0000-0000-c000-000000000000&--query id": (0, "graph-principal"),
    "00000002-0000-0ff1-ce00-000000000000&--query id": (0, "exchange-principal"),
    "appRoleAssignments&get": (0, ""),
    "applications(uniqueName='postrum-abc') --query appId": (0, "client-1"),
    "client-1&--query id": (0, "principal-1"),
}


def bodies(commands: Commands, method: str) -> dict[str, Any]:
    """Path → body of what was sent to Microsoft Graph; a second one to the same path sets what it names, as there."""
    found: dict[str, Any] = {}
    for call in commands.calls:
        if method in call and "--body" in call:
            path = call[call.index("--url") + 1].removeprefix("https://graph.microsoft.com/v1.0/")
            body = json.loads(call[call.index("--body") + 1])
            key = f"{path} {body['appRoleId']}" if "appRoleId" in body else path
            found[key] = found.get(key, {}) | body
    return found


def variable(file: File, name: str) -> str:
    value = file.of("variable")[name].value
    assert value is not None
    return literal(value) or ""


def test_the_script_registers_what_the_template_registers(commands: Commands) -> None:
    done = commands.run("entra/register.sh", *REGISTER, answers=ANSWERS)
    assert done.returncode == 0, done.stderr
    sent = bodies(commands, "patch")
    file = TEMPLATE.files["entra/registration.bicep"]
    application = file.of("resource")["application"].value
    assert application is not None
    sets = sent["applications(uniqueName='postrum-abc')"]
    assert sets["signInAudience"] == "AzureADMyOrg"
    assert sets["appRoles"] == load("entra/app-roles.json")
    assert sets["web"]["redirectUris"] == [f"https://app.example{path}" for path in strings(file, "callbacks")]
    assert sets["web"]["homePageUrl"] == "https://app.example/"
    [graph, exchange] = sets["requiredResourceAccess"]
    assert [one["id"] for one in graph["resourceAccess"]] == [
        "scope-openid", "scope-profile", "scope-offline", "scope-shared",
    ]  # fmt: skip
    assert {one["type"] for one in graph["resourceAccess"]} == {"Scope"}
    assert exchange == {
        "resourceAppId": variable(file, "exchangeAppId"),
        "resourceAccess": [{"id": variable(file, "imapScopeId"), "type": "Scope"}],
    }
    assert sets["identifierUris"] == ["api://client-1"]
    [scope] = load("entra/api-scopes.json")
    assert sets["api"] == {
        "requestedAccessTokenVersion": 2,
        "oauth2PermissionScopes": [scope],
        "preAuthorizedApplications": [
            {"appId": variable(file, "azureCliAppId"), "delegatedPermissionIds": [scope["id"]]}
        ],
    }
    trust = sent["applications(uniqueName='postrum-abc')/federatedIdentityCredentials(name='managed-identity')"]
    declared = file.of("resource")["trust"].value
    assert declared is not None
    description = at(declared, "description")
    assert description is not None
    assert trust == {
        "description": literal(description),
        "issuer": "https://login.microsoftonline.com/tenant-1/v2.0",
        "subject": HOOK["POSTRUM_IDENTITY_PRINCIPAL_ID"],
        "audiences": ["api://AzureADTokenExchange"],
    }
    assert sent["servicePrincipals(appId='client-1')"] == {"appRoleAssignmentRequired": False}
    assert bodies(commands, "post") == {}
    assert "azd env set POSTRUM_APP_CLIENT_ID client-1" in done.stdout
    assert "azd env set POSTRUM_SERVICE_PRINCIPAL_ID principal-1" in done.stdout


def test_without_sign_in_for_mailboxes_no_permission_on_mail_is_named(commands: Commands) -> None:
    done = commands.run("entra/register.sh", *REGISTER, "--no-mailbox-sign-in", answers=ANSWERS)
    assert done.returncode == 0, done.stderr
    sent = bodies(commands, "patch")
    [graph] = sent["applications(uniqueName='postrum-abc')"]["requiredResourceAccess"]
    assert [one["id"] for one in graph["resourceAccess"]] == ["scope-openid", "scope-profile"]
    assert sent["servicePrincipals(appId='client-1')"] == {"appRoleAssignmentRequired": True}


@pytest.mark.parametrize("given", ["https://mailroom.example.com", "https://mailroom.example.com/"])
def test_an_address_of_its_own_is_registered_beside_that_of_azure(commands: Commands, given: str) -> None:
    done = commands.run("entra/register.sh", *REGISTER, "--public-url", given, answers=ANSWERS)
    assert done.returncode == 0, done.stderr
    web = bodies(commands, "patch")["applications(uniqueName='postrum-abc')"]["web"]
    paths = strings(TEMPLATE.files["entra/registration.bicep"], "callbacks")
    hosts = ("https://app.example", "https://mailroom.example.com")
    assert web["redirectUris"] == [f"{host}{path}" for host in hosts for path in paths]
    assert web["homePageUrl"] == "https://mailroom.example.com/"


def test_the_same_address_twice_is_registered_once(commands: Commands) -> None:
    commands.run("entra/register.sh", *REGISTER, "--public-url", "https://app.example", answers=ANSWERS)
    web = bodies(commands, "patch")["applications(uniqueName='postrum-abc')"]["web"]
    assert len(web["redirectUris"]) == len(set(web["redirectUris"])) == 3


def test_everything_is_an_upsert(commands: Commands) -> None:
    commands.run("entra/register.sh", *REGISTER, answers=ANSWERS)
    patches = [call for call in commands.calls if "patch" in call]
    assert len(patches) == 4
    assert all("Prefer=create-if-missing" in call for call in patches)


def test_the_script_assigns_what_was_asked_for(commands: Commands) -> None:
    options = ("--tenant-wide", "--send", "--imap", "--multi-tenant", "--owner", "1ca5ae2b-3a7c-4f0e-9d43-d9b9cf4f0a02")
    done = commands.run("entra/register.sh", *REGISTER, *options, answers=ANSWERS)
    assert done.returncode == 0, done.stderr
    sets = bodies(commands, "patch")["applications(uniqueName='postrum-abc')"]
    assert sets["signInAudience"] == "AzureADMultipleOrgs"
    roles = [one["id"] for one in sets["requiredResourceAccess"][0]["resourceAccess"] if one["type"] == "Role"]
    assert roles == ["role-read", "role-send"]
    assigned = {
        (body["principalId"], body["resourceId"], body["appRoleId"]) for body in bodies(commands, "post").values()
    }
    assert assigned == {
        ("principal-1", "graph-principal", "role-read"),
        ("principal-1", "graph-principal", "role-send"),
        ("principal-1", "exchange-principal", "role-imap"),
        ("1ca5ae2b-3a7c-4f0e-9d43-d9b9cf4f0a02", "principal-1", "role-owner"),
    }


def test_what_is_assigned_already_is_left_alone(commands: Commands) -> None:
    answers = {"appRoleAssignments&get": (0, "assignment-1")} | {
        key: value for key, value in ANSWERS.items() if "appRoleAssignments" not in key
    }
    done = commands.run("entra/register.sh", *REGISTER, "--tenant-wide", answers=answers)
    assert done.returncode == 0, done.stderr
    assert bodies(commands, "post") == {}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        REGISTER[:4],
        (*REGISTER[:2], "--url", "http://app.example", *REGISTER[4:]),
        (*REGISTER[:2], "--url", 'https://app.example", "x', *REGISTER[4:]),
        (*REGISTER, "--public-url", "http://app.example"),
        (*REGISTER, "--public-url", 'https://a"b'),
        (*REGISTER, "--owner"),
        (*REGISTER, "--owner", "x'y"),
        (*REGISTER, "--name", 'a"b'),
        (*REGISTER, "--everything"),
    ],
)
def test_wrong_arguments_change_nothing(commands: Commands, arguments: tuple[str, ...]) -> None:
    done = commands.run("entra/register.sh", *arguments, answers=ANSWERS)
    assert done.returncode == 2
    assert "--unique-name NAME" in done.stderr
    assert commands.calls == []


def test_a_permission_that_is_not_there_stops_the_script_before_anything_is_changed(commands: Commands) -> None:
    done = commands.run(
        "entra/register.sh", *REGISTER, "--tenant-wide", answers=ANSWERS | {"value=='Mail.ReadWrite'": (0, "None")}
    )
    assert done.returncode == 1
    assert "the permission Mail.ReadWrite was not found" in done.stderr
    assert bodies(commands, "patch") == {}


def test_a_refusal_stops_the_script(commands: Commands) -> None:
    done = commands.run("entra/register.sh", *REGISTER, answers={"patch": (1, "")} | ANSWERS)
    assert done.returncode == 1
    assert "azd env set" not in done.stdout
