"""`docs/settings.md`, `local.settings.sample.json` and `SETTINGS` say the same, and one reader reads the environment."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from local.docs import PAGE, settings_page
from local.host.config import read_host_json
from shared.errors import ConfigurationError
from shared.settings import SETTINGS, Setting, read

ROOT = Path(__file__).parents[2]
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))
BY_NAME = {setting.name: setting for setting in SETTINGS}
NEEDED = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "DATA_STORAGE": "UseDevelopmentStorage=true",
    **{setting.name: "x" for setting in SETTINGS if setting.default is None},
}
HOST = {"functions/runtime.py", "shared/settings.py"}
"""Who may touch the environment: the reader, and the one that hands it over."""


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(environment)
    return caught.value.problems


def test_the_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text("utf-8") == settings_page(), "run: python -m local.docs"


def test_every_setting_has_one_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| .* \| .* \| .* \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [setting.name for setting in SETTINGS]
    assert len(set(rows)) == len(rows)


def test_the_sample_has_exactly_the_settings_that_have_a_sample() -> None:
    samples = {setting.name: setting.sample for setting in SETTINGS if setting.sample is not None}
    assert SAMPLE["Values"] == {"FUNCTIONS_WORKER_RUNTIME": "python", **samples}


def test_the_sample_can_be_read(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    settings = read(SAMPLE["Values"] | {"POSTRUM_CA_FILE": str(ca_file)})
    assert settings.graph_url == SAMPLE["Values"]["POSTRUM_GRAPH_URL"]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_default_is_what_holds_without_the_setting(setting: Setting) -> None:
    without = {name: value for name, value in NEEDED.items() if name != setting.name}
    if setting.default is None:
        assert [text for text in problems(without) if text.startswith(f"{setting.name} is missing")]
    elif setting.name in NEEDED:
        # One of two ways to say where an account is: without both, the text names both.
        assert [text for text in problems(without) if text.startswith(f"{setting.name} is missing: set it to")]
    else:
        assert read(without) == read(without | {setting.name: setting.default})


def test_every_problem_is_told_at_once() -> None:
    told = problems(
        {
            "AzureWebJobsStorage": "not a connection string",
            "DATA_STORAGE__blobServiceUri": "http://blob",
            "POSTRUM_APP_CLIENT_ID": "x",
            "POSTRUM_GRAPH_URL": "http://graph",
            "POSTRUM_CA_FILE": "/no/such/file",
            "POSTRUM_ALLOWED_NETWORKS": "10.0.0.0/8, nonsense",
            "POSTRUM_ALLOW_HTTP_WEBHOOKS": "perhaps",
            "POSTRUM_FUNCTION_SECONDS": "5",
            "POSTRUM_MAIL_LIMIT_MIB": "500",
        }
    )
    wrong = [
        "POSTRUM_CA_FILE",
        "AzureWebJobsStorage",
        "DATA_STORAGE",
        "DATA_STORAGE__blobServiceUri",
        "POSTRUM_TENANT_ID",
        "POSTRUM_GRAPH_URL",
        "POSTRUM_ALLOWED_NETWORKS",
        "POSTRUM_ALLOW_HTTP_WEBHOOKS",
        "POSTRUM_FUNCTION_SECONDS",
        "POSTRUM_MAIL_LIMIT_MIB",
        "POSTRUM_TICK_SCHEDULE",
    ]
    assert [text.partition(" ")[0] for text in told] == wrong


def test_the_problems_that_the_page_shows_are_the_real_ones() -> None:
    told = problems(
        {name: value for name, value in NEEDED.items() if name != "POSTRUM_TENANT_ID"}
        | {"POSTRUM_GRAPH_URL": "http://graph", "POSTRUM_MAIL_LIMIT_MIB": "500"}
    )
    shown = re.findall(r"^```\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)[0].splitlines()
    assert [*told, "docs/settings.md explains every setting."] == shown


def test_a_secret_in_a_setting_is_not_repeated_in_a_problem() -> None:
    told = problems(NEEDED | {"DATA_STORAGE": "AccountKey=c2VjcmV0"})
    assert "c2VjcmV0" not in " ".join(told)


def test_the_time_out_is_that_of_host_json() -> None:
    assert read_host_json(ROOT / "host.json").function_timeout == read(NEEDED).function_seconds


def test_every_setting_that_a_binding_names_is_known() -> None:
    named = {name for file in (ROOT / "functions").glob("*.py") for name in re.findall(r"%(\w+)%", file.read_text())}
    assert named
    assert named <= BY_NAME.keys()


def test_nobody_else_reads_the_environment() -> None:
    readers = {
        str(file.relative_to(ROOT))
        for folder in ("shared", "functions")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if _reads_environment(ast.parse(file.read_text("utf-8")))
    }
    assert readers <= HOST


def _reads_environment(tree: ast.Module) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {alias.name for alias in node.names}:
            return True
        if isinstance(node, ast.Attribute) and node.attr in names and isinstance(node.value, ast.Name):
            return True
    return False


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "from os import environ",
        "import os as o\no.getenv('A')",
        "from os import getenv as g",
    ],
)
def test_the_look_for_readers_finds_them(source: str) -> None:
    assert _reads_environment(ast.parse(source))
