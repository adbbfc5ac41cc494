"""Every link and every path that the pages name exists; every command too."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli.main import COMMANDS
from emulator.control import OPERATIONS
from local.host.config import _KEYS
from local.sample_mailbox import sample_mails
from shared.actions.base import StoreAction
from shared.classify.check import validate_rule
from shared.model.config import ActionStep, Company, Rule
from shared.model.config import Test as Comparison

ROOT = Path(__file__).parents[2]
PLACES = ("", "docs", "docs/connect", "docs/extending", "emulator", "local", "bench", "tests")
PAGES = sorted(page for place in PLACES for page in (ROOT / place).glob("*.md"))
IMAGES = sorted((ROOT / "docs" / "images").glob("*.svg"))
FOLDERS = ("shared", "functions", "cli", "emulator", "local", "tests", "docs", "bench")
NOT_IN_GIT = {"bench/results.json", "shared/actions/label.py"}
"""Written by `make bench`; and the example of docs/extending/action.md."""
SVG = "{http://www.w3.org/2000/svg}"


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", without_code(page.read_text("utf-8")))
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    dead: list[str] = []
    for link in links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        exists = target.exists() and target.is_relative_to(ROOT)
        if not exists or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_path_exists(page: Path) -> None:
    named = re.findall(r"`([\w./-]+)`", page.read_text("utf-8"))
    paths = {name for name in named if name.startswith(tuple(f"{folder}/" for folder in FOLDERS))}
    assert [path for path in sorted(paths - NOT_IN_GIT) if not (ROOT / path).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        found = [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link]
        waiting += [target for target in found if target.suffix == ".md" and target.exists()]
    assert [shown(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_command_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shell = r"(?:`|^(?:\$ )?)"
    made = {name for line in re.findall(rf"{shell}make ((?:[a-z]+ ?)+)", text, re.MULTILINE) for name in line.split()}
    assert made <= targets
    called = set(re.findall(rf"{shell}(?:\.venv/bin/)?postrum ([a-z]+)", text, re.MULTILINE))
    assert called <= COMMANDS.keys()


def development() -> str:
    return (ROOT / "docs" / "development.md").read_text("utf-8")


def test_development_lists_every_command_of_make() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"^\| `make (\w+)` \|", development(), re.MULTILINE)) == set(targets)


def test_development_lists_every_key_of_host_json_that_the_host_honours() -> None:
    section = development().partition("## The development host")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)) == set(_KEYS)


def test_development_names_operations_of_the_emulator_that_exist() -> None:
    section = development().partition("## The emulator")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .* \| ((?:`\w+`(?:, )?)+) \|$", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named
    assert named <= OPERATIONS.keys()


def test_the_examples_of_the_control_plane_are_good_calls() -> None:
    calls = re.findall(r"^\$ (curl .*/_emulator/(\w+) -d .*)$", development(), re.MULTILINE)
    assert len(calls) == 3
    for line, operation in calls:
        arguments = json.loads(shlex.split(line)[-1])
        inspect.signature(OPERATIONS[operation]).bind(None, **arguments)


def test_the_pages_count_the_sample_mails_right() -> None:
    count = len(sample_mails())
    for name in ("README.md", "CHANGELOG.md", "docs/development.md"):
        found = re.findall(r"(\d+) (?:sample )?mails", (ROOT / name).read_text("utf-8"))
        assert set(found) == {str(count)}, name


def test_the_readme_has_the_order_of_the_gallery() -> None:
    wanted = ["Important Security Notice", "Features", "Getting Started", "Guidance", "Resources"]
    headings = re.findall(r"^## (.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert [heading for heading in headings if heading in wanted] == wanted


def test_there_are_pictures_and_each_is_shown() -> None:
    shown_on_pages = {link.rpartition("/")[2] for page in PAGES for link in links(page) if link.endswith(".svg")}
    assert {image.name for image in IMAGES} == shown_on_pages


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_a_picture_says_what_it_shows_and_follows_light_and_dark(image: Path) -> None:
    text = image.read_text("utf-8")
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert "prefers-color-scheme: dark" in text
    assert re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?(?!#)(?!http://www.w3.org)[^#)]""", text) == []


def test_the_example_of_an_action_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "extending" / "action.md").read_text("utf-8")
    [source] = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "example_of_an_action.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    action: StoreAction = importlib.import_module("example_of_an_action").Label()
    step = ActionStep(action=action.name, parameters={"label": "urgent"})
    rule = Rule(id="one", name="One", when=Comparison(field="subject", operator="exists"), actions=(step,))
    company = Company(id="demo", name="Demo")
    assert validate_rule(rule, company, {action.name: action.parameters}) == []
    wrong = rule.model_copy(update={"actions": (step.model_copy(update={"parameters": {"label": "Not good"}}),)})
    assert validate_rule(wrong, company, {action.name: action.parameters})
