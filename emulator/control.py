"""The control plane: what tests and people do to the emulator. The same methods answer over HTTP under
``/_emulator/``."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, cast

from emulator import faults as fault_script
from emulator.clock import iso, parse_iso
from emulator.entra import TokenFault
from emulator.errors import EmulatorError
from emulator.graph.subscriptions import Subscriptions
from emulator.limits import Limits
from emulator.reports import dump_mailbox
from emulator.sink import Program, Sink
from emulator.state import Mailbox, Message
from emulator.tenants import EXCHANGE_AUDIENCE, FederatedCredential
from emulator.world import World

Json = dict[str, Any]
OPERATIONS: dict[str, Callable[..., object]] = {}
_TIMEOUT = 120.0


def operation[F: Callable[..., Any]](method: F) -> F:
    """Run the method in the event loop's thread, from wherever it is called; offer it over HTTP."""

    @functools.wraps(method)
    def call(self: Control, *args: Any, **kwargs: Any) -> Any:
        return self.in_loop(functools.partial(method, self, *args, **kwargs))

    OPERATIONS[method.__name__] = method
    return cast("F", call)


class Control:
    """Everything that can be done to the emulator; thread-safe. Times are ISO texts, ids of either format are
    accepted."""

    def __init__(self, world: World, subscriptions: Subscriptions, sink: Sink, loop: asyncio.AbstractEventLoop) -> None:
        self._world = world
        self._subscriptions = subscriptions
        self._sink = sink
        self._loop = loop
        self._thread = threading.get_ident()

    def in_loop[R](self, action: Callable[[], R]) -> R:
        """Run in the loop's thread and wait."""
        if threading.get_ident() == self._thread:
            return action()
        future: Future[R] = Future()

        def run() -> None:
            try:
                future.set_result(action())
            except BaseException as error:  # noqa: BLE001 (raised again in the caller's thread)
                future.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return future.result(_TIMEOUT)

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

    # -- Entra

    @operation
    def create_tenant(self, tenant_id: str | None = None) -> Json:
        """Another tenant beside the one that is there from the start."""
        return {"tenant_id": self._world.tenants.add_tenant(tenant_id).id}

    @operation
    def create_app(
        self,
        client_id: str | None = None,
        tenant_id: str | None = None,
        secret: str | None = None,
        roles: Sequence[str] = (),
    ) -> Json:
        """Register an app; ``roles`` are consented at once."""
        app = self._world.tenants.add_app(tenant_id or self._world.tenant_id, client_id)
        if secret:
            app.secrets.append(secret)
        principal = self._world.tenants.principal(app.client_id)
        principal.roles = list(roles)
        return {"client_id": app.client_id, "tenant_id": app.tenant_id, "object_id": principal.object_id}

    @operation
    def create_managed_identity(self, client_id: str | None = None, tenant_id: str | None = None) -> Json:
        """A user-assigned managed identity that ``/msi/token`` issues tokens for."""
        app = self._world.tenants.add_app(tenant_id or self._world.tenant_id, client_id, managed_identity=True)
        principal = self._world.tenants.principal(app.client_id)
        return {"client_id": app.client_id, "tenant_id": app.tenant_id, "object_id": principal.object_id}

    @operation
    def create_federated_credential(
        self, client_id: str, subject: str, issuer: str | None = None, audience: str = EXCHANGE_AUDIENCE
    ) -> Json:
        """Let an app accept the tokens of this subject; without an issuer, of the app's tenant. Replaces none."""
        app = self._world.tenants.app(client_id)
        credential = FederatedCredential(issuer or self._world.entra.issuer(app.tenant_id), subject, audience)
        app.federated.append(credential)
        return asdict(credential)

    @operation
    def remove_federated_credentials(self, client_id: str) -> None:
        """Take all federated credentials of an app away."""
        self._world.tenants.app(client_id).federated.clear()

    @operation
    def set_secrets(self, client_id: str, secrets: Sequence[str]) -> None:
        """The secrets that an app accepts."""
        self._world.tenants.app(client_id).secrets[:] = secrets

    @operation
    def set_consent(self, roles: Sequence[str], client_id: str | None = None, tenant_id: str | None = None) -> None:
        """The application permissions consented in the tenant, as in new tokens' ``roles``; an empty list withdraws
        all. A multi-tenant app gets its principal in another tenant this way."""
        self._world.tenants.principal(client_id or self._world.client_id, tenant_id).roles = list(roles)

    @operation
    def set_exchange_scope(
        self,
        mailboxes: Sequence[str],
        roles: Sequence[str] = ("Mail.ReadWrite",),
        client_id: str | None = None,
        tenant_id: str | None = None,
    ) -> None:
        """Exchange RBAC for Applications: exactly these mailboxes for these roles; no mailboxes takes the grant
        away."""
        principal = self._world.tenants.principal(client_id or self._world.client_id, tenant_id)
        for role in roles:
            principal.scopes[role] = {address.lower() for address in mailboxes}

    @operation
    def disable_app(self, client_id: str, disabled: bool = True, tenant_id: str | None = None) -> None:
        """Disable an app's principal (AADSTS7000112)."""
        self._world.tenants.principal(client_id, tenant_id).disabled = disabled

    @operation
    def fail_tokens(self, code: int, times: int = 1, status: int | None = None, client_id: str | None = None) -> None:
        """The next token requests fail with this AADSTS code; ``times`` -1 is for ever, 0 ends it."""
        if times == 0:
            self._world.entra.faults.clear()
        else:
            self._world.entra.faults.append(TokenFault(code, times, status, client_id))

    @operation
    def refuse_tokens(self, client_id: str | None = None, claims_challenge: bool = False) -> None:
        """Graph answers 401 to all tokens issued so far (of one app); new ones are good."""
        self._world.tokens_refused_until[client_id or ""] = self._world.entra.issued
        self._world.claims_challenge = claims_challenge

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
