"""Queue tasks: ids only, typed and versioned. A version is never changed: fields are added with defaults, or `v` is raised.

Each queue takes one kind of task. Code reads version `v` and the one before it.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError

from shared.errors import InvalidTask
from shared.model.base import Identifier, MessageId, Model

LIMIT = 48 * 1024
"""Bytes of JSON that fit into a storage queue message (64 KiB) after base64."""


class Queue(StrEnum):
    """Queues of the product, by what they carry."""

    MAILBOX = "mailbox"
    IMAP = "imap"
    CLASSIFY = "classify"
    ACT = "act"
    DELIVER = "deliver"


class Task(Model):
    """Base of all tasks."""

    queue: ClassVar[Queue]
    v: Literal[1] = 1

    def encode(self) -> str:
        """The queue message: compact JSON, keys in the order of definition."""
        return self.model_dump_json()

    @classmethod
    def decode(cls, body: str | bytes) -> Self:
        """Read a queue message.

        Raises:
            InvalidTask: not JSON, not this task, or a version that this code does not read. The text says which.
        """
        raw = body.encode() if isinstance(body, str) else body
        if len(raw) > LIMIT:
            raise InvalidTask(f"a task of queue {cls.queue} has at most {LIMIT} bytes, this one {len(raw)}")
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            raise InvalidTask(f"not JSON, so not a task of queue {cls.queue}") from None
        if not isinstance(data, dict):
            raise InvalidTask(f"not a JSON object, so not a task of queue {cls.queue}")
        version = data.get("v")
        if version != 1:
            raise InvalidTask(f"version {version!r} of a {cls.queue} task is not one that this program reads (1)")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            fields = ", ".join(
                ".".join(str(part) for part in item["loc"]) or "the whole" for item in error.errors()[:5]
            )
            raise InvalidTask(f"not a task of queue {cls.queue}: {fields}") from None


class MailboxTask(Task):
    """Work on a lane: list, fetch, and what must be done in the mailbox."""

    queue = Queue.MAILBOX
    company: Identifier
    mailbox: Identifier
    list: bool = True
    """False: only what is waiting to be done in the mailbox; the folder was listed lately."""


class ImapTask(MailboxTask):
    """The same, for a mailbox that is read by IMAP: a function of its own, whose connections are slower and held longer."""

    queue = Queue.IMAP


class ClassifyTask(Task):
    """Decide about one message, and carry the decision out."""

    queue = Queue.CLASSIFY
    message: MessageId
    generation: Annotated[int, Field(ge=1, le=10_000)] = 1


class ActTask(Task):
    """Go on with a message that was given back, or run it again."""

    queue = Queue.ACT
    message: MessageId
    generation: Annotated[int, Field(ge=1, le=10_000)] = 1


class DeliverTask(Task):
    """Send what waits for one subscriber about one subject, in order."""

    queue = Queue.DELIVER
    company: Identifier
    subscriber: Identifier
    subject: Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]{1,64}$")]


TASKS: dict[Queue, type[Task]] = {
    task.queue: task for task in (MailboxTask, ImapTask, ClassifyTask, ActTask, DeliverTask)
}
