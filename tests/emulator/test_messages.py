from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from emulator.control import Control
from emulator.server import EmulatorThread
from tests.emulator.client import IMMUTABLE, MAILBOX, GraphClient, mail, with_attachments


def test_listing_pages_newest_first(graph: GraphClient, control: Control) -> None:
    for day in range(1, 13):
        control.deliver(MAILBOX, mail(f"m{day}"), received=f"2026-11-{day:02}T10:00:00Z")
    first = graph.get("/mailFolders/inbox/messages?$select=subject").json()
    second = graph.get(first["@odata.nextLink"]).json()
    subjects = [m["subject"] for m in first["value"] + second["value"]]
    assert subjects == [f"m{day}" for day in range(12, 0, -1)]
    assert set(first["value"][0]) == {"@odata.etag", "id", "subject"}


@pytest.mark.parametrize("top", ["0", "1001", "x"])
def test_top_is_from_1_to_1000(graph: GraphClient, top: str) -> None:
    assert graph.get(f"/mailFolders/inbox/messages?$top={top}").status_code == 400


def test_filter_and_order(graph: GraphClient, control: Control) -> None:
    for day in (1, 2, 3):
        control.deliver(MAILBOX, mail(f"it's {day}"), received=f"2026-11-0{day}T10:00:00Z", is_read=day == 2)
    since = "$filter=receivedDateTime ge 2026-11-02T00:00:00Z"
    found = graph.get(f"/messages?{since}&$orderby=receivedDateTime asc&$count=true").json()
    assert [m["subject"] for m in found["value"]] == ["it's 2", "it's 3"]
    assert found["@odata.count"] == 2
    assert len(graph.get(f"/messages?{since} and isRead eq false").json()["value"]) == 1
    assert (
        len(graph.get("/messages?$filter=subject eq 'it''s 1' or internetMessageId eq '<it''s 3@x>'").json()["value"])
        == 2
    )
    assert len(graph.get("/messages?$filter=startswith(subject,'IT')").json()["value"]) == 3
    wrong = graph.get("/messages?$filter=isRead eq false&$orderby=receivedDateTime")
    assert (wrong.status_code, graph.code(wrong)) == (400, "InefficientFilter")
    assert graph.get("/messages?$filter=body/content eq 'x'").status_code == 400


def test_properties_come_from_the_mail_and_from_state(graph: GraphClient, control: Control) -> None:
    content = mail(
        "=?utf-8?q?H=C3=A9?=", "Disposition-Notification-To: ann@fabrikam.test", "Reply-To: <r@x.test>", "X-A: 1\r\n  2"
    )
    made = control.deliver(MAILBOX, content, received="2026-11-01T10:00:00Z", categories=["Blue"])
    shown = graph.get(f"/messages/{made['id']}").json()
    assert shown["subject"] == "Hé"
    assert shown["from"] == {"emailAddress": {"name": "Ann", "address": "ann@fabrikam.test"}}
    assert shown["replyTo"][0]["emailAddress"]["address"] == "r@x.test"
    assert shown["isReadReceiptRequested"] is True
    assert shown["receivedDateTime"] == "2026-11-01T10:00:00Z"
    assert shown["parentFolderId"] == made["folder_id"]
    assert shown["categories"] == ["Blue"]
    assert shown["body"]["content"].strip() == "text"
    assert "internetMessageHeaders" not in shown
    headers = graph.get(f"/messages/{made['id']}?$select=internetMessageHeaders").json()["internetMessageHeaders"]
    assert {"name": "X-A", "value": "1  2"} in headers
    assert graph.get(f"/messages/{made['id']}?$select=nothing").status_code == 400


def test_two_formats_of_ids_that_are_the_same_in_each_run(tmp_path: Path, graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    default = graph.get("/mailFolders/inbox/messages").json()["value"][0]["id"]
    immutable = graph.get("/mailFolders/inbox/messages", headers=IMMUTABLE).json()["value"][0]["id"]
    assert (default, immutable) == (made["id"], made["immutable_id"])
    assert default != immutable
    assert default.endswith("=")
    both = {"inputIds": [default], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    assert graph.post("/translateExchangeIds", both).json()["value"][0]["targetId"] == immutable
    with EmulatorThread(tmp_path) as other:
        other.control.create_mailbox(MAILBOX)
        assert other.control.deliver(MAILBOX, mail())["immutable_id"] == immutable


def test_wrong_ids(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    swapped = graph.get(f"/messages/{made['id'].swapcase()}")
    assert swapped.status_code in (400, 404)
    malformed = graph.get("/messages/x")
    assert (malformed.status_code, graph.code(malformed)) == (400, "ErrorInvalidIdMalformed")
    control.delete_message(MAILBOX, made["id"], permanently=True)
    gone = graph.get(f"/messages/{made['immutable_id']}")
    assert (gone.status_code, graph.code(gone)) == (404, "ErrorItemNotFound")


def test_the_url_forms_that_sdks_send(graph: GraphClient, control: Control) -> None:
    control.set_behaviour(ids_with_slash=True)
    control.create_mailbox("slash@contoso.test")
    made = control.deliver("slash@contoso.test", mail())
    encoded = quote(made["id"], safe="")
    for path in (
        f"//users/slash%40contoso.test/messages/{encoded}",
        f"/users('slash@contoso.test')/messages('{encoded}')",
        f"/users/SLASH@contoso.test/mailfolders/inbox/MESSAGES/{encoded}",
    ):
        assert graph.get(path).json()["id"] == made["id"]
    for path in ("delta()", "microsoft.graph.delta()", "delta"):
        assert graph.get(f"/users/slash@contoso.test/mailfolders('inbox')/messages/{path}").status_code == 200
    assert graph.get("/me/messages").status_code == 400
    assert graph.get("/users/nobody@contoso.test/messages").status_code == 404


def test_value_is_the_loaded_bytes_in_chunks(graph: GraphClient, control: Control, tmp_path: Path) -> None:
    content = mail("big", body="x" * 300_000) + b"\xff\x00\r"
    (tmp_path / "big.eml").write_bytes(content)
    made = control.deliver(MAILBOX, path=tmp_path / "big.eml")
    (tmp_path / "big.eml").unlink()
    answer = graph.get(f"/messages/{made['id']}/$value")
    assert answer.content == content
    assert "Content-Length" not in answer.headers
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert graph.call("HEAD", f"/messages/{made['id']}/$value").status_code == 405


def test_attachments(graph: GraphClient, control: Control) -> None:
    plain, made = control.deliver(MAILBOX, mail()), control.deliver(MAILBOX, with_attachments())
    assert graph.get(f"/messages/{made['id']}?$select=hasAttachments").json()["hasAttachments"] is True
    assert graph.get(f"/messages/{plain['id']}?$select=hasAttachments").json()["hasAttachments"] is False
    listed = graph.get(f"/messages/{made['id']}/attachments").json()["value"]
    assert [(a["@odata.type"], a["name"]) for a in listed] == [
        ("#microsoft.graph.fileAttachment", "a.pdf"),
        ("#microsoft.graph.itemAttachment", "Inner"),
    ]
    assert base64.b64decode(listed[0]["contentBytes"]) == b"%PDF-"
    short = graph.get(f"/messages/{made['id']}/attachments?$select=id,name").json()["value"][0]
    assert "contentBytes" not in short
    value = graph.get(f"/messages/{made['id']}/attachments/{listed[0]['id']}/$value")
    assert (value.content, value.headers["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert b"inner text" in graph.get(f"/messages/{made['id']}/attachments/{listed[1]['id']}/$value").content


@pytest.mark.parametrize("counts", [False, True])
def test_inline_parts_and_has_attachments(graph: GraphClient, control: Control, counts: bool) -> None:
    control.set_behaviour(inline_counts_as_attachment=counts)
    content = mail("inline", "Content-Type: image/png", "Content-Disposition: inline; filename=a.png")
    made = control.deliver(MAILBOX, content)
    assert graph.get(f"/messages/{made['id']}").json()["hasAttachments"] is counts


def test_load_directory_follows_the_manifest(control: Control, tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(mail("B"))
    (tmp_path / "a.eml").write_bytes(mail("A"))
    assert [entry["file"] for entry in control.load_directory(MAILBOX, tmp_path)] == ["a.eml", "b.eml"]
    manifest = '{"mails":[{"file":"b.eml","folder":"inbox/Done","received":"2026-11-01T00:00:00Z","is_read":true}]}'
    (tmp_path / "manifest.json").write_text(manifest)
    control.load_directory(MAILBOX, tmp_path)
    last = control.dump(MAILBOX)["messages"][-1]
    assert (last["subject"], last["folder"], last["is_read"]) == ("B", "Inbox/Done", True)
    assert last["received"] == "2026-11-01T00:00:00Z"


def test_a_mail_can_be_put_into_a_folder_as_a_draft(graph: GraphClient, control: Control) -> None:
    content = base64.b64encode(mail("Put in")).decode()
    headers = {"Content-Type": "text/plain"}
    made = graph.call("POST", "/mailFolders/archive/messages", headers=headers, content=content)
    assert made.status_code == 201
    [listed] = graph.get("/mailFolders/archive/messages").json()["value"]
    assert (listed["id"], listed["isDraft"], listed["isRead"]) == (made.json()["id"], True, True)
    assert graph.get("/mailFolders/drafts/messages").json()["value"] == []
    assert graph.get(f"/messages/{listed['id']}/$value").content == mail("Put in")
    refused = graph.call("POST", "/mailFolders/archive/messages", headers=headers, content="%%%")
    assert (refused.status_code, graph.code(refused)) == (400, "ErrorMimeContentInvalidBase64String")


def test_a_link_to_a_file_has_no_content(graph: GraphClient, control: Control) -> None:
    lines = [
        "Content-Type: message/external-body; access-type=URL; URL=x",
        'Content-Disposition: attachment; filename="Budget.xlsx"',
        "",
        "Content-Type: application/octet-stream",
        "",
    ]
    made = control.deliver(MAILBOX, "\r\n".join(lines).encode())
    [shown] = graph.get(f"/messages/{made['id']}/attachments").json()["value"]
    assert shown["@odata.type"] == "#microsoft.graph.referenceAttachment"
    assert (shown["name"], shown["contentType"], "contentBytes" in shown) == ("Budget.xlsx", None, False)
    assert graph.get(f"/messages/{made['id']}/attachments/{shown['id']}/$value").status_code == 405
