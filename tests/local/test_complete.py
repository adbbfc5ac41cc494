"""With CI=true a run that leaves something out fails; elsewhere it says what it left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.conftest import ROOT

PASSES = "def test_passes(): pass\n"
SKIPPED = "import pytest\n@pytest.mark.skip(reason='no moon')\ndef test_moon(): pass\n"
SKIPS_ITSELF = "import pytest\ndef test_moon(): pytest.skip('no moon')\n"
SKIPPED_MODULE = "import pytest\npytest.importorskip('no_such_module', reason='no moon')\ndef test_moon(): pass\n"
NEEDS = "import pytest\n@pytest.mark.needs('dovecot')\ndef test_moon(): pass\n"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_known(): assert False\n"


def _pytest(folder: Path, source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_fine.py").write_text(PASSES)
    (folder / "test_it.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugins.complete", "-c", os.devnull, "--rootdir", ".", "."]
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        command,
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("source", [SKIPPED, SKIPS_ITSELF, SKIPPED_MODULE])
def test_a_skip_is_named_and_fails_in_ci_only(tmp_path: Path, source: str) -> None:
    at_home = _pytest(tmp_path, source)
    assert at_home.returncode == 0
    assert "left out" in at_home.stdout
    assert "no moon" in at_home.stdout
    in_ci = _pytest(tmp_path, source, CI="true")
    assert in_ci.returncode == 1
    assert "CI=true: 1 left out, so this run fails" in in_ci.stdout


@pytest.mark.parametrize("source", ["", EXPECTED_FAILURE])
def test_nothing_left_out_passes_in_ci(tmp_path: Path, source: str) -> None:
    done = _pytest(tmp_path, source, CI="true")
    assert done.returncode == 0
    assert "left out" not in done.stdout


def test_collecting_alone_leaves_nothing_out(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPED)
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugins.complete", "-c", os.devnull, "--co", "."]
    environment = os.environ | {"CI": "true", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0


def test_a_missing_program_is_named_with_its_packages(tmp_path: Path) -> None:
    # no apt-get and no dovecot on a PATH of nothing: as for a user who may not install
    code = (
        "import sys, pytest, tests.plugins.complete as plugin;"
        "plugin._SBIN = ''; plugin.shutil.which = lambda *a, **k: None;"
        "sys.exit(pytest.main(['-p', 'tests.plugins.complete', '-c', '/dev/null', '--rootdir', '.', '.']))"
    )
    (tmp_path / "test_it.py").write_text(NEEDS)
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "dovecot is missing: apt-get install dovecot-core dovecot-imapd" in done.stdout


def test_an_unknown_need_is_an_error(tmp_path: Path) -> None:
    done = _pytest(tmp_path, NEEDS.replace("dovecot", "moon"))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'moon'" in done.stderr
