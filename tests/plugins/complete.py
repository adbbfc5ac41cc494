"""What was left out, said at the end; with CI=true nothing may be.

A test that needs a Debian package says so with `@pytest.mark.needs("dovecot")`. Where the program is missing, it is
installed where this user may do that (root, apt-get), and otherwise the test is skipped with the reason. A skip of any
kind, also of a whole module, is listed at the end of the run; with CI=true it makes the run fail.
"""

from __future__ import annotations

import os
import shutil

import pytest

from local.debian import install

# what tests need by name -> the program that shows it is there, and the Debian packages that bring it
NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "dovecot": ("dovecot", ("dovecot-core", "dovecot-imapd")),
    "chromium": ("chromium", ("chromium",)),
}
_LEFT_OUT = pytest.StashKey[dict[str, str]]()
_SBIN = os.pathsep.join(
    ("/usr/sbin", "/usr/local/sbin", "/sbin")
)  # where Debian puts servers; not on every user's PATH


def _is_ci(config: pytest.Config) -> bool:
    return os.environ.get("CI", "").lower() == "true" and not config.option.collectonly


def _missing(name: str) -> bool:
    path = os.pathsep.join((os.environ.get("PATH", ""), _SBIN))
    return shutil.which(NEEDS[name][0], path=path) is None


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LEFT_OUT] = {}
    config.addinivalue_line(
        "markers", "needs(*names): programs that no Python package brings; see tests/plugins/complete.py"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {name for item in items for mark in item.iter_markers("needs") for name in mark.args}
    if unknown := sorted(wanted - set(NEEDS)):
        raise pytest.UsageError(f"tests/plugins/complete.py does not know what {unknown[0]!r} needs")
    if not config.option.collectonly:
        install(sorted({package for name in wanted if _missing(name) for package in NEEDS[name][1]}))
    for item in items:
        for mark in item.iter_markers("needs"):
            for name in filter(_missing, mark.args):
                packages = " ".join(NEEDS[name][1])
                item.add_marker(pytest.mark.skip(reason=f"{name} is missing: apt-get install {packages}"))


def _note(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        config.stash[_LEFT_OUT][report.nodeid] = reason.removeprefix("Skipped: ")


class _Collector:
    """Sees reports, which come without the configuration."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _note(self._config, report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        _note(self._config, report)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Collector(session.config), "postrum-left-out")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _is_ci(session.config) and session.config.stash[_LEFT_OUT] and exitstatus in (0, 5):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[_LEFT_OUT]
    if not left_out:
        return
    terminalreporter.section("left out")
    for name, reason in sorted(left_out.items()):
        terminalreporter.line(f"{name}: {reason}")
    if _is_ci(config):
        terminalreporter.line(f"CI=true: {len(left_out)} left out, so this run fails", red=True)
