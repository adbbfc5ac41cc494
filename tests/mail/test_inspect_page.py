"""docs/inspect.md says what `postrum inspect` answers, and which limits it has."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

from cli.inspect import add_arguments
from cli.main import main
from shared.mail import Limits
from shared.model.mail import Attachment, Authentication, Forwarded
from tests.mail.build import PNG, attachment, multipart, text

PAGE = (Path(__file__).parents[2] / "docs" / "inspect.md").read_text("utf-8")


def named(heading: str) -> set[str]:
    section = PAGE.partition(f" {heading}\n")[2].partition("\n#")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_key_has_a_row_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(multipart(text("x"), attachment("x.png", PNG)))
    assert main(["inspect", "--json", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert named("Keys") == set(answer)
    assert named("Attachments") == set(answer["attachments"][0])
    for fact in (Authentication, Forwarded):
        for key, value in fact.model_fields.items():
            assert f"`{value.alias or key}`" in PAGE


def test_the_names_of_protection_are_those_of_the_code() -> None:
    assert Attachment.model_fields["protected"].default is None
    assert all(f"`{name}`" in PAGE for name in ("password", "encrypted", "rights"))


def test_every_option_has_a_row() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = {name for action in parser._actions for name in action.option_strings if name.startswith("--")} - {
        "--help"
    }
    assert set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE)) == options


def test_the_limits_are_those_of_the_code() -> None:
    limits = Limits()
    for row in (
        f"| parts inside each other | {limits.nesting} |",
        f"| parts in all | {limits.parts:,} |",
        f"| headers summed | {limits.header_bytes >> 20} MiB |",
        f"| one header that is taken apart | {limits.structured_header:,} bytes |",
        f"| mails attached to mails | {limits.mails_deep} deep |",
        f"| text and HTML that are looked at, each | {limits.body_bytes >> 20} MiB |",
        f"| winmail.dat, Outlook message or signed envelope that is opened | {limits.container_bytes >> 20} MiB |",
        f"| warnings | {limits.warnings} |",
    ):
        assert row in PAGE
