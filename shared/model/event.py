"""The event catalogue: what subscribers are told, as CloudEvents 1.0 in structured JSON.

An event is thin: it carries identifiers, codes and numbers, and nothing that a sender wrote into a mail, apart from
the number that a keyword found. Whoever is entitled to the rest reads it from the API. Fields are only ever added,
with a default; what would break a subscriber is a new version, which is another `dataschema`.

Sources: CloudEvents 1.0.2 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md), its JSON format
(`formats/json-format.md`) and its `sequence` extension (`extensions/sequence.md`). `docs/extending/event.md` says how
to add one.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from pydantic.json_schema import GenerateJsonSchema

from shared.model.alert import Severity
from shared.model.base import Identifier, MessageId, Model
from shared.model.config import EntityKind
from shared.model.decision import LinkStep, Outcome

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:postrum:events")
"""Namespace of event ids. It must never change: ids made twice for the same thing have to be equal."""

SEQUENCE_WIDTH: Final = 12

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
"""A stable word for programs, never a text."""

EventName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,58}[a-z0-9])?$")]
"""The name that a rule's author gives to the event of a webhook action."""

DocumentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]
"""One line of text without control characters."""

FolderPath = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500)]
"""A folder of a mailbox as it is configured; empty for the inbox itself."""


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Utc = Annotated[AwareDatetime, AfterValidator(_to_utc)]


class EventData(Model):
    """Base of what the events carry in `data`."""

    mailbox: Identifier | None
    """The mailbox that it happened in; None where it is about no single one."""

    def about(self) -> str:
        """The thing that the event is about, in words that are the same each time it is told."""
        return self.subject()

    def subject(self) -> str:
        """Id of what the event belongs to: events with the same subject are sent in order."""
        raise NotImplementedError


class MessageData(EventData):
    """Base of what is told of messages."""

    mailbox: Identifier
    message: MessageId

    def subject(self) -> str:
        """The message."""
        return self.message


class MessageFiledData(MessageData):
    """A message reached its end in its mailbox."""

    outcome: Outcome
    reason: Code
    folder: FolderPath
    documents: tuple[DocumentId, ...] = ()


class MessageParkedData(MessageData):
    """A message waits for a person."""

    reason: Code


class DocumentCreatedData(MessageData):
    """An attachment, or a whole mail, became a business document."""

    document: DocumentId
    number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_.-]{1,60}$")]
    kind: Line
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$", max_length=200)]
    place: Literal["document_import", "worklist"]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]

    def about(self) -> str:
        """The document."""
        return self.document


class MessageLinkedData(MessageData):
    """A message was linked to something in the customer's world. `number` is text: leading zeros belong to it."""

    entity: EntityKind
    number: Line
    sub_project: Line | None = None
    phase: Line | None = None
    step: LinkStep

    def about(self) -> str:
        """The message and the entity; JSON, so that no separator in a number makes two links look like one."""
        return json.dumps([self.message, self.entity, self.number, self.sub_project, self.phase])


class RuleMatchedData(MessageData):
    """A rule with a webhook action matched."""

    rule: Identifier
    name: EventName

    def about(self) -> str:
        """The message, the rule, and the name that its action gives."""
        return f"{self.message}/{self.rule}/{self.name}"


class AlertData(EventData):
    """Something that a person has to see to."""

    mailbox: Identifier | None = None
    alert: MessageId
    """The same each time the same thing happens."""
    kind: Code
    """What is wrong; more kinds may come."""
    severity: Severity
    place: Line | None = None
    """The host, the tenant or the certificate that it is about, where it is about one."""
    cause: Code | None = None
    """Entry of the catalogue of errors, where there is one."""
    affected: Annotated[int, Field(ge=0)] = 1
    """Mailboxes of the company that it is about."""

    def subject(self) -> str:
        """The alert."""
        return self.alert


class AlertRaisedData(AlertData):
    """It began."""


class AlertClearedData(AlertData):
    """It is over."""


class Event(Model):
    """The envelope: a CloudEvent with the extensions `sequence` and `company`. Each type is a subclass."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    source: Annotated[str, StringConstraints(pattern=r"^/companies/[a-z0-9-]+(/mailboxes/[a-z0-9-]+)?$")]
    type: str
    subject: MessageId
    time: Utc
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    sequence: Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{SEQUENCE_WIDTH}}}$")]
    company: Identifier
    data: EventData

    def encode(self) -> bytes:
        """The bytes that are kept, signed and sent: compact JSON, keys in the order of definition, no nulls."""
        return self.model_dump_json(exclude_none=True).encode()


class MessageFiled(Event):
    """See `MessageFiledData`."""

    type: Literal["postrum.message.filed"] = "postrum.message.filed"
    dataschema: Literal["urn:postrum:event:message.filed:1"] = "urn:postrum:event:message.filed:1"
    data: MessageFiledData


class MessageParked(Event):
    """See `MessageParkedData`."""

    type: Literal["postrum.message.parked"] = "postrum.message.parked"
    dataschema: Literal["urn:postrum:event:message.parked:1"] = "urn:postrum:event:message.parked:1"
    data: MessageParkedData


class DocumentCreated(Event):
    """See `DocumentCreatedData`."""

    type: Literal["postrum.document.created"] = "postrum.document.created"
    dataschema: Literal["urn:postrum:event:document.created:1"] = "urn:postrum:event:document.created:1"
    data: DocumentCreatedData


class MessageLinked(Event):
    """See `MessageLinkedData`."""

    type: Literal["postrum.message.linked"] = "postrum.message.linked"
    dataschema: Literal["urn:postrum:event:message.linked:1"] = "urn:postrum:event:message.linked:1"
    data: MessageLinkedData


class RuleMatched(Event):
    """See `RuleMatchedData`."""

    type: Literal["postrum.rule.matched"] = "postrum.rule.matched"
    dataschema: Literal["urn:postrum:event:rule.matched:1"] = "urn:postrum:event:rule.matched:1"
    data: RuleMatchedData


class AlertRaised(Event):
    """See `AlertRaisedData`."""

    type: Literal["postrum.alert.raised"] = "postrum.alert.raised"
    dataschema: Literal["urn:postrum:event:alert.raised:1"] = "urn:postrum:event:alert.raised:1"
    data: AlertRaisedData


class AlertCleared(Event):
    """See `AlertClearedData`."""

    type: Literal["postrum.alert.cleared"] = "postrum.alert.cleared"
    dataschema: Literal["urn:postrum:event:alert.cleared:1"] = "urn:postrum:event:alert.cleared:1"
    data: AlertClearedData


_MODELS: tuple[type[Event], ...] = (
    MessageFiled,
    MessageParked,
    DocumentCreated,
    MessageLinked,
    RuleMatched,
    AlertRaised,
    AlertCleared,
)

EVENTS: Final[dict[str, type[Event]]] = {model.model_fields["type"].default: model for model in _MODELS}
"""Every event type with its model."""

_BY_DATA: Final[dict[object, type[Event]]] = {model.model_fields["data"].annotation: model for model in _MODELS}


def event_id(about: str, type_: str, generation: int) -> str:
    """The id of an event: the same thing told twice in one generation has the same id, on every machine."""
    return str(uuid.uuid5(NAMESPACE, f"{about}|{type_}|{generation}"))


def build(data: EventData, *, company: str, generation: int, sequence: int, time: datetime) -> Event:
    """The event that tells `data`.

    Args:
        data: one of the data models above; it decides the type.
        company: id of the company that is told.
        generation: generation of the message, which only a deliberate re-run raises; or which time of an alert it is.
        sequence: position among the events of the same subject; later events have higher numbers, gaps are allowed.
        time: when it happened, with a time zone.
    """
    model = _BY_DATA[type(data)]
    type_ = model.model_fields["type"].default
    return model.model_validate(
        {
            "id": event_id(data.about(), type_, generation),
            "source": f"/companies/{company}" + (f"/mailboxes/{data.mailbox}" if data.mailbox else ""),
            "subject": data.subject(),
            "time": time,
            "sequence": f"{sequence:0{SEQUENCE_WIDTH}d}",
            "company": company,
            "data": data,
        }
    )


def read(body: bytes | str) -> Event:
    """The event in `body`, as `Event.encode` wrote it.

    Raises:
        ValueError: not an event of this catalogue; the text names no content.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not JSON, so not an event") from None
    type_ = content.get("type") if isinstance(content, dict) else None
    model = EVENTS.get(type_) if isinstance(type_, str) else None
    if model is None:
        raise ValueError("not an event of the catalogue")
    return model.model_validate_json(body)


def data_schema(type_: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of `data` for an event type: what its `dataschema` names.

    It allows further properties, because fields are added without a new version.
    """
    model = EVENTS[type_]
    data = model.model_fields["data"].annotation
    if not (isinstance(data, type) and issubclass(data, EventData)):  # pragma: no cover - every type has a data model
        raise TypeError(f"{type_} has no data model")
    schema = data.model_json_schema(mode="serialization")
    _open(schema)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": model.model_fields["dataschema"].default, **schema}


def _open(node: object) -> None:
    """Drop `additionalProperties: false` from a schema and everything below it."""
    if isinstance(node, dict):
        if node.get("additionalProperties") is False:
            del node["additionalProperties"]
        for child in node.values():
            _open(child)
    elif isinstance(node, list):
        for child in node:
            _open(child)
