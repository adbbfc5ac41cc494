"""`postrum inspect`: what Postrum sees in a file, with exactly the code that the pipeline uses.

One JSON object a line with `--json`, a short list for people without. Bad content is never an error: it is `warnings`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cli.documents import Documents, Found, kind_of_message
from shared.mail import LeafEvent, MailReader
from shared.mail.files import kind_of_file, read_body, read_outlook
from shared.model.mail import Mail

__all__ = ["add_arguments", "facts_of", "inspect_file", "run"]

KINDS = ("auto", "mail", "body", "html", "tnef", "msg", "document")
CHUNK = 1 << 20
WHOLE = 160 << 20
"""More than any file is that has to be in memory as a whole."""
_LEFT_OUT = {"headers", "return_path", "list_id", "receipt_requested", "part_sha256", "size", "protection"}
_FOR_PEOPLE = ("calendar", "recipients", "transport_tls")
"""Shown to people; programs get the keys of docs/inspect.md."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line, one line a file")
    parser.add_argument(
        "--as", dest="kind", choices=KINDS, default="auto", help="what the files are (default: by their content)"
    )
    parser.add_argument(
        "--trust", action="append", default=[], metavar="AUTHSERV_ID|exchange",
        help="whose Authentication-Results are believed; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--files-from", metavar="LIST", help="read the paths from this file, one a line; - is standard input"
    )
    parser.add_argument("paths", nargs="*", metavar="PATH")


def run(arguments: argparse.Namespace) -> int:
    """Inspect every file; 1 where some file could not be read."""
    if not arguments.paths and not arguments.files_from:
        print("postrum inspect: give a PATH or --files-from LIST.", file=sys.stderr)
        return 2
    try:
        paths = [*arguments.paths, *_listed(arguments.files_from)]
    except OSError as error:
        print(f"postrum inspect: cannot read the list {arguments.files_from}: {error.strerror}.", file=sys.stderr)
        return 2
    with Documents() as reader:
        return _inspect_all(paths, arguments, reader)


def _inspect_all(paths: list[str], arguments: argparse.Namespace, reader: Documents) -> int:
    """Inspect one file after the other; answer the exit status."""
    status = 0
    trust = frozenset(name.lower() for name in arguments.trust)
    for path in paths:
        answer = inspect_file(path, reader, arguments.kind, trust)
        status = 1 if "error" in answer else status
        if arguments.json:
            sys.stdout.buffer.write(
                json.dumps(_for_programs(answer), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
            )
            sys.stdout.buffer.flush()
        else:
            print("\n".join(_for_people(answer)))
    return status


def _listed(name: str | None) -> Iterable[str]:
    """The paths in a list."""
    if not name:
        return []
    text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8", "surrogateescape")
    return [line for line in text.splitlines() if line]


def inspect_file(
    path: str, reader: Documents, kind: str = "auto", trust: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Answer everything about one file, with every key of the contract."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(4096)
            file.seek(0)
            mail, found = _read(file, Path(path), kind_of_file(head) if kind == "auto" else kind, reader, trust)
    except OSError as error:
        return {**facts_of(path, Mail(), []), "error": error.strerror or str(error)}
    return facts_of(path, mail, found)


def _read(file: BinaryIO, path: Path, kind: str, reader: Documents, trust: frozenset[str]) -> tuple[Mail, list[Found]]:
    """Read one file as what it is."""
    if kind == "document":
        return reader.read_directly(path)
    if kind in ("body", "html"):
        return read_body(file.read(WHOLE), html=kind == "html"), []
    leaves = reader.leaves()
    if kind in ("msg", "tnef"):
        mail = read_outlook(file.read(WHOLE), "msg" if kind == "msg" else "tnef", leaves.take)
    else:
        mails = MailReader(trust=trust)
        for event in _events(mails, file):
            leaves.take(event)
        mail = mails.mail()
    return mail, leaves.found


def _events(reader: MailReader, file: BinaryIO) -> Iterator[LeafEvent]:
    while data := file.read(CHUNK):
        yield from reader.feed(data)
    yield from reader.finish()


def facts_of(path: str, mail: Mail, found: list[Found]) -> dict[str, Any]:
    """The contract's object for one file."""
    facts: dict[str, Any] = mail.model_dump(mode="json", by_alias=True, exclude=_LEFT_OUT)
    for attachment in facts["attachments"]:
        del attachment["index"]
    reply = facts["reply"] or {"text": facts["text"] or "", "signature": None, "quoted": False}
    return {
        "file": path,
        **facts,
        "reply": reply,
        "warnings": [*facts["warnings"], *(warning for f in found for warning in f.warnings)],
        "documents": [f.entry for f in found if f.entry],
        "kind": kind_of_message(mail, found),
    }


def _for_programs(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with the keys of docs/inspect.md and no others."""
    attachments = [{key: value for key, value in a.items() if key != "archive"} for a in answer["attachments"]]
    return {key: value for key, value in answer.items() if key not in _FOR_PEOPLE} | {"attachments": attachments}


def _for_people(answer: dict[str, Any]) -> list[str]:
    """The same in a few lines."""

    def people(key: str) -> str:
        return ", ".join(f"{p['name']} <{p['address']}>" if p["name"] else p["address"] for p in answer[key])

    if "error" in answer:
        return [f"{answer['file']}: cannot be read: {answer['error']}", ""]
    rows = [
        ("type", answer["type"] + ("" if answer["complete"] else " (not read completely)")),
        ("subject", answer["subject"]),
        ("from", people("from")),
        ("to", people("to")),
        ("cc", people("cc")),
        ("date", answer["date"]),
        ("message id", answer["message_id"]),
        ("automatic", answer["automatic"] and " ".join(filter(None, answer["automatic"].values()))),
        ("kind", answer["kind"]),
    ]
    authentication = answer["authentication"]
    if authentication["trusted"]:
        checks = ("spf", "dkim", "dmarc", "arc", "compauth")
        rows.append(("authentication", " ".join(f"{c}={authentication[c]}" for c in checks if authentication[c])))
    if answer["transport_tls"] is not None:
        rows.append(("handed over", "with TLS" if answer["transport_tls"] else "without TLS"))
    if noted := [one["address"] for one in answer["recipients"] if not one["listed"]]:
        rows.append(("delivered for", ", ".join(noted[:5])))
    if event := answer["calendar"]:
        rows.append(
            ("calendar", " ".join(filter(None, (event["method"], event["start"], event["timezone"], event["summary"]))))
        )
    lines = [answer["file"]] + [f"  {name:<15} {_plain(str(value))}" for name, value in rows if value]
    lines += [f"  attached mail   {mail['path']}  {_plain(mail['subject'] or '')}" for mail in answer["embedded"]]
    for item in answer["attachments"]:
        lines.append(
            f"  attachment      {_plain(item['path'])}  {_plain(item['name'] or '(no name)')}  {item['detected_type']}  "
            f"{item['size']} bytes{' inline' if item['inline'] else ''}"
        )
        for member in (item["archive"] or {"entries": []})["entries"][:20]:
            lines.append(f"    holds         {_plain(member['name'])}  {member['size']} bytes")
    for item in answer["documents"]:
        invoice = item["einvoice"]
        detail = f"  {invoice['syntax']} {invoice['profile']} {invoice['number']}" if invoice else ""
        lines.append(f"  document        {_plain(item['path'])}  {item['kind']}{_plain(detail)}")
    lines += [f"  warning         {w['code']}: {_plain(w['detail'])}" for w in answer["warnings"]]
    if answer["reply"]["text"].strip():
        lines += ["", *(f"  | {_plain(line)}" for line in answer["reply"]["text"].strip().splitlines()[:40])]
    return [*lines, ""]


def _plain(text: str) -> str:
    """Nothing that a terminal would obey, and no characters that turn the reading direction."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
