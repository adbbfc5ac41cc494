"""Reaching out to addresses that somebody else chose.

`guard.py` judges addresses and hosts, `resolve.py` turns a name into judged addresses, `connector.py` gives aiohttp a
connector that can reach nothing else, `tcp.py` opens plain connections for mail servers and `tls.py` says whom to trust there,
`url.py` judges a URL when it is saved. Nothing here imports aiohttp except `connector.py` and `web.py`.
"""
