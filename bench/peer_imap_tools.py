"""What a script with `imap_tools` does in place of Postrum: `python -m bench.peer_imap_tools`, its task as JSON on standard input.

One connection; each mail is fetched, saved as .eml, its attachments beside it, and moved. There is no storage, no record of what was
done, and nothing that a second run could go on from.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from pathlib import Path

from imap_tools import MailBox


def main() -> None:
    """Read the task, do it, print the seconds."""
    task = json.load(sys.stdin)
    folder = Path(task["folder"])
    context = ssl.create_default_context(cadata=task["authority"])
    began = time.monotonic()
    with MailBox("127.0.0.1", task["port"], ssl_context=context).login(task["user"], task["password"]) as mailbox:
        moved = []
        for mail in mailbox.fetch(mark_seen=False, bulk=False):
            uid = str(mail.uid)
            (folder / f"{uid}.eml").write_bytes(mail.obj.as_bytes())
            for number, attachment in enumerate(mail.attachments):
                (folder / f"{uid}-{number}").write_bytes(attachment.payload)
            if task["at_once"]:
                moved.append(uid)
            else:
                mailbox.move(uid, task["to"])
        mailbox.move(moved, task["to"])
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
