"""Queue triggers: receive, run, renew, delete, release, poison, as the queue extension does it.

Every message is received with the host's invisibility and renewed at half time while its function runs. Success deletes
it with the receipt of the last renewal. Failure makes it visible after `visibilityTimeout`, or moves it to
`<queue>-poison` when it has been received `maxDequeueCount` times. A message received more often than that, after
crashes, goes there without running.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.host.bindings import QueueFunction
from local.host.config import QueueOptions
from local.host.polling import Backoff, decode
from local.host.protos import TypedData
from local.host.storage import error_code
from local.host.worker import Worker, log

POISON_SUFFIX = "-poison"


def _time(value: datetime | None) -> TypedData:
    return TypedData(json=json.dumps(value.isoformat() if value else None))


def trigger_metadata(queue: str, message: Any) -> dict[str, TypedData]:
    """What the function is told about a message. Numbers and times travel as JSON: the library takes no others."""
    return {
        "QueueTrigger": TypedData(string=queue),
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.pop_receipt),
        "DequeueCount": TypedData(json=str(message.dequeue_count)),
        "InsertionTime": _time(message.inserted_on),
        "ExpirationTime": _time(message.expires_on),
        "NextVisibleTime": _time(message.next_visible_on),
    }


class _Held:
    """One message that this host holds, and its receipt of the moment."""

    def __init__(self, client: QueueClient, message: QueueMessage, invisibility: int) -> None:
        self._client = client
        self._invisibility = invisibility
        self._receipt = str(message.pop_receipt)
        self._done = asyncio.Event()
        self.message = message
        self._renewer = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        wait = self._invisibility / 2
        while True:
            try:
                await asyncio.wait_for(self._done.wait(), wait)
            except TimeoutError:
                pass
            else:
                return
            try:
                answer = await self._client.update_message(
                    self.message, self._receipt, visibility_timeout=self._invisibility
                )
                self._receipt = str(answer.pop_receipt)
                wait = self._invisibility / 2
            except HttpResponseError as error:
                if error.status_code is not None and error.status_code < 500:
                    log.info("message %s is no longer ours (%s)", self.message.id, error_code(error))
                    return
                wait = self._invisibility / 8
            except AzureError:
                wait = self._invisibility / 8  # what is left of the time is enough for two more tries

    async def stop_renewing(self) -> None:
        """Wait for a renewal under way: cancelled, it might still take place and make the receipt stale."""
        self._done.set()
        await self._renewer

    async def delete(self) -> None:
        """Take the message off the queue. Where somebody else took it over, it is theirs."""
        with contextlib.suppress(ResourceNotFoundError):
            await self._settled(self._client.delete_message(self.message, self._receipt))

    async def release(self, seconds: float) -> None:
        """Let the message be received again after `seconds`."""
        with contextlib.suppress(ResourceNotFoundError):
            await self._settled(
                self._client.update_message(self.message, self._receipt, visibility_timeout=int(seconds))
            )

    async def _settled(self, call: Any) -> None:
        try:
            await call
        except HttpResponseError as error:
            if error.status_code != 400 or error_code(error) != "PopReceiptMismatch":
                raise
            log.info("message %s was taken over by another receiver", self.message.id)


class QueueListener:
    """Feeds the messages of one queue to its function until it is stopped."""

    def __init__(
        self,
        function: QueueFunction,
        worker: Worker,
        service: QueueServiceClient,
        options: QueueOptions,
        invisibility: int,
    ) -> None:
        self._function = function
        self._worker = worker
        self._client = service.get_queue_client(function.queue)
        self._poison = service.get_queue_client(function.queue + POISON_SUFFIX)
        self._options = options
        self._invisibility = invisibility
        self._backoff = Backoff(options.max_polling_interval)
        self._stopping = asyncio.Event()
        self._room = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._silent = False

    def stop(self) -> None:
        """Receive no more; what runs ends by itself."""
        self._stopping.set()
        self._room.set()

    async def run(self) -> None:
        """Receive until stopped, then wait for what runs."""
        while not self._stopping.is_set():
            batch = await self._receive()
            for message in batch:
                task = asyncio.create_task(self._process(message))
                self._running.add(task)
                task.add_done_callback(self._finished)
            if batch:
                self._backoff.found()
                await self._wait_for_room()
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._backoff.next())
        if self._running:
            await asyncio.wait(self._running)

    async def _wait_for_room(self) -> None:
        while len(self._running) > self._options.new_batch_threshold and not self._stopping.is_set():
            self._room.clear()
            await self._room.wait()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._room.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # the message stays invisible until its time is over, and is received again
            log.error("a message of queue %s could not be settled: %r", self._function.queue, error)

    async def _receive(self) -> list[QueueMessage]:
        """One request. Never cancelled: a batch that was handed out and not read would be invisible for long."""
        size = self._options.batch_size
        try:
            pages = self._client.receive_messages(
                messages_per_page=size, visibility_timeout=self._invisibility
            ).by_page()
            batch = [message async for message in await anext(pages)]
        except StopAsyncIteration:
            return []
        except ResourceNotFoundError:
            return []  # the queue does not exist yet: the same as empty
        except AzureError as error:
            if not self._silent:
                log.error(
                    "queue %s cannot be read, trying on: %s", self._function.queue, " ".join(str(error).split())[:300]
                )
            self._silent = True
            return []
        if self._silent:
            log.warning("queue %s can be read again", self._function.queue)
        self._silent = False
        return batch

    async def _process(self, message: QueueMessage) -> None:
        held = _Held(self._client, message, self._invisibility)
        succeeded = False
        reason = ""
        count = int(message.dequeue_count or 0)
        if count > self._options.max_dequeue_count:
            reason = f"received {count} times"
        else:
            try:
                body = decode(str(message.content), self._options.message_encoding)
            except ValueError as error:
                reason = f"not {self._options.message_encoding}: {error}"
            else:
                function = self._function
                outcome = await self._worker.invoke(
                    function.name,
                    function.function_id,
                    function.parameter,
                    TypedData(string=body),
                    trigger_metadata(function.queue, message),
                )
                succeeded = outcome.succeeded
                if not succeeded and count >= self._options.max_dequeue_count:
                    reason = f"failed {count} times"
        await held.stop_renewing()
        if reason:
            await self._to_poison(message, reason)
        if succeeded or reason:
            await held.delete()
        else:
            await held.release(self._options.visibility_timeout)

    async def _to_poison(self, message: QueueMessage, reason: str) -> None:
        log.warning("message %s goes to queue %s: %s", message.id, self._poison.queue_name, reason)
        try:
            await self._poison.send_message(message.content)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                await self._poison.create_queue()
            await self._poison.send_message(message.content)
