from __future__ import annotations

import base64

import pytest

from emulator.control import Control
from tests.emulator.client import IMMUTABLE, MAILBOX, GraphClient, mail


def test_move_gives_another_default_id_and_keeps_the_immutable_one(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    moved = graph.post(f"/messages/{made['id']}/move", {"destinationId": "archive"})
    assert moved.status_code == 201
    assert moved.json()["id"] != made["id"]
    assert graph.get(f"/messages/{made['id']}").status_code == 404
    assert graph.get(f"/messages/{made['immutable_id']}", headers=IMMUTABLE).json()["id"] == made["immutable_id"]
    control.move_message(MAILBOX, made["immutable_id"], "inbox/Done")
    shown = control.dump(MAILBOX)["messages"][0]
    assert (shown["moves"], shown["relocations"], shown["been"], shown["folder"]) == (
        1,
        2,
        ["Inbox", "Archive", "Inbox/Done"],
        "Inbox/Done",
    )
    assert graph.post(f"/messages/{made['immutable_id']}/move", {}).status_code == 400


def test_copy_is_a_new_item(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    copied = graph.post(f"/messages/{made['id']}/copy", {"destinationId": "archive"}, headers=IMMUTABLE)
    assert copied.status_code == 201
    assert copied.json()["id"] != made["immutable_id"]
    assert len(control.dump(MAILBOX)["messages"]) == 2


def test_patch_counts_what_changes(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    path = f"/messages/{made['id']}"
    change = {"isRead": True, "categories": ["A"], "flag": {"flagStatus": "flagged"}, "importance": "high"}
    assert graph.patch(path, {"@odata.type": "#microsoft.graph.message", **change}).status_code == 200
    graph.patch(path, change)
    shown = graph.get(path).json()
    assert {name: shown[name] for name in change} == change
    assert control.dump(MAILBOX)["messages"][0]["patches"] == 1
    assert graph.patch(path, {"categories": "A"}).status_code == 400


@pytest.mark.parametrize(("honoured", "status"), [(True, 412), (False, 200)])
def test_if_match(graph: GraphClient, control: Control, honoured: bool, status: int) -> None:
    control.set_behaviour(honour_if_match=honoured)
    made = control.deliver(MAILBOX, mail())
    etag = graph.get(f"/messages/{made['id']}").json()["@odata.etag"]
    assert graph.patch(f"/messages/{made['id']}", {"isRead": True}, headers={"If-Match": etag}).status_code == 200
    answer = graph.patch(f"/messages/{made['id']}", {"isRead": False}, headers={"If-Match": etag})
    assert answer.status_code == status


def test_delete_twice(graph: GraphClient, control: Control) -> None:
    path = f"/messages/{control.deliver(MAILBOX, mail())['immutable_id']}"
    assert graph.delete(path).status_code == 204
    assert control.dump(MAILBOX)["messages"][0]["folder"] == "Deleted Items"
    assert graph.delete(path).status_code == 204
    assert graph.get(path).status_code == 404
    assert [message["gone"] for message in control.dump(MAILBOX)["gone"]] == ["recoverable"]


@pytest.mark.parametrize(("exists", "status"), [(True, 204), (False, 400)])
def test_permanent_delete(graph: GraphClient, control: Control, exists: bool, status: int) -> None:
    control.set_behaviour(permanent_delete=exists)
    path = f"/messages/{control.deliver(MAILBOX, mail())['immutable_id']}"
    assert graph.post(f"{path}/permanentDelete").status_code == status
    assert graph.get(path).status_code == (404 if exists else 200)


def test_draft_then_send_keeps_the_immutable_id(graph: GraphClient, control: Control) -> None:
    control.create_mailbox("other@contoso.test")
    to = [{"emailAddress": {"address": "other@contoso.test"}}]
    fields = {"subject": "Offer", "body": {"contentType": "html", "content": "<p>Hi</p>"}, "toRecipients": to}
    draft = graph.post("/messages", fields, headers=IMMUTABLE)
    assert (draft.status_code, draft.json()["isDraft"]) == (201, True)
    path = f"/messages/{draft.json()['id']}"
    assert graph.patch(path, {"subject": "Better offer"}).status_code == 200
    file = {"name": "a.txt", "contentType": "text/plain", "contentBytes": base64.b64encode(b"A").decode()}
    assert graph.post(f"{path}/attachments", file).status_code == 201
    assert graph.post(f"{path}/send").status_code == 202
    sent = graph.get(path, headers=IMMUTABLE).json()
    assert (sent["isDraft"], sent["subject"]) == (False, "Better offer")
    assert sent["parentFolderId"] == graph.get("/mailFolders/sentitems").json()["id"]
    arrived = graph.get("/users/other@contoso.test/mailFolders/inbox/messages").json()["value"]
    assert [(m["subject"], m["hasAttachments"]) for m in arrived] == [("Better offer", True)]
    assert control.dump(MAILBOX)["sent"][0]["recipients"] == ["other@contoso.test"]
    assert graph.post(f"{path}/send").status_code == 400


def test_reply_and_forward_drafts(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail("Ask"))
    reply = graph.post(f"/messages/{made['id']}/createReply", {"comment": "Yes"}).json()
    assert (reply["subject"], reply["toRecipients"][0]["emailAddress"]["address"]) == ("RE: Ask", "ann@fabrikam.test")
    forward = graph.post(f"/messages/{made['id']}/createForward", {"message": {"toRecipients": []}}).json()
    assert forward["subject"] == "FW: Ask"
    both = {"comment": "x", "message": {"body": {"content": "y"}}}
    assert graph.post(f"/messages/{made['id']}/createReply", both).status_code == 400


def test_send_mail_leaves_no_id(graph: GraphClient, control: Control) -> None:
    raw = base64.b64encode(mail("Mime"))
    text = {"Content-Type": "text/plain"}
    answer = graph.call("POST", "/sendMail", headers=text, content=raw)
    assert (answer.status_code, answer.content) == (202, b"")
    wrong = graph.call("POST", "/sendMail", headers=text, content=b"***")
    assert (wrong.status_code, graph.code(wrong)) == (400, "ErrorMimeContentInvalidBase64String")
    to = [{"emailAddress": {"address": "x@y.test"}}]
    kept = {"message": {"subject": "Json", "toRecipients": to}, "saveToSentItems": "false"}
    assert graph.post("/sendMail", kept).status_code == 202
    assert [sent["subject"] for sent in control.dump(MAILBOX)["sent"]] == ["Mime", "Json"]
    assert [m["folder"] for m in control.dump(MAILBOX)["messages"]] == ["Sent Items", "Inbox"]
