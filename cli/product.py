"""What subcommands that work on a deployment share: its settings, the App, and errors as lines that say what to do."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from shared.app import App
from shared.errors import ConfigurationError, NetworkFailure, PostrumError
from shared.settings import Settings, read

_IDENTITY = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
"""What azure-identity reads from the environment by itself; the host sets it from the same file."""
_UNREACHABLE = "Start it (`make run` does), or check AzureWebJobsStorage and DATA_STORAGE."


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare where settings come from."""
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="take the settings from a file like local.settings.json instead of the environment",
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings that the arguments name.

    Raises:
        ConfigurationError: the file cannot be read, or a setting is wrong.
    """
    file: Path | None = arguments.settings
    if file is None:
        return read(os.environ)
    values = _values(file)
    os.environ.update({name: values[name] for name in _IDENTITY if name in values})
    return read(values)


def _values(file: Path) -> Mapping[str, str]:
    try:
        document = json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigurationError(f"{file}{line}: this is not JSON") from None
    values = document.get("Values") if isinstance(document, dict) else None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ConfigurationError(f"{file} must hold an object named Values with texts, as local.settings.json does")
    return values


def run_with_app(arguments: argparse.Namespace, work: Callable[[App], Awaitable[int]]) -> int:
    """Do work on the deployment that the arguments name; the exit status.

    An error of the product becomes lines on standard error that say what to do, and status 1.
    """

    async def whole() -> int:
        app = App(settings_of(arguments))
        try:
            return await work(app)
        finally:
            await app.aclose()

    return reported(lambda: asyncio.run(whole()))


def reported(work: Callable[[], int]) -> int:
    """Do the work; an error of the product is said on standard error, and the status is 1."""
    try:
        return work()
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"postrum: {problem}", file=sys.stderr)
        if error.remedy:
            print(f"postrum: {error.remedy}", file=sys.stderr)
    except PostrumError as error:
        remedy = _UNREACHABLE if isinstance(error, NetworkFailure) and not error.remedy else error.remedy
        print(f"postrum: {_sentence(error.message)} {remedy}".rstrip(), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
