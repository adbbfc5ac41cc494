"""Ignore files, as https://git-scm.com/docs/gitignore describes them."""

from __future__ import annotations

import pytest

from local.package.ignore import IgnoreFile


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("a.py", "a.py", True),
        ("a.py", "deep/er/a.py", True),
        ("/a.py", "deep/a.py", False),
        ("deep/a.py", "deep/a.py", True),
        ("deep/a.py", "more/deep/a.py", False),
        ("*.pyc", "x/y.pyc", True),
        ("*.pyc", "x/y.py", False),
        ("*.py[cod]", "x/y.pyd", True),
        ("[!a]", "b", True),
        ("[!a]", "a", False),
        ("?", "ab", False),
        ("tests/", "tests/a.py", True),
        ("tests/", "tests", False),
        ("tests", "tests", True),
        ("/*", "a/b", True),
        ("/*\n!/a/", "a/b", False),
        ("/*\n!/a/", "a", True),
        ("/*\n!/a/\nsecret", "a/secret", True),
        ("a/\n!a/b", "a/b", True),
        ("!b\nb", "b", True),
        ("b\n!b", "b", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**", "a", False),
        ("a/**", "a/b/c", True),
        ("**/z", "z", True),
        ("# a comment\n\n", "# a comment", False),
        ("\\#a", "#a", True),
        ("\\!a", "!a", True),
        ("a   ", "a", True),
        ("a\\ ", "a ", True),
        ("a.c", "abc", False),
    ],
)
def test_patterns(text: str, path: str, ignored: bool) -> None:
    assert IgnoreFile(text).ignores(path) is ignored


def test_a_pattern_for_folders_takes_folders_only() -> None:
    patterns = IgnoreFile("__pycache__/\n")
    assert patterns.ignores("a/__pycache__", folder=True)
    assert patterns.ignores("a/__pycache__/b.pyc")
    assert not patterns.ignores("a/__pycache__")
