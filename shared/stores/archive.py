"""The blob archive: every mail as EML, with its attachments beside it.

Layout: `m/{company}/{message}/mail.eml` and `m/{company}/{message}/a/{index}`. No blob is shared between messages, so that erasure and
hold are a prefix; no name that a sender chose is in a path. A mail is committed with If-None-Match: `*` and never fetched again.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, ContentSettings
from azure.storage.blob.aio import BlobClient, ContainerClient

from shared.effect import effect
from shared.errors import NotFound, PermanentError
from shared.model.base import Model
from shared.stores.connection import Credential, StorageConnection, client_options, endpoint, once_more, translated

CONTAINER = "archive"
BLOCK = 4 * 1024 * 1024
"""Bytes that are held before they are written as one block."""
READ_CHUNK = 2 * 1024 * 1024


class StoredBlob(Model):
    """What was stored: path below the container, bytes, SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


def mail_path(company: str, message: str) -> str:
    """Path of a mail's EML."""
    return f"m/{company}/{message}/mail.eml"


def attachment_path(company: str, message: str, index: int) -> str:
    """Path of an attachment by its index in the mail."""
    return f"m/{company}/{message}/a/{index:02d}"


class BlobWriter:
    """Streams one blob: blocks are staged as they fill, and nothing exists until `commit`.

    The blob is committed only if there is none yet. A second writer of the same path finds the first one's blob and uses that.
    """

    def __init__(self, archive: Archive, path: str, name: str, content_type: str, limit: int | None = None) -> None:
        self._archive = archive
        self._path = path
        self._name = name
        self._content_type = content_type
        self._limit = limit
        self._buffer = bytearray()
        self._blocks: list[str] = []
        self._hash = hashlib.sha256()
        self._attempt = secrets.token_hex(4)
        self.size = 0

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            PermanentError: more than the limit; nothing was committed.
        """
        self.size += len(data)
        if self._limit is not None and self.size > self._limit:
            raise PermanentError(f"larger than the limit of {self._limit // (1024 * 1024)} MiB")
        self._hash.update(data)
        self._buffer += data
        if len(self._buffer) >= BLOCK:
            await self._stage()

    async def commit(self) -> StoredBlob:
        """Make the blob exist, once; the blob that was there before counts as well."""
        digest = self._hash.hexdigest()
        settings = ContentSettings(content_type=self._content_type)
        options: dict[str, Any] = {
            "content_settings": settings,
            "metadata": {"sha256": digest, "size": str(self.size)},
            "match_condition": MatchConditions.IfMissing,
        }
        client = self._archive.client(self._path)
        try:
            if self._blocks:
                if self._buffer:
                    await self._stage()
                async with effect(f"blob.{self._name}"):
                    await client.commit_block_list([BlobBlock(block_id=block) for block in self._blocks], **options)
            else:
                async with effect(f"blob.{self._name}"):
                    await client.upload_blob(bytes(self._buffer), length=len(self._buffer), overwrite=False, **options)
        except (ResourceExistsError, ResourceModifiedError):
            existing = await self._archive.stored(self._path)
            if existing is not None:
                return existing
            raise
        except AzureError as error:
            raise translated(error, "write to the archive") from None
        return StoredBlob(path=self._path, size=self.size, sha256=digest)

    async def _stage(self) -> None:
        # Ids of one attempt never meet those of another, so two writers of one path cannot mix their blocks.
        block = base64.b64encode(f"{self._attempt}-{len(self._blocks):06d}".encode()).decode()
        try:
            async with effect(f"blob.{self._name}.block"):
                await self._archive.client(self._path).stage_block(block, bytes(self._buffer), length=len(self._buffer))
        except AzureError as error:
            raise translated(error, "write to the archive") from None
        self._blocks.append(block)
        self._buffer.clear()


class Archive:
    """The container with all mails. Connects at the first call."""

    def __init__(self, connection: StorageConnection, credential: Credential) -> None:
        self._connection = connection
        self._credential = credential
        self._container: ContainerClient | None = None

    def client(self, path: str) -> BlobClient:
        """SDK client of one blob, for this package."""
        if self._container is None:
            options = client_options(self._connection)
            # One request a blob of the usual size; the writer above keeps the blocks.
            options |= {
                "max_single_put_size": BLOCK,
                "max_single_get_size": READ_CHUNK,
                "max_chunk_get_size": READ_CHUNK,
            }
            if self._connection.connection_string:
                self._container = ContainerClient.from_connection_string(
                    self._connection.connection_string, CONTAINER, **options
                )
            else:
                uri = endpoint(self._connection.blob_uri, "blob")
                self._container = ContainerClient(uri, CONTAINER, credential=self._credential(), **options)
        return self._container.get_blob_client(path)

    def mail_writer(self, company: str, message: str, *, limit: int | None) -> BlobWriter:
        """Writer for a mail's EML; `limit` in bytes."""
        return BlobWriter(self, mail_path(company, message), "mail", "message/rfc822", limit)

    def attachment_writer(self, company: str, message: str, index: int) -> BlobWriter:
        """Writer for an attachment. Its type is not the sender's: browsers shall never guess from it."""
        return BlobWriter(self, attachment_path(company, message, index), "attachment", "application/octet-stream")

    async def stored(self, path: str) -> StoredBlob | None:
        """What is stored at a path, or None."""
        try:
            properties = await once_more(lambda: self.client(path).get_blob_properties())
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise translated(error, "read from the archive") from None
        return StoredBlob(path=path, size=properties.size, sha256=properties.metadata.get("sha256", ""))

    async def read(self, path: str) -> AsyncIterator[bytes]:
        """The blob in chunks of at most 2 MiB.

        Raises:
            NotFound: there is none.
        """
        try:
            download = await once_more(lambda: self.client(path).download_blob())
            async for chunk in download.chunks():
                yield chunk
        except ResourceNotFoundError:
            raise NotFound("the archive does not hold this") from None
        except AzureError as error:
            raise translated(error, "read from the archive") from None

    async def paths(self, prefix: str = "m/") -> AsyncIterator[str]:
        """Every stored path below a prefix."""
        self.client("-")
        assert self._container is not None  # noqa: S101 - made one line above
        try:
            async for name in self._container.list_blob_names(name_starts_with=prefix):
                yield name
        except AzureError as error:
            raise translated(error, "list the archive") from None

    async def aclose(self) -> None:
        """End connections."""
        if self._container is not None:
            await self._container.close()
            self._container = None
