"""Microsoft's own clients against the emulator: azure-identity for the tokens, msgraph-sdk for Graph."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest
from azure.identity import ClientAssertionCredential, ManagedIdentityCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.generated.models.message import Message
from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from emulator.control import Control
from emulator.server import EmulatorThread
from tests.emulator.client import MAILBOX, SCOPE, mail


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own
async def test_sdk_and_identity(emulator: EmulatorThread, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", emulator.msi_url)
    monkeypatch.setenv("IDENTITY_HEADER", emulator.msi_header)
    made = control.deliver(MAILBOX, mail("From the SDK"))
    context = ssl.create_default_context(cafile=emulator.ca_file)
    with (
        ManagedIdentityCredential(client_id=emulator.msi_client_id) as identity,
        ClientAssertionCredential(
            emulator.tenant_id,
            emulator.client_id,
            lambda: identity.get_token("api://AzureADTokenExchange/.default").token,
            authority=emulator.authority,
            connection_verify=emulator.ca_file,
            disable_instance_discovery=True,
        ) as credential,
    ):
        async with (
            httpx.AsyncHTTPTransport(verify=context) as transport,  # the SDK's wrapper does not close it
            httpx.AsyncClient(base_url=emulator.graph_url, transport=transport) as http,
        ):
            client = GraphClientFactory.create_with_default_middleware(client=http, options=options)
            provider = AzureIdentityAuthenticationProvider(credential, scopes=[SCOPE])
            adapter = GraphRequestAdapter(provider, client=client)
            user = GraphServiceClient(request_adapter=adapter).users.by_user_id(MAILBOX)
            wanted: RequestConfiguration[Any] = RequestConfiguration()
            wanted.headers.add("Prefer", 'IdType="ImmutableId"')
            wanted.headers.add("Prefer", "odata.maxpagesize=5")

            page = await user.mail_folders.by_mail_folder_id("inbox").messages.delta.get(wanted)
            assert page is not None
            assert page.value is not None
            assert [(m.id, m.subject) for m in page.value] == [(made["immutable_id"], "From the SDK")]
            assert page.odata_delta_link is not None

            item = user.messages.by_message_id(made["id"])
            assert await item.content.get() == mail("From the SDK")
            changed = await item.patch(Message(is_read=True, categories=["Done"]))
            assert changed is not None
            assert changed.is_read is True
            moved = await item.move.post(MovePostRequestBody(destination_id="archive"))
            assert moved is not None
            assert moved.id != made["id"]

            delta = user.mail_folders.by_mail_folder_id("inbox").messages.delta
            later = await delta.with_url(page.odata_delta_link).get(wanted)
            assert later is not None
            assert later.value is not None
            assert later.value[0].additional_data["@removed"] == {"reason": "deleted"}
    shown = control.dump(MAILBOX)["messages"][0]
    assert (shown["is_read"], shown["categories"], shown["folder"]) == (True, ["Done"], "Archive")
