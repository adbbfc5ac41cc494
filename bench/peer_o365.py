"""What a script with the `O365` library does in place of Postrum: `python -m bench.peer_o365`, its task as JSON on standard input.

The library is not in requirements-dev.txt but in `bench/peers.txt`, and `PYTHONPATH` leads to it; see `bench.sources_graph`.
One connection; the inbox is listed, each mail is fetched as MIME and saved as .eml, its attachments beside it, and it is moved.
"""

from __future__ import annotations

import email
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Read the task, do it, print the seconds."""
    from O365 import Account, MSGraphProtocol
    from O365.utils import BaseTokenBackend

    task = json.load(sys.stdin)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)  # requests would take them before what it is given

    class Protocol(MSGraphProtocol):  # type: ignore[misc]
        """Graph at another address."""

        def __init__(self) -> None:
            super().__init__(default_resource=task["mailbox"])
            self.protocol_url = task["graph_url"].removesuffix("v1.0")
            self.service_url = f"{task['graph_url']}/"

    class Token(BaseTokenBackend):  # type: ignore[misc]
        """A token that is there already: how it is got is not compared."""

        has_data = True

        def get_access_token(self, **_: Any) -> dict[str, str]:
            return {"secret": task["token"]}

    account = Account(
        ("client", "secret"),
        protocol=Protocol(),
        auth_flow_type="credentials",
        tenant_id=task["tenant"],
        token_backend=Token(),
        verify_ssl=task["ca_file"],
        requests_delay=0,  # the library waits for 200 ms between requests otherwise
    )
    folder = Path(task["folder"])
    began = time.monotonic()
    inbox = account.mailbox().inbox_folder()
    target = inbox.get_folder(folder_name=task["to"])
    # listed to its end first: the links to further pages count mails, and moving would make them skip some
    for number, mail in enumerate(list(inbox.get_messages(limit=None))):
        content = mail.get_mime_content()
        (folder / f"{number}.eml").write_bytes(content)
        for index, part in enumerate(email.message_from_bytes(content).walk()):
            if part.get_content_disposition() == "attachment" and not part.is_multipart():
                payload = part.get_payload(decode=True)
                (folder / f"{number}-{index}").write_bytes(payload if isinstance(payload, bytes) else b"")
        if not mail.move(target):
            raise SystemExit(f"{mail} was not moved")
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
