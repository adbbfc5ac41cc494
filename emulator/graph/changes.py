"""Changing messages: move, copy, update, delete (Graph: message-move, -copy, -update, -delete, -permanentdelete)."""

from __future__ import annotations

from typing import Any

from emulator.errors import GraphError, bad_request
from emulator.graph.call import Answer, Call, Json, endpoint
from emulator.graph.drafts import update_draft
from emulator.graph.odata import read_select
from emulator.graph.views import LEAN, message_json
from emulator.state import Folder, Message

_FLAG_STATES = ("notFlagged", "flagged", "complete")
_IMPORTANCES = ("low", "normal", "high")


def _shown(call: Call, message: Message) -> Json:
    return {
        "@odata.context": call.context("messages/$entity"),
        **message_json(call, message, read_select(call.query) or LEAN),
    }


def _check_etag(call: Call, message: Message) -> None:
    wanted = call.headers.get("If-Match")
    if wanted and wanted != "*" and call.world.behaviour.honour_if_match and wanted != message.etag:
        message_text = "The send or update operation could not be performed because the change key does not match."
        raise GraphError(412, "ErrorIrresolvableConflict", message_text)


def _destination(call: Call) -> Folder:
    destination = call.json().get("destinationId") or call.json().get("DestinationId")
    if not isinstance(destination, str) or not destination:
        raise bad_request("The parameter 'destinationId' is required.", "ErrorInvalidRequest")
    return call.folder(destination)


@endpoint("POST", "messages/*/move", kind="move", access="write")
def move(call: Call) -> Answer:
    """201: the message has another default id, and the same immutable id."""
    message, target = call.own_message(), _destination(call)
    call.mailbox.move(message, target)
    message.client_moves += 1
    return Answer(201, _shown(call, message))


@endpoint("POST", "messages/*/copy", kind="copy", access="write")
def copy(call: Call) -> Answer:
    """201 with a new item."""
    message, target = call.own_message(), _destination(call)
    return Answer(201, _shown(call, call.mailbox.copy(message, target)))


@endpoint("PATCH", "messages/*", kind="patch", access="write")
def update(call: Call) -> Answer:
    """What may change at any time: isRead, categories, flag, importance and a few more; drafts change as a whole."""
    message, body = call.own_message(), call.json()
    _check_etag(call, message)
    wanted = {name: value for name, value in body.items() if not name.startswith("@")}
    changed = False
    for name, value in wanted.items():
        changed |= _set(message, name, value)
    if update_draft(call, message, wanted):
        changed = True
    if changed:
        message.patches += 1
        call.mailbox.changed(message)
    return Answer(200, _shown(call, message))


def _set(message: Message, name: str, value: Any) -> bool:
    """Set a property; whether it had another value before."""
    match name:
        case "isRead":
            changed = message.is_read != bool(value)
            message.is_read = bool(value)
        case "categories":
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise bad_request("The value of 'categories' must be a list of text.", "ErrorInvalidRequest")
            changed = message.categories != value
            message.categories = list(value)
        case "flag":
            if not isinstance(value, dict) or value.get("flagStatus", "notFlagged") not in _FLAG_STATES:
                raise bad_request("The value of 'flag' is invalid.", "ErrorInvalidRequest")
            flag = {"flagStatus": "notFlagged"} | {k: v for k, v in value.items() if not k.startswith("@")}
            changed = message.flag != flag
            message.flag = flag
        case "importance":
            if value not in _IMPORTANCES:
                raise bad_request("The value of 'importance' is invalid.", "ErrorInvalidRequest")
            changed = (message.importance or message.summary.importance) != value
            message.importance = value
        case "inferenceClassification":
            changed = message.inference != value
            message.inference = str(value)
        case "isReadReceiptRequested":
            changed = message.read_receipt != bool(value)
            message.read_receipt = bool(value)
        case _:
            changed = False
    return changed


@endpoint("DELETE", "messages/*", kind="delete", access="write")
def delete(call: Call) -> Answer:
    """204: to Deleted Items, and from there out of reach (Recoverable Items)."""
    message = call.own_message()
    _check_etag(call, message)
    deleted_items = call.mailbox.well_known["deleteditems"]
    if message.folder and any(message.folder is folder for folder in deleted_items.walk()):
        call.mailbox.remove(message, "recoverable")
    else:
        call.mailbox.move(message, deleted_items)
    return Answer(204)


@endpoint("POST", "messages/*/permanentdelete", kind="permanent_delete", access="write")
def permanent_delete(call: Call) -> Answer:
    """204: to the purges, where only a hold keeps it. Exists in the global cloud only."""
    if not call.world.behaviour.permanent_delete:
        raise bad_request("Resource not found for the segment 'permanentDelete'.")
    call.mailbox.remove(call.own_message(), "purged")
    return Answer(204)
