"""`postrum config`: load a configuration file, or write out what is configured."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from cli.product import add_settings, reported, run_with_app
from cli.remote import Answer, Target, UnreachableError, add_target, ask, session, target_of, token_for
from cli.yaml_text import to_yaml
from shared.app import App
from shared.configuration.service import Difference, Review
from shared.configuration.yaml_file import companies
from shared.errors import ConfigurationError, NotFound, PermissionDenied, ServiceUnavailable
from shared.model.config import Company

_MARKS = {"added": "+", "changed": "~", "removed": "-"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `apply` and `show`."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="apply|show")
    apply = commands.add_parser("apply", help="load a configuration file", description="Load a configuration file.")
    apply.add_argument("file", type=Path, metavar="FILE")
    apply.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    add_settings(apply)
    add_target(apply, required=False)
    show = commands.add_parser("show", help="write out what is configured", description="Write out what is configured.")
    show.add_argument("company", nargs="?", metavar="COMPANY", help="id of one company (default: all)")
    add_settings(show)
    add_target(show, required=False)


def run(arguments: argparse.Namespace) -> int:
    """Apply or show."""
    return reported(lambda: _apply(arguments) if arguments.what == "apply" else _show(arguments))


def _apply(arguments: argparse.Namespace) -> int:
    if arguments.url:
        return _apply_remotely(arguments)
    wanted = _read(arguments.file)

    async def work(app: App) -> int:
        review = await (app.configure.review(wanted) if arguments.dry_run else app.configure.apply(wanted))
        _tell(review, dry=arguments.dry_run)
        return 0

    return run_with_app(arguments, work)


def _apply_remotely(arguments: argparse.Namespace) -> int:
    """Hand the file to a deployment, which checks it and applies it with its own identity."""
    _read(arguments.file)  # what can be said here is said with the file's name and line
    path = f"/api/v1/configuration?dry_run={'true' if arguments.dry_run else 'false'}"
    answer = _asked(arguments, path, method="PUT", body=arguments.file.read_bytes())
    if answer is None:
        return 2
    _tell(Review.model_validate_json(answer.text), dry=arguments.dry_run)
    return 0


def _asked(
    arguments: argparse.Namespace, path: str, *, method: str = "GET", body: bytes | None = None
) -> Answer | None:
    """The answer of a deployment, or None after it was said why there is none."""

    async def send(target: Target) -> Answer:
        async with session(target) as http:
            token = await token_for(http, target)
            return await ask(http, target, path, token=token, method=method, body=body)

    try:
        target = target_of(arguments)
        answer = asyncio.run(send(target))
    except (ValueError, UnreachableError) as error:
        print(f"postrum: {error}", file=sys.stderr)
        return None
    if answer.status == 422:
        problems = [str(problem["detail"]) for problem in json.loads(answer.text)["errors"]]
        raise ConfigurationError(problems, remedy="Nothing was changed.")
    if answer.status in (401, 403):
        remedy = "An Owner of Postrum may do this; roles are given in Entra."
        raise PermissionDenied(f"{target.url} refused your token ({answer.status})", remedy=remedy)
    if answer.status != 200:
        remedy = "Run `postrum doctor` with the same --url."
        raise ServiceUnavailable(f"{target.url} answered {answer.status}", remedy=remedy)
    return answer


def _read(file: Path) -> list[Company]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{file}, line {line}: this is not UTF-8", remedy="Save the file as UTF-8.") from None
    return companies(text, str(file))


def _tell(review: Review, *, dry: bool) -> None:
    for warning in review.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for difference in review.differences:
        print(_line(difference))
    if not review.differences:
        print("Nothing differs from what is configured.")
    elif dry:
        print(f"{_count(len(review.differences))} would be made. Nothing was changed.")
    else:
        print(f"{_count(len(review.differences))} made.")


def _line(difference: Difference) -> str:
    place = f" › {difference.what}" if difference.what else ""
    return f"{_MARKS.get(difference.change, '?')} {difference.company}{place}: {difference.change}"


def _count(number: int) -> str:
    return f"{number} change{'' if number == 1 else 's'}"


def _show(arguments: argparse.Namespace) -> int:
    if arguments.url:
        return _show_remote(arguments)

    async def work(app: App) -> int:
        names = [arguments.company] if arguments.company else await app.configuration.companies()
        found = [known[0] for name in names if (known := await app.configuration.company(name)) is not None]
        if arguments.company and not found:
            raise NotFound(f"no company {arguments.company!r} is configured", remedy="`postrum config show` lists all.")
        sys.stdout.write(to_yaml(found))
        return 0

    return run_with_app(arguments, work)


def _show_remote(arguments: argparse.Namespace) -> int:
    answer = _asked(arguments, "/api/v1/configuration")
    if answer is None:
        return 2
    found = [Company.model_validate(company) for company in json.loads(answer.text)["companies"]]
    if arguments.company:
        found = [company for company in found if company.id == arguments.company]
        if not found:
            raise NotFound(f"no company {arguments.company!r} is configured", remedy="`postrum config show` lists all.")
    sys.stdout.write(to_yaml(found))
    return 0
