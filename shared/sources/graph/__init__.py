"""Mailboxes read through Microsoft Graph. Importing this is cheap: the SDK is loaded with the first request.

`client` makes the requests, `requests` says what they are, `folders` and `listing` read answers, `errors` reads
refusals, `source` is the mail source that is made of them.
"""

from shared.sources.graph.client import PUBLIC_GRAPH, GraphClient, Timing
from shared.sources.graph.source import GraphSource

__all__ = ["PUBLIC_GRAPH", "GraphClient", "GraphSource", "Timing"]
