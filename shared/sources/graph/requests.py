"""The requests that a mail source makes, built by the SDK's request builders. Loads the SDK: import late.

Answers are read as plain JSON: the SDK's models of mails and folders take more than a second to load.
"""

from __future__ import annotations

import importlib
import json
import warnings
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
FOLDER = ("id", "displayName", "totalItemCount", "isHidden")
FOLDERS_PER_PAGE = 100


class Requests:
    """Requests to one mailbox.

    Args:
        session: gives the builders.
        address: the mailbox.
    """

    def __init__(self, session: Session, address: str) -> None:
        self._adapter = session.adapter
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

    def page(self, folder_id: str, size: int) -> RequestInformation:
        """First page of the mails in a folder. https://learn.microsoft.com/graph/api/mailfolder-list-messages."""
        builder = self._user.mail_folders.by_mail_folder_id(folder_id).messages
        return self._get(builder, {"%24select": LISTED, "%24orderby": ("receivedDateTime asc",), "%24top": size})

    def link(self, url: str) -> RequestInformation:
        """A further page, by the link that Graph gave; judge its host before. https://learn.microsoft.com/graph/paging."""
        info: RequestInformation = self._user.messages.with_url(url).to_get_request_information(_with_headers())
        return info

    def content(self, message_id: str) -> RequestInformation:
        """The mail as MIME, not compressed. https://learn.microsoft.com/graph/outlook-get-mime-message."""
        builder = self._user.messages.by_message_id(message_id).content
        info: RequestInformation = builder.to_get_request_information(_with_headers({"Accept-Encoding": "identity"}))
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

    def _get(self, builder: Any, parameters: dict[str, Any]) -> RequestInformation:
        info: RequestInformation = builder.to_get_request_information(_with_headers())
        info.query_parameters.update(parameters)
        return self._filled(info)

    def _send(self, method: Method, builder: Any, body: dict[str, Any]) -> RequestInformation:
        """As the builder's own methods do it, but for the model of the body, which would have to be loaded."""
        info = RequestInformation(method, builder.url_template, builder.path_parameters)
        info.configure(_with_headers())
        info.headers.try_add("Accept", "application/json")
        info.set_stream_content(json.dumps(body, separators=(",", ":")).encode(), "application/json")
        return self._filled(info)

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
