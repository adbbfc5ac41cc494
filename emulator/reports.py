"""What the control plane shows of a mailbox."""

from __future__ import annotations

from typing import Any

from emulator.clock import iso
from emulator.state import Mailbox, Message


def _message(message: Message) -> dict[str, Any]:
    return {
        "immutable_id": message.immutable_id,
        "id": message.default_id,
        "subject": message.summary.subject,
        "internet_message_id": message.summary.message_id,
        "folder": message.folder.path if message.folder else "",
        "folder_id": message.folder.id if message.folder else "",
        "received": iso(message.received),
        "is_read": message.is_read,
        "is_draft": message.is_draft,
        "categories": list(message.categories),
        "flag": message.flag["flagStatus"],
        "moves": message.client_moves,
        "relocations": message.moves,
        "patches": message.patches,
        "copies": message.copies,
        "been": list(message.been),
        "gone": message.gone,
    }


def dump_mailbox(mailbox: Mailbox) -> dict[str, Any]:
    """Folders, messages that are there, messages that are gone, and what was sent."""
    everything = [_message(message) for message in mailbox.everything.values()]
    return {
        "address": mailbox.address,
        "user_id": mailbox.user_id,
        "folders": [
            {
                "id": folder.id,
                "path": folder.path,
                "display_name": folder.display_name,
                "well_known": folder.well_known,
                "hidden": folder.hidden,
                "messages": len(folder.messages),
            }
            for folder in mailbox.root.walk()
            if folder.parent is not None
        ],
        "messages": [message for message in everything if not message["gone"]],
        "gone": [message for message in everything if message["gone"]],
        "sent": list(mailbox.sent),
    }
