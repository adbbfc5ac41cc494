"""Mailboxes read through Microsoft Graph. Importing this is cheap: the SDK is loaded with the first request.

`client` makes the requests, `requests` says what they are, `folders`, `tree`, `listing` and `delta` read answers, `errors` reads
refusals, `rebuild` puts together what Graph cannot give whole, `source` is the mail source that is made of them, `subscriptions` asks
for change notifications.
"""

from shared.sources.graph.client import APPLICATION, DELEGATED, PUBLIC_GRAPH, GraphClient, Timing
from shared.sources.graph.source import GraphSource
from shared.sources.graph.subscriptions import GraphSubscription, GraphSubscriptions

__all__ = [
    "APPLICATION",
    "DELEGATED",
    "PUBLIC_GRAPH",
    "GraphClient",
    "GraphSource",
    "GraphSubscription",
    "GraphSubscriptions",
    "Timing",
]
