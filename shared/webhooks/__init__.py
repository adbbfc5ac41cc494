"""Telling subscribers: signing, the retry schedule, sending, and what to do with the answer.

Pure: `signing.py`, `schedule.py`, `attempt.py`, `breaker.py`, `deliver.py`. Only `sender.py` reaches out, and only it
imports aiohttp. The events themselves are in `shared/model/event.py`.
"""
