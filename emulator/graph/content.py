"""The raw mail and its attachments (Graph: message-get, attachment-get)."""

from __future__ import annotations

import base64

from emulator.clock import iso
from emulator.errors import GraphError, item_not_found
from emulator.graph.call import Answer, Call, FileBody, Json, endpoint
from emulator.mime import Part, read_parts
from emulator.state import Message


@endpoint("GET", "messages/*/$value", kind="value", access="content")
def value(call: Call) -> Answer:
    """The bytes that were loaded, in chunks and without Content-Length; HEAD is 405, so nobody learns the size
    first."""
    return Answer(body=FileBody(call.own_message().file, "text/plain"))


def _identified(call: Call, message: Message) -> dict[str, Part]:
    parts = read_parts(message.file)
    return {call.mailbox.ids.attachment(message.key, number): part for number, part in enumerate(parts)}


def _shown(message: Message, identifier: str, part: Part, select: set[str] | None, *, content: bool) -> Json:
    kind = "referenceAttachment" if part.is_reference else "itemAttachment" if part.is_item else "fileAttachment"
    properties: Json = {
        "id": identifier,
        "lastModifiedDateTime": iso(message.modified),
        "name": part.name,
        "contentType": None if part.is_item or part.is_reference else part.content_type,
        "size": len(part.content),
        "isInline": part.inline,
    }
    if not part.is_item and not part.is_reference:
        properties |= {"contentId": part.content_id, "contentLocation": None}
        if content:
            properties["contentBytes"] = base64.b64encode(part.content).decode()
    if select is not None:
        properties = {name: value for name, value in properties.items() if name.lower() in select or name == "id"}
    return {"@odata.type": f"#microsoft.graph.{kind}", "@odata.mediaContentType": part.content_type, **properties}


def _select(call: Call) -> set[str] | None:
    text = call.query.get("$select")
    return {name.strip().lower().rpartition("/")[2] for name in text.split(",")} if text else None


@endpoint("GET", "messages/*/attachments", kind="attachments", access="content")
def list_attachments(call: Call) -> Answer:
    """All attachments; without ``$select`` with their contents."""
    message = call.own_message()
    select = _select(call)
    shown = [_shown(message, key, part, select, content=True) for key, part in _identified(call, message).items()]
    return Answer(body={"@odata.context": call.context(f"messages('{call.ids[0]}')/attachments"), "value": shown})


def _part(call: Call) -> tuple[Message, Part]:
    message = call.own_message()
    part = _identified(call, message).get(call.ids[1])
    if part is None:
        raise item_not_found()
    return message, part


@endpoint("GET", "messages/*/attachments/*", kind="attachments", access="content")
def get_attachment(call: Call) -> Answer:
    """One attachment."""
    message, part = _part(call)
    context = call.context(f"messages('{call.ids[0]}')/attachments/$entity")
    return Answer(body={"@odata.context": context, **_shown(message, call.ids[1], part, _select(call), content=True)})


@endpoint("GET", "messages/*/attachments/*/$value", kind="attachment_value", access="content")
def attachment_value(call: Call) -> Answer:
    """The attachment's bytes, with its own content type."""
    _, part = _part(call)
    if part.is_reference:
        raise GraphError(405, "ErrorInvalidRequest", "A reference attachment has no content.")
    return Answer(body=part.content, headers={"Content-Type": part.content_type})
