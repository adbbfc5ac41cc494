"""Short ways to write mails, evidence and companies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from shared.model.base import Model
from shared.model.config import Company, EntityKind, Rule
from shared.model.decision import Decision
from shared.model.evidence import DocumentFinding, Evidence
from shared.model.mail import Attachment, Mail

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def part(path: str = "2", name: str | None = "invoice.pdf", detected: str = PDF, **more: Any) -> Attachment:
    sha256 = more.pop("sha256", f"sha-{path}")
    return Attachment(index=0, path=path, name=name, detected_type=detected, sha256=sha256, **more)


def mail(*attachments: Attachment, **fields: Any) -> Mail:
    base: dict[str, Any] = {
        "subject": "Invoice 2026-11",
        "from": [{"name": "Bo Jensen", "address": "bo@supplier.example"}],
        "to": [{"address": "invoice@company.example"}],
        "text": "Please find our invoice attached.",
        "size": 2048,
    }
    if "from_" in fields:
        base["from"] = fields.pop("from_")
    return Mail.model_validate({**base, "attachments": attachments, **fields})


def evidence(*attachments: Attachment, mailbox: str = "invoices", **fields: Any) -> Evidence:
    around = ("documents", "duplicate_of", "duplicate_in_same_mailbox", "thread")
    own = {key: fields.pop(key) for key in around if key in fields}
    return Evidence(
        message_id="a" * 26,
        company="acme",
        mailbox=mailbox,
        generation=1,
        received_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
        source_kind="graph",
        mail=mail(*attachments, **fields),
        **own,
    )


def finding(path: str = "2", **fields: Any) -> DocumentFinding:
    return DocumentFinding(path=path, **fields)


def compare(field: str = "subject", operator: str = "contains", value: Any = "invoice", **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, **({} if value is None else {"value": value}), **more}


ALWAYS = compare("size", "greater", -1)
NEVER = compare("subject", "is", "no mail has this subject")


def rule(rule_id: str = "one", *actions: dict[str, Any] | str, when: dict[str, Any] = ALWAYS, **fields: Any) -> Rule:
    return Rule.model_validate(
        {"id": rule_id, "name": f"Rule {rule_id}", "when": when, "actions": list(actions) or ["skip_import"], **fields}
    )


def company(*rules: Rule, mailbox: dict[str, Any] | None = None, **fields: Any) -> Company:
    first = {
        "id": "invoices",
        "address": "invoice@company.example",
        "folders": {"imported": "Archive", "other": "Manual"},
        **(mailbox or {}),
    }
    second = {"id": "orders", "address": "orders@company.example", "folders": {"imported": "Done", "other": "Rest"}}
    return Company.model_validate(
        {
            "id": "acme",
            "name": "Acme",
            "mailboxes": fields.pop("mailboxes", [first, second]),
            "series": [{"id": "main", "default": True}, {"id": "credit"}],
            "rules": rules,
            **fields,
        }
    )


class Nothing(Model):
    pass


class CreateDocument(Model):
    path: str | None = None
    kind: str | None = None
    series: str | None = None


class Categorise(Model):
    category: Annotated[str, Field(min_length=1)]


class Move(Model):
    folder: Annotated[str, Field(min_length=1)]


class LinkTo(Model):
    entity: EntityKind
    number: str


class Webhook(Model):
    event: Annotated[str, Field(pattern=r"^[a-z0-9_.]{1,60}$")]


ACTIONS: dict[str, type[BaseModel]] = {
    "create_document": CreateDocument,
    "link": LinkTo,
    "categorise": Categorise,
    "mark_read": Nothing,
    "move": Move,
    "webhook": Webhook,
}


def names(decision: Decision) -> list[str]:
    return [action.action for action in decision.actions]


def folder(decision: Decision) -> str:
    moves = [action for action in decision.actions if action.action == "move"]
    assert moves == [decision.actions[-1]], "exactly one move, and it is the last action"
    return str(moves[0].parameters["folder"])


def traced(decision: Decision, step: str) -> list[str]:
    return [f"{one.result}: {one.detail}" for one in decision.trace if one.step == step]
