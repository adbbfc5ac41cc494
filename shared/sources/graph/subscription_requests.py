"""The requests for change notifications. Loads the SDK: import late. https://learn.microsoft.com/graph/api/resources/subscription."""

from __future__ import annotations

import json
from typing import Any

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from shared.sources.graph.requests import IMMUTABLE_IDS
from shared.sources.graph.session import Session

_ALL = "{+baseurl}/subscriptions"
_ONE = "{+baseurl}/subscriptions/{subscription}"


class SubscriptionRequests:
    """Requests about the subscriptions of an application.

    Args:
        session: fills in the address of Graph.
    """

    def __init__(self, session: Session) -> None:
        self._adapter = session.adapter

    def create(self, body: dict[str, Any]) -> RequestInformation:
        """Subscribe; notifications then carry immutable ids, which cannot be changed later."""
        return self._info(Method.POST, _ALL, body=body)

    def listing(self) -> RequestInformation:
        """First page of the subscriptions of the application in the tenant."""
        return self._info(Method.GET, _ALL)

    def link(self, url: str) -> RequestInformation:
        """A further page, by the link that Graph gave; judge its host before."""
        info = RequestInformation(Method.GET, None, {})
        info.url = url
        info.headers.add("Accept", "application/json")
        return info

    def renew(self, subscription_id: str, body: dict[str, Any]) -> RequestInformation:
        """Set another end."""
        return self._info(Method.PATCH, _ONE, subscription_id, body=body)

    def reauthorize(self, subscription_id: str) -> RequestInformation:
        """Confirm the access without another end."""
        return self._info(Method.POST, _ONE + "/reauthorize", subscription_id)

    def delete(self, subscription_id: str) -> RequestInformation:
        """End the subscription."""
        return self._info(Method.DELETE, _ONE, subscription_id)

    def _info(
        self, method: Method, template: str, subscription_id: str = "", *, body: dict[str, Any] | None = None
    ) -> RequestInformation:
        info = RequestInformation(method, template, {"subscription": subscription_id} if subscription_id else {})
        info.headers.add("Accept", "application/json")
        info.headers.add("Prefer", IMMUTABLE_IDS)
        if body is not None:
            info.set_stream_content(json.dumps(body, separators=(",", ":")).encode(), "application/json")
        self._adapter.set_base_url_for_request_information(info)
        return info
