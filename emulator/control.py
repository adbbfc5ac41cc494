"""The control plane: what tests and people do to the emulator. The same methods answer over HTTP under
``/_emulator/``."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from emulator import faults as fault_script
from emulator.clock import iso, parse_iso
from emulator.control_base import OPERATIONS, Json, operation
from emulator.control_people import PeopleControl
from emulator.errors import EmulatorError
from emulator.graph.subscriptions import Subscriptions
from emulator.limits import Limits
from emulator.reports import dump_mailbox
from emulator.sink import Program, Sink
from emulator.state import Mailbox, Message
from emulator.world import World

__all__ = ["OPERATIONS", "Control"]


class Control(PeopleControl):
    """Everything that can be done to the emulator; thread-safe. Times are ISO texts, ids of either format are
    accepted."""

    def __init__(self, world: World, subscriptions: Subscriptions, sink: Sink, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(world, loop)
        self._subscriptions = subscriptions
        self._sink = sink

    # -- everything

    @operation
    def reset(self, keep_mailboxes: bool = False) -> None:
        """Back to the start: faults, limits, latencies, switches, counters, sink and subscriptions; mailboxes and
        apps too unless they are kept."""
        self._world.reset(keep_mailboxes=keep_mailboxes)
        self._subscriptions.clear()
        self._sink.clear()

    @operation
    def advance(self, seconds: float) -> str:
        """Let time pass in the emulator; answers its new time."""
        self._world.clock.advance(seconds)
        return iso(self._world.clock.utc())

    @operation
    def behaviour(self) -> Json:
        """The switches as they are."""
        return asdict(self._world.behaviour)

    @operation
    def set_behaviour(self, **switches: Any) -> Json:
        """Set switches; ``emulator.behaviour.Behaviour`` says what they are."""
        known = {f.name for f in fields(self._world.behaviour)}
        if unknown := set(switches) - known:
            raise EmulatorError(f"no switch {', '.join(sorted(unknown))}")
        for name, value in switches.items():
            setattr(self._world.behaviour, name, value)
        return asdict(self._world.behaviour)

    # -- mailboxes

    @operation
    def create_mailbox(
        self,
        address: str,
        folders: Sequence[str] = (),
        language: str = "en",
        tenant_id: str | None = None,
        display_names: Mapping[str, str] | None = None,
    ) -> Json:
        """A mailbox with Outlook's folders in a language (en, da, nl, de, sv), and more folders by path
        (``inbox/Done``). ``display_names`` renames well-known folders."""
        mailbox = self._world.add_mailbox(address, tenant_id, language)
        mailbox.on_change = self._subscriptions.on_change
        for well_known, name in (display_names or {}).items():
            mailbox.folder_by_path(well_known).display_name = name
        for path in folders:
            mailbox.folder_by_path(path, create=True)
        return {
            "address": mailbox.address,
            "user_id": mailbox.user_id,
            "folders": {folder.path: folder.id for folder in mailbox.folders.values() if folder.path},
        }

    @operation
    def create_folder(self, mailbox: str, path: str, hidden: bool = False, search: bool = False) -> Json:
        """A folder by path; hidden, or a search folder."""
        folder = self._world.mailbox(mailbox).folder_by_path(path, create=True)
        folder.hidden, folder.is_search = hidden, search
        return {"id": folder.id, "path": folder.path}

    @operation
    def rename_folder(self, mailbox: str, path: str, name: str) -> Json:
        """Another name for a folder, as a person gives it; its id stays."""
        folder = self._world.mailbox(mailbox).folder_by_path(path)
        folder.display_name = name
        return {"id": folder.id, "path": folder.path}

    @operation
    def deliver(
        self,
        mailbox: str,
        content: bytes | None = None,
        path: str | Path | None = None,
        folder: str = "inbox",
        received: str | None = None,
        is_read: bool = False,
        categories: Sequence[str] = (),
    ) -> Json:
        """Put a mail (bytes, or a file that is copied) into a folder. The ids follow from seed, address and a
        counter."""
        return self._deliver(self._world.mailbox(mailbox), content, path, folder, received, is_read, categories)

    def _deliver(
        self,
        box: Mailbox,
        content: bytes | None,
        path: str | Path | None,
        folder: str,
        received: str | None,
        is_read: bool,
        categories: Sequence[str] = (),
    ) -> Json:
        target = box.folder_by_path(folder, create=True)
        file = box.next_file()
        if content is not None:
            file.write_bytes(content)
        elif path is not None:
            shutil.copyfile(path, file)
        else:
            raise EmulatorError("deliver needs content or path")
        moment = parse_iso(received) if received else self._world.clock.utc()
        message = box.add_message(file, target, moment, is_read=is_read)
        message.categories = list(categories)
        return {"immutable_id": message.immutable_id, "id": message.default_id, "folder_id": target.id}

    @operation
    def load_directory(
        self, mailbox: str, directory: str | Path, folder: str = "inbox", limit: int | None = None
    ) -> list[Json]:
        """Deliver the mails of ``manifest.json``, or else every ``*.eml`` in the order of their names."""
        box, root = self._world.mailbox(mailbox), Path(directory)
        manifest = root / "manifest.json"
        if manifest.exists():
            entries = json.loads(manifest.read_text("utf-8"))["mails"]
        else:
            entries = [{"file": path.name} for path in sorted(root.glob("*.eml"))]
        return [
            {"file": entry["file"]}
            | self._deliver(
                box,
                None,
                root / entry["file"],
                entry.get("folder", folder),
                entry.get("received"),
                bool(entry.get("is_read", False)),
                entry.get("categories", ()),
            )
            for entry in entries[:limit]
        ]

    def _message(self, mailbox: str, message: str) -> tuple[Mailbox, Message]:
        box = self._world.mailbox(mailbox)
        found = box.find(message)
        if found is None:
            raise EmulatorError(f"{mailbox} has no message {message!r}")
        return box, found

    @operation
    def move_message(self, mailbox: str, message: str, folder: str) -> Json:
        """Move a message, as a person would."""
        box, found = self._message(mailbox, message)
        box.move(found, box.folder_by_path(folder, create=True))
        return {"immutable_id": found.immutable_id, "id": found.default_id}

    @operation
    def delete_message(self, mailbox: str, message: str, permanently: bool = False) -> None:
        """Delete a message, as a person would: to Deleted Items, or for good."""
        box, found = self._message(mailbox, message)
        if permanently:
            box.remove(found, "purged")
        else:
            box.move(found, box.well_known["deleteditems"])

    @operation
    def update_message(
        self, mailbox: str, message: str, is_read: bool | None = None, categories: Sequence[str] | None = None
    ) -> None:
        """Mark or categorise a message, as a person would."""
        box, found = self._message(mailbox, message)
        if is_read is not None:
            found.is_read = is_read
        if categories is not None:
            found.categories = list(categories)
        box.changed(found)

    @operation
    def dump(self, mailbox: str) -> Json:
        """All that a mailbox holds: ``folders``, ``messages``, ``gone``, ``sent``."""
        return dump_mailbox(self._world.mailbox(mailbox))

    @operation
    def expire_delta(self, mailbox: str, folder: str | None = None) -> None:
        """Forget sync states: their links answer 410."""
        box = self._world.mailbox(mailbox)
        for found in [box.folder_by_path(folder)] if folder else list(box.folders.values()):
            found.generations.clear()

    # -- limits, faults, counters

    @operation
    def set_limits(
        self, requests: int | None = None, window_seconds: float | None = None, concurrency: int | None = None
    ) -> Json:
        """The allowance of each pair of app and mailbox."""
        limits = self._world.limiter.limits
        self._world.limiter.limits = Limits(
            requests or limits.requests, window_seconds or limits.window_seconds, concurrency or limits.concurrency
        )
        return asdict(self._world.limiter.limits)

    @operation
    def set_latency(self, **milliseconds: float) -> Json:
        """How long requests of a kind take (``list=20, value=60``); the slot is held meanwhile."""
        self._world.latency_ms.update(milliseconds)
        return dict(self._world.latency_ms)

    @operation
    def add_faults(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Append to the script of faults; ``emulator.faults.Fault`` says what an entry is."""
        self._world.faults.add([fault_script.parse(dict(fault)) for fault in faults])

    @operation
    def clear_faults(self) -> None:
        """Forget the script."""
        self._world.faults.faults.clear()

    @operation
    def faults(self) -> list[Json]:
        """The script with how often each entry was ``seen`` and ``fired``."""
        return self._world.faults.report()

    @operation
    def counters(self) -> Json:
        """``lanes`` (one per app and mailbox: charged by kind, throttled, max_in_flight, early_retries),
        ``round_trips``, token requests, notifications."""
        notifier = self._subscriptions.notifier
        return {
            "lanes": [lane.report() for lane in self._world.limiter.lanes.values() if lane.charged],
            "round_trips": dict(self._world.round_trips),
            "tokens": {"requests": self._world.entra.requests, "issued": self._world.entra.issued},
            "notifications": {
                "delivered": notifier.delivered,
                "failed_attempts": notifier.failed_attempts,
                "dropped": notifier.dropped,
            },
        }

    @operation
    def reset_counters(self) -> None:
        """Counters and allowances begin again."""
        self._world.limiter.clear()
        self._world.round_trips.clear()

    # -- subscriptions and the sink

    @operation
    def subscriptions(self) -> list[Json]:
        """All subscriptions."""
        return [subscription.json() for subscription in self._subscriptions.all.values()]

    @operation
    def send_lifecycle(self, subscription_id: str, event: str) -> None:
        """Send reauthorizationRequired, subscriptionRemoved or missed."""
        self._subscriptions.send_lifecycle(self._subscription(subscription_id), event)

    @operation
    def remove_subscription(self, subscription_id: str, tell: bool = True) -> None:
        """Remove a subscription as Graph would, with subscriptionRemoved."""
        found = self._subscription(subscription_id)
        if tell and found.lifecycle_url:
            self._subscriptions.send_lifecycle(found, "subscriptionRemoved")
        self._subscriptions.remove(found)

    def _subscription(self, identifier: str) -> Any:
        if identifier not in self._subscriptions.all:
            raise EmulatorError(f"no subscription {identifier!r}")
        return self._subscriptions.all[identifier]

    @operation
    def program_sink(self, name: str, **program: Any) -> None:
        """How the sink answers to a name; ``emulator.sink.Program`` says what can be set."""
        if unknown := set(program) - {f.name for f in fields(Program)}:
            raise EmulatorError(f"no sink setting {', '.join(sorted(unknown))}")
        self._sink.program(name, Program(**program))

    @operation
    def sink(self, name: str) -> list[Json]:
        """What came to a name, oldest first, with the body as ``text`` and ``base64``."""
        return self._sink.recorded(name)

    @operation
    def clear_sink(self, name: str | None = None) -> None:
        """Forget what came, and the programs, of one name or all."""
        self._sink.clear(name)
