"""What the tests of the emulator share: a client that sends plain HTTP with a token, and mails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from emulator.server import EmulatorThread

MAILBOX = "post@contoso.test"
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
SCOPE = "https://graph.microsoft.com/.default"


def mail(subject: str = "Hello", *headers: str, body: str = "text") -> bytes:
    fields = ["From: Ann <ann@fabrikam.test>", f"To: {MAILBOX}", f"Subject: {subject}", f"Message-ID: <{subject}@x>"]
    return "\r\n".join([*fields, *headers, "", body, ""]).encode()


def with_attachments() -> bytes:
    lines = [
        "From: a@b.test", "Subject: Files", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", "",
        "--b", "Content-Type: text/plain", "", "Hello",
        "--b", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=a.pdf",
        "Content-Transfer-Encoding: base64", "", "JVBERi0=",
        "--b", "Content-Type: message/rfc822", "", "Subject: Inner", "", "inner text",
        "--b--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def eventually[T](look: Callable[[], T], seconds: float = 5.0) -> T:
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert found
    return found


class GraphClient:
    def __init__(self, emulator: EmulatorThread, http: httpx.Client) -> None:
        self.emulator = emulator
        self.http = http
        self.token = ""

    def fresh_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.emulator.client_id,
            "client_secret": self.emulator.client_secret,
            "scope": SCOPE,
        }
        answer = self.http.post(f"{self.emulator.authority}/{self.emulator.tenant_id}/oauth2/v2.0/token", data=form)
        assert answer.status_code == 200
        self.token = answer.json()["access_token"]
        return self.token

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> httpx.Response:
        """A path of its own, one below the mailbox (``/messages``), or a whole link."""
        if path.startswith("https://"):
            url = path
        elif path.startswith(("/users", "//users", "/$batch", "/subscriptions", "/me/")):
            url = self.emulator.graph_url + path
        else:
            url = f"{self.emulator.graph_url}/users/{MAILBOX}{path}"
        authorization = {"Authorization": f"Bearer {self.token or self.fresh_token()}"}
        return self.http.request(method, url, headers=authorization | (headers or {}), **rest)

    def get(self, path: str, **rest: Any) -> httpx.Response:
        return self.call("GET", path, **rest)

    def post(self, path: str, json: Any = None, **rest: Any) -> httpx.Response:
        return self.call("POST", path, json=json, **rest)

    def patch(self, path: str, json: Any, **rest: Any) -> httpx.Response:
        return self.call("PATCH", path, json=json, **rest)

    def delete(self, path: str, **rest: Any) -> httpx.Response:
        return self.call("DELETE", path, **rest)

    def code(self, answer: httpx.Response) -> str:
        return str(answer.json()["error"]["code"])
