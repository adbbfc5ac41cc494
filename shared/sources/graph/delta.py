"""What came into a folder since a cursor, by delta queries.

The cursor is the whole link that Graph gave at the end of a round. https://learn.microsoft.com/graph/delta-query-messages

Two things of Graph have to be made good here. With immutable ids a mail that left the folder and came back between two rounds may be
told as removed only, so whatever is told as removed is looked up. And a sync state is forgotten sooner or later, which is told by 410 or
by another refusal with a code of its own; the folder is then read from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.errors import CursorLost, PermanentError, Throttled
from shared.sources.base import ListedMail, MailChanges, SourceFolder
from shared.sources.graph.client import GraphClient, RefusedError
from shared.sources.graph.errors import QUOTA, is_gone, malformed
from shared.sources.graph.listing import delta_link, entries, is_mail, listed, next_link, removed_id, safe_link

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

    from shared.sources.graph.requests import Requests

LARGEST_PAGE = 500
LONGEST_CURSOR = 8 * 1024
"""Characters of a link: it is kept in a row of limited size."""
MOST_REMOVED = 500
"""Of a page, that are looked up one by one; reading the folder from its beginning costs less than looking up more."""
QUOTA_PAUSE = 900.0
"""Seconds until the next try when a mailbox has no room for a further sync state. Graph does not say how long it takes."""


class Changes:
    """The changes of one mailbox.

    Args:
        client: makes the requests.
        requests: the requests to this mailbox.
    """

    def __init__(self, client: GraphClient, requests: Requests) -> None:
        self._client = client
        self._requests = requests

    async def read(self, folder: SourceFolder, cursor: str | None, page: str | None, size: int) -> MailChanges:
        """One page; see `MailSource.changes`.

        Raises:
            CursorLost: Graph forgot the sync state, or gives links that cannot be kept or followed.
            Throttled: the mailbox has no room for a further sync state.
            RefusedError: any other refusal.
        """
        size = max(1, min(size, LARGEST_PAGE))
        try:
            answer = await self._client.call(
                self._request(folder, page or cursor, size), "listing what came into the folder"
            )
        except RefusedError as refused:
            if refused.refused.code == QUOTA:
                paused = Throttled(refused.error.message, retry_after=refused.refused.retry_after or QUOTA_PAUSE)
                raise paused.because("graph_delta_quota") from None
            raise
        return await self._page(answer, folder)

    def _request(self, folder: SourceFolder, link: str | None, size: int) -> RequestInformation:
        if link is None:
            return self._requests.changes(folder.id, size)
        return self._requests.changes_link(self._kept(link), size)

    async def _page(self, answer: dict[str, Any], folder: SourceFolder) -> MailChanges:
        found = entries(answer)
        further = _short(next_link(answer, self._client.base_url))
        end = _short(delta_link(answer, self._client.base_url))
        if (further is None) == (end is None):
            raise malformed("Graph gave a page of changes that neither ends nor goes on.")
        mails = {entry["id"]: listed(entry) for entry in found if is_mail(entry)}
        removed = {identity for entry in found if (identity := removed_id(entry)) and identity not in mails}
        if len(removed) > MOST_REMOVED:
            raise _lost("So many mails left the folder that it is read anew.")
        return MailChanges(mails=(*mails.values(), *await self._returned(removed, folder)), next=further, cursor=end)

    async def _returned(self, removed: set[str], folder: SourceFolder) -> list[ListedMail]:
        """Those that are in the folder although they are told as removed; one after the other, for the lane counts one request."""
        looked_up = [await self._look_up(identity, folder) for identity in sorted(removed)]
        return [mail for mail in looked_up if mail is not None]

    async def _look_up(self, identity: str, folder: SourceFolder) -> ListedMail | None:
        try:
            entry = await self._client.call(self._requests.entry(identity), "looking up a mail")
        except RefusedError as refused:
            if is_gone(refused.refused):
                return None
            raise
        return listed(entry) if entry.get("parentFolderId") == folder.id and is_mail(entry) else None

    def _kept(self, link: str) -> str:
        """A link that was kept since another run, in which the address of Graph may have been another one."""
        try:
            return safe_link(link, self._client.base_url)
        except PermanentError:
            raise _lost("The remembered place in the folder belongs to another address of Graph.") from None


def _short(link: str | None) -> str | None:
    if link is not None and len(link) > LONGEST_CURSOR:
        raise _lost("Graph gave a link that is too long to be remembered.")
    return link


def _lost(message: str) -> CursorLost:
    return CursorLost(message, remedy="The folder is read from its beginning.").because("graph_delta_lost")
