"""Requests to Graph for each mail of a backlog, counted by the emulator as Graph charges them."""

from __future__ import annotations

from bench.figures import Results
from bench.stand import CATEGORISE, CONFIGURATION, EVERY_MINUTE, Stand

KEYS = (
    "graph_requests_per_message",
    "graph_listing_requests_per_message",
    "graph_requests_per_message_with_change",
    "graph_round_trips_per_message",
)
HOW = """
So many small mails lie in the inbox before the first tick. The emulator counts every request as Graph charges it (inner requests of a
batch one by one) and every HTTP request. What belongs to no single mail is told apart: the pages of the listing and the look at the
folders. The second run has a rule that gives every mail a category.
"""
LISTING = ("list", "folders", "folder_create")
MAILS = 200


def run(mails: int = MAILS) -> Results:
    """Both runs."""
    plain, listing, round_trips = _run(CONFIGURATION, mails)
    changed, _, _ = _run(CATEGORISE, mails)
    return {
        "graph_requests_per_message": plain / mails,
        "graph_listing_requests_per_message": listing / mails,
        "graph_requests_per_message_with_change": changed / mails,
        "graph_round_trips_per_message": (round_trips - listing) / mails,
    }


def _run(configuration: str, mails: int) -> tuple[int, int, int]:
    """Charged requests for mails and for the listing, and all round trips."""
    with Stand(configuration, tick=EVERY_MINUTE) as stand:
        stand.load(mails)
        stand.start_app()
        stand.tick()
        stand.until_placed(mails, seconds=240)
        stand.until_quiet()
        charged = stand.charged()
        round_trips = stand.control("counters")["round_trips"]["graph"]
    listing = sum(charged.pop(kind, 0) for kind in LISTING)
    return sum(charged.values()), listing, round_trips
