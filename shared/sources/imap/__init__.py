"""Mailboxes at IMAP servers: the fallback where Microsoft Graph cannot be used, and the way to Gmail.

`source.py` is the source; `door.py` opens connections (`stream.py` and `wire.py` below it, `sign_in.py`, `connection.py`); `folders.py` and
`names.py` know folders, `listing.py`, `content.py`, `mailbox.py` and `moving.py` mails, `ids.py` who is who; `servers.py` has the presets.
Nothing is imported here: most deployments read no mailbox by IMAP.
"""
