"""What goes into the package, and what never does."""

from __future__ import annotations

import ast
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from local.package.archive import SITE
from local.package.contents import FILES, FOLDERS, check, project_files
from local.package.errors import PackageError
from local.package.ignore import IgnoreFile
from tests.package.conftest import ROOT, Unpacked

NEVER = (
    "local.settings.json",
    ".env",
    ".git/config",
    ".azure/main/.env",
    ".github/workflows/ci.yml",
    ".devcontainer/devcontainer.json",
    ".venv/lib/python3.13/site-packages/x.py",
    ".cache/run/secrets.json",
    ".python_packages/lib/site-packages/x.py",
    "azure.yaml",
    "bench/__main__.py",
    "cli/main.py",
    "dist/postrum.zip",
    "docs/README.md",
    "emulator/server.py",
    "infra/main.bicep",
    "local/run.py",
    "node_modules/azurite/package.json",
    "pyproject.toml",
    "requirements-dev.txt",
    "secrets.json",
    "some/new/folder.py",
    "tests/conftest.py",
    "shared/__pycache__/app.cpython-313.pyc",
    "functions/tests.pyc",
    "shared/.DS_Store",
)


def ignore_file() -> IgnoreFile:
    return IgnoreFile((ROOT / ".funcignore").read_text("utf-8"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what is packed, for tests that spoil it."""
    shutil.copy(ROOT / ".funcignore", tmp_path)
    for name in project_files():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", NEVER)
def test_what_never_runs_stays_out(name: str) -> None:
    assert ignore_file().ignores(name)


def test_everything_that_runs_is_in() -> None:
    names = project_files()
    check(ROOT, names)
    modules = {path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    assert modules | set(FILES) <= set(names)
    assert not [name for name in names if ".pyc" in name]


def test_every_folder_of_the_project_is_either_packed_or_left_out() -> None:
    packed = {name.partition("/")[0] for name in project_files()}
    assert packed == {*FILES, *FOLDERS}


def test_what_azd_and_core_tools_make_of_the_patterns_is_the_same() -> None:
    """Core Tools know no `**`, take `!` as stronger than everything else, and match beginnings: stay with what all agree on."""
    lines = [line for line in (ROOT / ".funcignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0] == "/*"
    assert all(re.fullmatch(r"/\*|!/[\w.]+/?|[\w.*\[\]]+/?", line) for line in lines)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("shared/notes.md", "x", "do not belong .* shared/notes.md"),
        ("shared/.hidden.py", "x", "do not belong"),
        ("shared/key.txt", "-----BEGIN RSA PRIVATE KEY-----", "a secret in shared/key.txt"),
        (
            "functions/a.py",
            "A = 'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IF'",
            "a secret in functions/a.py",
        ),
    ],
)
def test_what_does_not_belong_there_stops_packaging(tree: Path, name: str, text: str, told: str) -> None:
    (tree / name).write_text(text)
    with pytest.raises(PackageError, match=told):
        check(tree, project_files(tree))


def test_a_link_stops_packaging(tree: Path) -> None:
    (tree / "shared" / "elsewhere.py").symlink_to("/etc/hostname")
    with pytest.raises(PackageError, match=r"Links are not packed: shared/elsewhere\.py"):
        check(tree, project_files(tree))


@pytest.mark.parametrize("name", ["host.json", "functions"])
def test_what_is_missing_stops_packaging(tree: Path, name: str) -> None:
    path = tree / name
    path.unlink() if path.is_file() else shutil.rmtree(path)
    with pytest.raises(PackageError, match=f"has to run: {name}"):
        check(tree, project_files(tree))


def test_without_funcignore_there_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no \.funcignore"):
        project_files(tmp_path)


def test_the_package_has_these_folders_and_nothing_else(names: list[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {*FILES, *FOLDERS, "__pycache__", ".python_packages"}
    assert all(name.startswith(f"{SITE}/") for name in names if name.startswith(".python_packages/"))
    tops = {name.removeprefix(f"{SITE}/").partition("/")[0] for name in names if name.startswith(SITE)}
    assert tops.isdisjoint({"tests", "test", "local", "emulator", "cli", "bench", "postrum", "bin", "pytest", "mypy"})


def test_the_dependencies_are_those_of_the_lock_file(names: list[str]) -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    here = [line for line in lines if re.match(r"[a-z0-9]", line) and "sys_platform == 'win32'" not in line]
    wanted = {found[1].lower().replace("-", "_") for line in here if (found := re.match(r"([\w.-]+)==", line))}
    folders = {name.removeprefix(f"{SITE}/").partition(".dist-info/")[0] for name in names if ".dist-info/" in name}
    packed = {folder.rpartition("-")[0].lower().replace(".", "_") for folder in folders}
    assert packed == {name.replace(".", "_") for name in wanted}


def test_licences_and_entry_points_stay(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
    distributions = {name.partition(".dist-info/")[0] for name in names if name.endswith(".dist-info/METADATA")}
    assert len(distributions) > 50
    assert any(name.endswith("/entry_points.txt") and "opentelemetry_api" in name for name in names)
    assert sum("licen" in name.lower() for name in names) > 40


def test_every_import_of_the_product_is_found_in_the_package(unpacked: Unpacked) -> None:
    """Every module is imported in an interpreter that has nothing but the package."""
    code = """
import importlib, json, pathlib, sys, warnings
warnings.simplefilter("ignore")
root = pathlib.Path(sys.path[0])
files = [root / "function_app.py", *(file for folder in ("functions", "shared") for file in sorted((root / folder).rglob("*.py")))]
names = [".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for file in files]
failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
outside = sorted({
    file for module in list(sys.modules.values())
    if (file := getattr(module, "__file__", None)) and "site-packages" in file and not file.startswith(str(root))
})
print(json.dumps([len(names), failed, outside]))
"""
    count, failed, outside = json.loads(unpacked.run(code))
    assert count > 150
    assert failed == {}
    assert outside == []


def test_late_imports_are_found_too(unpacked: Unpacked) -> None:
    """Imports inside functions, which importing the modules does not reach."""
    wanted: set[str] = set()
    for name in project_files():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    wanted |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    wanted.add(node.module)
    code = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
failed = []
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed.append(f"{name}: {error}")
print(json.dumps(failed))
"""
    assert json.loads(unpacked.run(code, json.dumps(sorted(wanted)))) == []
