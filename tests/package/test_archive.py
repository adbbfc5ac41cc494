"""The zip itself: the same bytes each time, compiled, and its size told."""

from __future__ import annotations

import shutil
import struct
import sys
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from local.package import __main__ as command
from local.package import dependencies
from local.package.archive import SITE, build, sizes, table, version
from local.package.dependencies import compile_all, site_packages
from local.package.errors import PackageError
from tests.package.conftest import ROOT, Unpacked

UNCHECKED_HASH = 0b01
MODEST_MB = 60
"""A package that grows beyond this has taken something along that nobody looked at."""


def test_two_builds_give_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """The installed files are those of the hashes in requirements.txt; everything after that is done again."""
    site = tmp_path / "site"
    shutil.copytree(site_packages(), site, ignore=shutil.ignore_patterns("__pycache__"))
    compile_all(site)
    again = build(tmp_path / "dist", site)
    assert again.name == package.name == f"postrum-{version()}.zip"
    assert again.read_bytes() == package.read_bytes()


def test_entries_are_sorted_and_carry_no_time_and_no_owner(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr for entry in entries} == {0o100644 << 16}
    assert {entry.extra for entry in entries} == {b""}


def test_every_module_is_compiled_and_its_source_is_there(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        compiled = {name for name in names if name.endswith(".pyc")}
        heads = {archive.open(name).read(8) for name in compiled}
    expected = {
        "/".join(filter(None, [folder, "__pycache__", f"{file.removesuffix('.py')}.cpython-313.pyc"]))
        for folder, _, file in (name.rpartition("/") for name in names if name.endswith(".py"))
    }
    assert compiled == expected
    assert heads == {MAGIC_NUMBER + struct.pack("<I", UNCHECKED_HASH)}


def test_no_path_of_the_machine_that_built_it_is_inside(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        ours = [name for name in archive.namelist() if not name.startswith(SITE)]
        assert [name for name in ours if str(ROOT).encode() in archive.read(name)] == []
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        assert [name for name in compiled[::50] if str(Path(sys.prefix)).encode() in archive.read(name)] == []


def test_a_traceback_names_the_file_where_it_really_is(unpacked: Unpacked) -> None:
    code = "import shared.settings as module; print(module.read.__code__.co_filename)"
    assert unpacked.run(code).strip() == str(unpacked.folder / "shared" / "settings.py")


def test_the_size_is_told_and_modest(package: Path) -> None:
    found = sizes(package)
    lines = table(package)
    assert {"functions", "shared", "function_app.py", "azure (dependency)"} <= found.keys()
    assert lines[-1].startswith("together")
    assert package.stat().st_size < MODEST_MB * 1e6
    with zipfile.ZipFile(package) as archive:
        assert sum(size.files for size in found.values()) == len(archive.namelist())


def test_the_command_says_what_hinders_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(**_: object) -> Path:
        raise PackageError("no packages\ntoday")

    monkeypatch.setattr(command, "site_packages", refuse)
    assert command.main([]) == 1
    assert capsys.readouterr() == ("", "package: no packages today\n")


@pytest.mark.parametrize(("options", "whole"), [([], False), (["--whole-graph-sdk"], True)])
def test_the_graph_sdk_can_be_packed_whole(
    options: list[str],
    whole: bool,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[bool] = []

    def packages(*, whole_graph_sdk: bool) -> Path:
        asked.append(whole_graph_sdk)
        return tmp_path

    monkeypatch.setattr(command, "site_packages", packages)
    monkeypatch.setattr(command, "build", lambda folder, site: package)
    assert command.main(options) == 0
    assert asked == [whole]
    out = capsys.readouterr().out
    assert "in the zip" in out
    assert f"package: {package}, " in out


def test_packages_are_kept_apart_by_whether_the_graph_sdk_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned: list[Path] = []
    monkeypatch.setattr(dependencies, "_install", lambda target: (target / "a.py").write_text("A = 1\n"))
    monkeypatch.setattr(dependencies.graph_sdk, "prune", pruned.append)
    monkeypatch.setattr(dependencies.babel_data, "prune", lambda site: None)
    small, whole = site_packages(cache=tmp_path), site_packages(cache=tmp_path, whole_graph_sdk=True)
    assert small != whole
    assert len(pruned) == 1
    assert site_packages(cache=tmp_path) == small
    assert (whole / "__pycache__" / "a.cpython-313.pyc").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {small.name, whole.name}
