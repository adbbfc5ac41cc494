"""The requests that a mail source makes, built by the SDK's request builders. Loads the SDK: import late.

Answers are read as plain JSON: the SDK's models of mails and folders take more than a second to load. What is asked for rarely, or has
no builder (the content of an attachment), is made from its template, so that no more modules of the SDK are loaded.
"""

from __future__ import annotations

import base64
import importlib
import json
import warnings
from datetime import UTC, datetime
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from shared.sources.graph.session import Session

with warnings.catch_warnings():
    # Each module of the SDK warns, when it is loaded, about classes in it that nobody uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    for _name in (
        "mail_folders.item.child_folders.child_folders_request_builder",
        "mail_folders.item.messages.messages_request_builder",
        "messages.item.move.move_request_builder",
        "messages.item.value.content_request_builder",
        "messages.messages_request_builder",
        "mail_folders.mail_folders_request_builder",
        "mail_folders.item.mail_folder_item_request_builder",
        "messages.item.message_item_request_builder",
        "user_item_request_builder",
    ):
        importlib.import_module(f"msgraph.generated.users.item.{_name}")
    importlib.import_module("msgraph.generated.users.users_request_builder")

IMMUTABLE_IDS = 'IdType="ImmutableId"'
"""https://learn.microsoft.com/graph/outlook-immutable-id; holds for one request, so each that carries ids has it."""
LISTED = ("isReadReceiptRequested", "isRead", "receivedDateTime", "subject", "from", "internetMessageId", "categories")
FOLDER = ("id", "displayName", "totalItemCount", "unreadItemCount", "childFolderCount", "isHidden")
FOLDERS_PER_PAGE = 100
WHOLE = (
    "internetMessageHeaders", "internetMessageId", "subject", "from", "sender", "toRecipients", "ccRecipients", "replyTo",
    "sentDateTime", "receivedDateTime", "body",
)  # fmt: skip
"""What is needed of a mail to put it together again."""
ATTACHMENT = ("id", "name", "contentType", "size", "isInline", "microsoft.graph.fileAttachment/contentId")
"""Of each attachment; without the choice its content comes along in base64. https://learn.microsoft.com/graph/api/attachment-get."""
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_MAILBOX = "{+baseurl}/users/{user%2Did}"


class Requests:
    """Requests to one mailbox.

    Args:
        session: gives the builders.
        address: the mailbox.
    """

    def __init__(self, session: Session, address: str) -> None:
        self._adapter = session.adapter
        self._address = address
        self._user = session.graph.users.by_user_id(address)

    def folder(self, folder_id: str) -> RequestInformation:
        """One folder, by id or well-known name. https://learn.microsoft.com/graph/api/mailfolder-get."""
        return self._get(self._user.mail_folders.by_mail_folder_id(folder_id), {"%24select": FOLDER})

    def child_folders(self, folder_id: str) -> RequestInformation:
        """First page of the folders in a folder. https://learn.microsoft.com/graph/api/mailfolder-list-childfolders."""
        builder = self._user.mail_folders.by_mail_folder_id(folder_id).child_folders
        return self._get(builder, {"%24select": FOLDER, "%24top": FOLDERS_PER_PAGE})

    def create_folder(self, parent_id: str, name: str) -> RequestInformation:
        """Make a folder in a folder. https://learn.microsoft.com/graph/api/mailfolder-post-childfolders."""
        builder = self._user.mail_folders.by_mail_folder_id(parent_id).child_folders
        return self._send(Method.POST, builder, {"displayName": name})

    def page(
        self, folder_id: str, size: int, *, since: datetime | None = None, unread: bool = False
    ) -> RequestInformation:
        """First page of the mails in a folder, oldest first. https://learn.microsoft.com/graph/api/user-list-messages.

        What is sorted by has to come first in the filter, or Graph refuses both as too complex.
        """
        parameters = {"%24select": LISTED, "%24orderby": ("receivedDateTime asc",), "%24top": size}
        if since is not None or unread:
            terms = [f"receivedDateTime ge {moment(since or LONG_AGO)}", *(["isRead eq false"] if unread else [])]
            parameters["%24filter"] = " and ".join(terms)
        return self._get(self._user.mail_folders.by_mail_folder_id(folder_id).messages, parameters)

    def count(self, folder_id: str, before: datetime | None) -> RequestInformation:
        """How many mails are in a folder, beside one of them. https://learn.microsoft.com/graph/query-parameters#count.

        `totalItemCount` of the folder counts items of every kind, and knows no filter.
        """
        parameters: dict[str, Any] = {"%24count": "true", "%24top": 1, "%24select": ("id",)}
        if before is not None:
            parameters["%24filter"] = f"receivedDateTime lt {moment(before)}"
        return self._get(self._user.mail_folders.by_mail_folder_id(folder_id).messages, parameters)

    def changes(self, folder_id: str, size: int) -> RequestInformation:
        """First page of what was added to a folder. https://learn.microsoft.com/graph/api/message-delta.

        `$top` is not used: it is taken for the size of the whole round in places.
        """
        info = self._template(
            Method.GET, "/mailFolders/{folder}/messages/delta{?changeType,%24select}", {"folder": folder_id}
        )
        info.query_parameters.update({"changeType": "created", "%24select": LISTED})
        info.configure(_delta_headers(size))
        return self._filled(info)

    def changes_link(self, url: str, size: int) -> RequestInformation:
        """A further page of changes, or the next round of them, by the link that Graph gave; judge its host before."""
        info: RequestInformation = self._user.messages.with_url(url).to_get_request_information(_delta_headers(size))
        return info

    def link(self, url: str) -> RequestInformation:
        """A further page, by the link that Graph gave; judge its host before. https://learn.microsoft.com/graph/paging."""
        info: RequestInformation = self._user.messages.with_url(url).to_get_request_information(_with_headers())
        return info

    def content(self, message_id: str) -> RequestInformation:
        """The mail as MIME, not compressed. https://learn.microsoft.com/graph/outlook-get-mime-message."""
        builder = self._user.messages.by_message_id(message_id).content
        info: RequestInformation = builder.to_get_request_information(_with_headers({"Accept-Encoding": "identity"}))
        return self._filled(info)

    def entry(self, message_id: str) -> RequestInformation:
        """What a listing says of the mail, and where it is. https://learn.microsoft.com/graph/api/message-get."""
        chosen = {"%24select": ("parentFolderId", *LISTED)}
        return self._get(self._user.messages.by_message_id(message_id), chosen)

    def whole(self, message_id: str) -> RequestInformation:
        """The mail without its attachments. https://learn.microsoft.com/graph/api/message-get."""
        return self._get(self._user.messages.by_message_id(message_id), {"%24select": WHOLE})

    def attachments(self, message_id: str) -> RequestInformation:
        """What is attached. https://learn.microsoft.com/graph/api/message-list-attachments."""
        info = self._template(Method.GET, "/messages/{message}/attachments{?%24select}", {"message": message_id})
        info.query_parameters["%24select"] = ATTACHMENT
        info.configure(_with_headers())
        return self._filled(info)

    def attachment(self, message_id: str, attachment_id: str) -> RequestInformation:
        """The content of an attachment, not compressed. https://learn.microsoft.com/graph/api/attachment-get."""
        path = {"message": message_id, "attachment": attachment_id}
        info = self._template(Method.GET, "/messages/{message}/attachments/{attachment}/$value", path)
        info.configure(_with_headers({"Accept-Encoding": "identity"}))
        return self._filled(info)

    def parent(self, message_id: str) -> RequestInformation:
        """In which folder the mail is. https://learn.microsoft.com/graph/api/message-get."""
        return self._get(self._user.messages.by_message_id(message_id), {"%24select": ("parentFolderId",)})

    def categories(self, message_id: str) -> RequestInformation:
        """Which categories the mail has. https://learn.microsoft.com/graph/api/message-get."""
        return self._get(self._user.messages.by_message_id(message_id), {"%24select": ("categories",)})

    def move(self, message_id: str, folder_id: str) -> RequestInformation:
        """Move the mail. https://learn.microsoft.com/graph/api/message-move."""
        return self._send(Method.POST, self._user.messages.by_message_id(message_id).move, {"destinationId": folder_id})

    def change(self, message_id: str, properties: dict[str, Any]) -> RequestInformation:
        """Change properties of the mail. https://learn.microsoft.com/graph/api/message-update."""
        return self._send(Method.PATCH, self._user.messages.by_message_id(message_id), properties)

    def append(self, folder_id: str, content: bytes) -> RequestInformation:
        """Put a mail in MIME into a folder. https://learn.microsoft.com/graph/api/mailfolder-post-messages."""
        builder = self._user.mail_folders.by_mail_folder_id(folder_id).messages
        return self._sending(Method.POST, builder, base64.b64encode(content), "text/plain")

    def delete(self, message_id: str) -> RequestInformation:
        """Move the mail to the deleted items. https://learn.microsoft.com/graph/api/message-delete."""
        builder = self._user.messages.by_message_id(message_id)
        info = RequestInformation(Method.DELETE, builder.url_template, builder.path_parameters)
        info.configure(_with_headers())
        return self._filled(info)

    def _get(self, builder: Any, parameters: dict[str, Any]) -> RequestInformation:
        info: RequestInformation = builder.to_get_request_information(_with_headers())
        info.query_parameters.update(parameters)
        return self._filled(info)

    def _send(self, method: Method, builder: Any, body: dict[str, Any]) -> RequestInformation:
        """As the builder's own methods do it, but for the model of the body, which would have to be loaded."""
        return self._sending(method, builder, json.dumps(body, separators=(",", ":")).encode(), "application/json")

    def _sending(self, method: Method, builder: Any, content: bytes, kind: str) -> RequestInformation:
        info = RequestInformation(method, builder.url_template, builder.path_parameters)
        info.configure(_with_headers())
        info.headers.try_add("Accept", "application/json")
        info.set_stream_content(content, kind)
        return self._filled(info)

    def _template(self, method: Method, path: str, parameters: dict[str, str]) -> RequestInformation:
        """A request below the mailbox that has no builder here."""
        return RequestInformation(method, _MAILBOX + path, {"user%2Did": self._address, **parameters})

    def _filled(self, info: RequestInformation) -> RequestInformation:
        """Expand the address once, which the adapter would do three times, and write `$` as Graph does."""
        self._adapter.set_base_url_for_request_information(info)
        path, mark, query = info.url.partition("?")
        info.url = path + mark + query.replace("%24", "$")
        return info


def _with_headers(more: dict[str, str] | None = None) -> RequestConfiguration[Any]:
    headers = HeadersCollection()
    headers.add("Prefer", IMMUTABLE_IDS)
    for name, value in (more or {}).items():
        headers.add(name, value)
    return RequestConfiguration(headers=headers)


def _delta_headers(size: int) -> RequestConfiguration[Any]:
    """Preferences are not kept in the links of a round, so each of its requests has both."""
    return _with_headers({"Prefer": f"odata.maxpagesize={size}"})


def moment(when: datetime) -> str:
    """A time as Graph reads it in a filter, in UTC. Rounded down to whole seconds, as Exchange keeps them."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
