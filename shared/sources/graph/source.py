"""A mailbox of Exchange Online as a mail source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from shared.effect import effect
from shared.errors import MessageGone, NotFound, PermanentError
from shared.sources.base import FetchedMail, FolderNode, MailChanges, MailPage, Place, SourceFolder
from shared.sources.graph.client import GraphClient, RefusedError
from shared.sources.graph.delta import Changes
from shared.sources.graph.errors import is_gone, is_missing, malformed
from shared.sources.graph.folders import Folders
from shared.sources.graph.listing import mail_page, safe_link
from shared.sources.graph.rebuild import Rebuild

if TYPE_CHECKING:
    from shared.sources.graph.requests import Requests
    from shared.sources.graph.session import Session

LARGEST_PAGE = 1000
LARGEST_APPENDED = 2 * 1024 * 1024


class GraphSource:
    """One mailbox, reached with the application's own permission or that of an account. Implements `MailSource`.

    The mailbox is named in every request, whoever signed in: an account may read other mailboxes than its own.

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

    async def tree(self) -> tuple[FolderNode, ...]:
        """See `MailSource`. One request for the inbox and one for each folder that has folders, three at a time.

        Folders below the twentieth level are left out: no path names them.

        Raises:
            PermanentError: there are more than 5,000.
        """
        with _told():
            return await self._folders.tree()

    async def list(
        self,
        folder: SourceFolder,
        *,
        page: str | None = None,
        size: int = 200,
        since: datetime | None = None,
        unread: bool = False,
    ) -> MailPage:
        """See `MailSource`. The pages of Graph count from the start: read all of them before mails are moved away.

        Raises:
            NotFound: the folder is not there any more.
            PermanentError: the next link leads to another host than Graph.
        """
        what = "listing the folder"
        if page is None:
            info = self._requests.page(folder.id, max(1, min(size, LARGEST_PAGE)), since=since, unread=unread)
        else:
            info = self._requests.link(safe_link(page, self._client.base_url))
        with self._told_of(folder):
            answer = await self._client.call(info, what)
        return mail_page(answer, self._client.base_url)

    async def count(self, folder: SourceFolder, *, before: datetime | None = None) -> int:
        """See `MailSource`. Mails only, where `total` of a folder counts items of every kind."""
        with self._told_of(folder):
            answer = await self._client.call(
                self._requests.count(folder.id, before), "counting the mails of the folder"
            )
        number = answer.get("@odata.count")
        if not isinstance(number, int) or number < 0:
            raise malformed("Graph did not say how many mails are in the folder.")
        return number

    async def junk_count(self) -> int | None:
        """See `MailSource`."""
        with _told():
            return await self._folders.junk_total()

    async def changes(
        self, folder: SourceFolder, *, cursor: str | None, page: str | None = None, size: int = 200
    ) -> MailChanges:
        """See `MailSource`. Further requests look up what is told as removed; see `delta`.

        Raises:
            NotFound: the folder is not there any more.
            Throttled: the mailbox has no room for a further sync state, or Graph asks for patience.
            PermanentError: a link of the answer leads to another host than Graph.
        """
        with self._told_of(folder):
            return await Changes(self._client, self._requests).read(folder, cursor, page, size)

    @asynccontextmanager
    async def fetch(self, provider_id: str) -> AsyncIterator[FetchedMail]:
        """See `MailSource`. The mail as MIME, which Exchange makes anew for each fetch.

        A large mail that Graph cannot give whole is put together from its parts; see `rebuild`.

        Raises:
            NetworkFailure: the answer broke off; what came before is not the whole mail. Also raised by the iterator.
        """
        async with AsyncExitStack() as stack:
            yield await self._opened(provider_id, stack)

    async def _opened(self, provider_id: str, stack: AsyncExitStack) -> FetchedMail:
        try:
            stream = self._client.stream(self._requests.content(provider_id), "fetching the mail")
            return FetchedMail(await stack.enter_async_context(stream))
        except RefusedError as refused:
            if is_gone(refused.refused):
                await self._prove_access()
            if refused.refused.status != 504:
                raise refused.error from None
            timed_out = refused.error
        async with self._told_of_mail():
            rebuild = Rebuild(self._client, self._requests, provider_id)
            if not await rebuild.is_large():
                raise timed_out
            await rebuild.read()
        return FetchedMail(await stack.enter_async_context(aclosing(rebuild.pieces())), reconstructed=True)

    async def locate(
        self, provider_id: str, *, internet_message_id: str = "", among: Sequence[SourceFolder] = ()
    ) -> Place | None:
        """See `MailSource`. Immutable ids outlive a move, so no hint is needed. A mail in the deleted items is still in the mailbox."""
        try:
            answer = await self._client.call(self._requests.parent(provider_id), "locating the mail")
        except RefusedError as refused:
            if not is_gone(refused.refused):
                raise refused.error from None
            await self._prove_access()
            return None
        folder = _text_of(answer, "parentFolderId", "Graph did not say in which folder the mail is.")
        return Place(folder=folder, provider_id=provider_id)

    async def categories(self, provider_id: str) -> tuple[str, ...]:
        """See `MailSource`."""
        async with self._told_of_mail():
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
                moved = _text_of(answer, "id", "Graph did not give the id of the moved mail.", changing=True)
        except RefusedError as refused:
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
        async with self._told_of_mail(), effect("graph.change"):
            await self._client.call(self._requests.change(provider_id, properties), "changing the mail", changing=True)

    async def append(self, folder: SourceFolder, content: bytes) -> str:
        """See `MailSource`. Graph takes a mail in MIME as a draft only, and drafts are read: the second request marks it unread.

        A draft is listed and fetched like any other mail. That it is one could be changed for mails in JSON only, whose header fields
        and structure would not be ours. https://learn.microsoft.com/graph/api/mailfolder-post-messages

        Raises:
            PermanentError: it is larger than 2 MiB; nothing was sent.
            NotFound: the folder is not there any more.
        """
        if len(content) > LARGEST_APPENDED:
            too_large = PermanentError(f"A mail of more than {LARGEST_APPENDED} bytes is not put into a mailbox.")
            raise too_large.because("graph_too_large")
        what = "putting a mail into the folder"
        with self._told_of(folder):
            async with effect("graph.append"):
                answer = await self._client.call(
                    self._requests.append(folder.id, content), what, changing=True, expected=(200, 201)
                )
                made = _text_of(answer, "id", "Graph did not give the id of the mail.", changing=True)
                await self._client.call(self._requests.change(made, {"isRead": False}), what, changing=True)
        return made

    async def delete(self, provider_id: str) -> None:
        """See `MailSource`. A mail that is in the deleted items already would go on to where only an administrator finds it: after an
        outcome that is not known, `locate` it first.
        """
        try:
            async with effect("graph.delete"):
                await self._client.call(
                    self._requests.delete(provider_id),
                    "deleting the mail",
                    changing=True,
                    expected=(204,),
                    answered=False,
                )
        except RefusedError as refused:
            if not is_gone(refused.refused):
                raise refused.error from None
            await self._prove_access()

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
        if not is_missing(refused.refused):
            raise refused.error from None
        if await self.locate(provider_id) is None:
            raise MessageGone(refused.error.message).because("graph_message_gone") from None
        self._folders.forget()
        raise _folder_gone(folder) from None

    async def _prove_access(self) -> None:
        """Before a mail is taken for gone: an account that lost its access hears the same of every mail."""
        if self._client.delegated:
            with _told():
                await self._folders.prove_access()

    @asynccontextmanager
    async def _told_of_mail(self) -> AsyncIterator[None]:
        """Raise the product's error in place of the refusal of a call about a mail."""
        try:
            yield
        except RefusedError as refused:
            if is_gone(refused.refused):
                await self._prove_access()
            raise refused.error from None

    @contextmanager
    def _told_of(self, folder: SourceFolder) -> Iterator[None]:
        """Raise the product's error in place of the refusal of a call in which only the folder can be missing."""
        try:
            yield
        except RefusedError as refused:
            if is_missing(refused.refused):
                self._folders.forget()
                raise _folder_gone(folder) from None
            raise refused.error from None


@contextmanager
def _told() -> Iterator[None]:
    """Raise the product's error in place of the refusal."""
    try:
        yield
    except RefusedError as refused:
        raise refused.error from None


def _folder_gone(folder: SourceFolder) -> NotFound:
    error = NotFound(
        f"The folder {folder.path or 'inbox'!r} is not in the mailbox any more.",
        remedy="Make it again, or choose another one in the folders of the mailbox.",
    )
    return error.because("graph_folder_gone")


def _text_of(answer: dict[str, Any], key: str, otherwise: str, *, changing: bool = False) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise malformed(otherwise, changing=changing)
    return value
