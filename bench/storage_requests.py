"""Requests to storage for each mail, by kind: through `shared.effect` for what changes something, and by name for reads."""

from __future__ import annotations

from bench.figures import Results
from bench.stand import Stand

KEYS = ("storage_requests_per_message", "host_storage_requests_per_message")
HOW = """
A backlog of small mails as above, without latencies; the transport of the Azure SDKs is wrapped in the app's process and counts every
request, those of the product by the name of their effect, and those of the development host (receiving and deleting queue messages).
"""
MAILS = 100


def run(mails: int = MAILS) -> Results:
    """One run; the kinds are printed with `python -m bench.storage_requests`."""
    counts = count(mails)
    of = {who: sum(number for name, number in counts.items() if name.startswith(who)) for who in ("product", "host")}
    return {
        "storage_requests_per_message": of["product"] / mails,
        "host_storage_requests_per_message": of["host"] / mails,
    }


def count(mails: int) -> dict[str, int]:
    """Requests by who made them and their kind."""
    with Stand(count=True) as stand:
        stand.load(mails)
        stand.control("set_latency", list=30, value=35, move=40)
        stand.start_app()
        stand.tick()
        stand.until_placed(mails, seconds=120)
        stand.until_quiet()
        stand.stop_app()
        return stand.storage_requests()


if __name__ == "__main__":
    for name, number in sorted(count(MAILS).items(), key=lambda item: -item[1]):
        print(f"{number / MAILS:8.2f}  {name}")
