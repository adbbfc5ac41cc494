"""Reaching out to addresses that somebody else chose.

`guard.py` judges addresses and hosts, `resolve.py` turns a name into judged addresses, `connector.py` gives aiohttp a
connector that can reach nothing else, `url.py` judges a URL when it is saved. Nothing here imports aiohttp except
`connector.py`.
"""
