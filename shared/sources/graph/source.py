"""A mailbox of Exchange Online as a mail source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from shared.effect import effect
from shared.errors import MessageGone, NotFound, ServiceUnavailable
from shared.sources.base import MailPage, SourceFolder
from shared.sources.graph.client import GraphClient, RefusedError
from shared.sources.graph.errors import FOLDER_GONE, ITEM_GONE, MAYBE
from shared.sources.graph.folders import Folders
from shared.sources.graph.listing import mail_page, safe_link

if TYPE_CHECKING:
    from shared.sources.graph.requests import Requests
    from shared.sources.graph.session import Session

LARGEST_PAGE = 1000


class GraphSource:
    """One mailbox, reached with the application's own permission. Implements `MailSource`.

    Construction connects to nothing. Folders that were found are remembered for the life of the instance, so make one
    for each run of the lane; `total` of a folder is as of when it was looked up.

    Args:
        client: the client of the application and tenant; shared, and not closed by the source.
        address: the mailbox: its address, or the id of its user.
    """

    kind = "graph"

    def __init__(self, client: GraphClient, address: str) -> None:
        self._client = client
        self._address = address
        self._made_for: Session | None = None
        self._requests_: Requests
        self._folders_: Folders

    async def folder(self, path: str) -> SourceFolder | None:
        """See `MailSource`. One request for each level and hundred folders, or for the inbox; none when remembered."""
        with _told():
            return await self._folders.find(path)

    async def create_folder(self, path: str) -> SourceFolder:
        """See `MailSource`. A folder that somebody made in the meantime is used."""
        with _told():
            return await self._folders.create(path)

    async def list(self, folder: SourceFolder, *, page: str | None = None, size: int = 200) -> MailPage:
        """See `MailSource`. The pages of Graph count from the start: read all of them before mails are moved away.

        Raises:
            NotFound: the folder is not there any more.
            PermanentError: the next link leads to another host than Graph.
        """
        what = "listing the folder"
        if page is None:
            info = self._requests.page(folder.id, max(1, min(size, LARGEST_PAGE)))
        else:
            info = self._requests.link(safe_link(page, self._client.base_url))
        try:
            answer = await self._client.call(info, what)
        except RefusedError as refused:
            if refused.refused.status == 404 and refused.refused.code in ITEM_GONE | FOLDER_GONE:
                self._folders.forget()
                raise _folder_gone(folder) from None
            raise refused.error from None
        return mail_page(answer, self._client.base_url)

    @asynccontextmanager
    async def fetch(self, provider_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """See `MailSource`. The mail as MIME, which Exchange makes anew for each fetch.

        Raises:
            NetworkFailure: the answer broke off; what came before is not the whole mail. Also raised by the iterator.
        """
        with _told():
            async with self._client.stream(self._requests.content(provider_id), "fetching the mail") as pieces:
                yield pieces

    async def locate(self, provider_id: str) -> str | None:
        """See `MailSource`. A mail in the deleted items is still in the mailbox."""
        try:
            answer = await self._client.call(self._requests.parent(provider_id), "locating the mail")
        except RefusedError as refused:
            if refused.refused.status == 404 and refused.refused.code in ITEM_GONE:
                return None
            raise refused.error from None
        return _text_of(answer, "parentFolderId", "Graph did not say in which folder the mail is.")

    async def categories(self, provider_id: str) -> tuple[str, ...]:
        """See `MailSource`."""
        with _told():
            answer = await self._client.call(
                self._requests.categories(provider_id), "reading the categories of the mail"
            )
        found = answer.get("categories")
        return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()

    async def move(self, provider_id: str, folder: SourceFolder) -> str:
        """See `MailSource`. The immutable id stays the same.

        Raises:
            NotFound: the folder is not there any more; the mail is where it was.
        """
        try:
            async with effect("graph.move"):
                answer = await self._client.call(
                    self._requests.move(provider_id, folder.id), "moving the mail", changing=True, expected=(200, 201)
                )
                moved = _text_of(answer, "id", f"Graph did not give the id of the moved mail. {MAYBE}")
        except RefusedError as refused:
            if refused.refused.status != 404:
                raise refused.error from None
            await self._judge_missing(provider_id, folder, refused)
        else:
            return moved

    async def change(
        self,
        provider_id: str,
        *,
        mark_read: bool | None = None,
        add_categories: tuple[str, ...] = (),
        present: tuple[str, ...] = (),
    ) -> None:
        """See `MailSource`. No request where nothing would change. Graph replaces all categories at once."""
        properties: dict[str, Any] = {} if mark_read is None else {"isRead": mark_read}
        categories = {name.casefold(): name for name in (*add_categories, *present)}
        if len(categories) > len({name.casefold() for name in present}):
            properties["categories"] = list(dict.fromkeys((*present, *categories.values())))
        if not properties:
            return
        with _told():
            async with effect("graph.change"):
                await self._client.call(
                    self._requests.change(provider_id, properties), "changing the mail", changing=True
                )

    async def aclose(self) -> None:
        """Nothing is the source's own: the connections belong to the client."""

    @property
    def _requests(self) -> Requests:
        self._prepare()
        return self._requests_

    @property
    def _folders(self) -> Folders:
        self._prepare()
        return self._folders_

    def _prepare(self) -> None:
        """Make what is bound to the client's session, late: it loads the SDK."""
        session = self._client.session()
        if self._made_for is session:
            return
        from shared.sources.graph.requests import Requests

        self._requests_ = Requests(session, self._address)
        self._folders_ = Folders(self._client, self._requests_)
        self._made_for = session

    async def _judge_missing(self, provider_id: str, folder: SourceFolder, refused: RefusedError) -> NoReturn:
        """Graph answers 404 for a missing mail and for a missing folder; look which one it is."""
        if refused.refused.code not in ITEM_GONE | FOLDER_GONE:
            raise refused.error from None
        if await self.locate(provider_id) is None:
            raise MessageGone(str(refused.error)) from None
        self._folders.forget()
        raise _folder_gone(folder) from None


@contextmanager
def _told() -> Iterator[None]:
    """Raise the product's error in place of the refusal."""
    try:
        yield
    except RefusedError as refused:
        raise refused.error from None


def _folder_gone(folder: SourceFolder) -> NotFound:
    return NotFound(
        f"The folder {folder.path or 'inbox'!r} is not in the mailbox any more.",
        remedy="Make it again, or choose another one in the folders of the mailbox.",
    )


def _text_of(answer: dict[str, Any], key: str, otherwise: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise ServiceUnavailable(otherwise)
    return value
