"""The queues: the product puts its own tasks, after the state that they stand for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from shared.effect import effect
from shared.model.base import Model
from shared.model.task import Queue, Task
from shared.stores.connection import Credential, StorageConnection, client_options, endpoint, translated

POISON = "-poison"
"""The host's ending for the queue that takes what failed too often."""


class PoisonMessage(Model):
    """A message that the host gave up on, as it came."""

    queue: Queue
    id: str
    receipt: str
    body: str


class Queues:
    """All queues of the host account. Connects at the first call."""

    def __init__(self, connection: StorageConnection, credential: Credential) -> None:
        self._connection = connection
        self._credential = credential
        self._clients: dict[str, QueueClient] = {}

    async def put(self, task: Task, *, delay: float = 0) -> None:
        """Put a task. `delay` in seconds is for spreading load, at most a minute: planned waiting is a row in `due`."""
        async with effect(f"queue.{task.queue}"):
            try:
                await self._client(task.queue).send_message(
                    task.encode(), visibility_timeout=round(min(delay, 60)), time_to_live=-1
                )
            except AzureError as error:
                raise translated(error, f"put a task into queue {task.queue}") from None

    async def waiting(self, queue: Queue) -> int:
        """About how many tasks wait in a queue."""
        try:
            properties = await self._client(queue).get_queue_properties()
        except AzureError as error:
            raise translated(error, f"look at queue {queue}") from None
        return int(properties.approximate_message_count or 0)

    async def poison(self, queue: Queue, *, limit: int = 32) -> Sequence[PoisonMessage]:
        """Messages in the poison queue; each stays invisible for a minute."""
        try:
            # Raw text: what nobody could decode must still be readable here.
            client = self._client(queue + POISON, raw=True)
            pages = client.receive_messages(max_messages=limit, messages_per_page=limit, visibility_timeout=60)
            found = [
                PoisonMessage(
                    queue=queue, id=message.id, receipt=message.pop_receipt or "", body=_text(message.content)
                )
                async for message in pages
            ]
        except ResourceNotFoundError:
            return []  # the host makes a poison queue when it first needs it
        except AzureError as error:
            raise translated(error, f"read the poison queue of {queue}") from None
        return found

    async def remove_poison(self, message: PoisonMessage) -> None:
        """Delete a message from its poison queue, after it was recorded."""
        async with effect("queue.poison.delete"):
            try:
                await self._client(message.queue + POISON, raw=True).delete_message(message.id, message.receipt)
            except ResourceNotFoundError:
                return
            except AzureError as error:
                raise translated(error, f"delete from the poison queue of {message.queue}") from None

    async def aclose(self) -> None:
        """End connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    def _client(self, name: str, *, raw: bool = False) -> QueueClient:
        client = self._clients.get(name)
        if client is None:
            options = client_options(self._connection)
            if not raw:
                options["message_encode_policy"] = (
                    TextBase64EncodePolicy()
                )  # what host.json says: messageEncoding base64
            if self._connection.connection_string:
                client = QueueClient.from_connection_string(self._connection.connection_string, name, **options)
            else:
                uri = endpoint(self._connection.queue_uri, "queue")
                client = QueueClient(uri, name, credential=self._credential(), **options)
            self._clients[name] = client
        return client


def _text(content: object) -> str:
    text = str(content)
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return text
