"""Drafts and sending (Graph: user-post-messages, message-createreply, message-send, user-sendmail)."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from emulator.clock import iso
from emulator.errors import bad_request
from emulator.graph.call import Answer, Call, Json, endpoint
from emulator.graph.views import message_json
from emulator.state import Folder, Mailbox, Message

_POLICY = email.policy.SMTP
_RECIPIENTS = {"toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc", "replyTo": "Reply-To"}


def _parse(message: Message) -> EmailMessage:
    parsed = email.message_from_bytes(message.file.read_bytes(), policy=_POLICY)
    if not isinstance(parsed, EmailMessage):
        raise TypeError("the policy makes EmailMessage")
    return parsed


def _addresses(value: object) -> list[Address]:
    if not isinstance(value, list):
        raise bad_request("Recipients must be a list.", "ErrorInvalidRecipients")
    found = []
    for item in value:
        details = item.get("emailAddress", {}) if isinstance(item, dict) else {}
        try:
            found.append(Address(str(details.get("name") or ""), addr_spec=str(details["address"])))
        except (KeyError, ValueError, email.errors.MessageError):
            raise bad_request("At least one recipient is not valid.", "ErrorInvalidRecipients") from None
    return found


def _apply(mail: EmailMessage, fields: Json) -> bool:
    """Put the properties into the mail; whether any of them belongs there."""
    changed = False
    for name, value in fields.items():
        header = _RECIPIENTS.get(name)
        if header:
            del mail[header]
            if value:
                mail[header] = _addresses(value)
        elif name == "subject":
            del mail["Subject"]
            mail["Subject"] = " ".join(str(value).splitlines())
        elif name == "internetMessageId":
            del mail["Message-ID"]
            mail["Message-ID"] = str(value)
        elif name == "internetMessageHeaders":
            for item in value:
                if not str(item["name"]).lower().startswith("x-"):
                    raise bad_request("Internet message headers must start with 'X-'.", "InvalidInternetMessageHeader")
                mail[str(item["name"])] = str(item["value"])
        elif name == "body":
            _set_body(mail, str(value.get("content", "")), str(value.get("contentType", "text")).lower())
        elif name == "attachments":
            for item in value:
                _attach(mail, item)
        else:
            continue
        changed = True
    return changed


def _set_body(mail: EmailMessage, content: str, kind: str) -> None:
    target = mail.get_body(("html", "plain")) if mail.is_multipart() else mail
    subtype = "html" if kind == "html" else "plain"
    if isinstance(target, EmailMessage):
        target.set_content(content, subtype=subtype)


def _attach(mail: EmailMessage, item: Json) -> None:
    if item.get("@odata.type", "#microsoft.graph.fileAttachment") != "#microsoft.graph.fileAttachment":
        raise bad_request("The emulator attaches files only.", "ErrorInvalidRequest")
    try:
        content = base64.b64decode(item["contentBytes"], validate=True)
    except (KeyError, ValueError):
        raise bad_request("The attachment has no readable contentBytes.", "ErrorInvalidRequest") from None
    main, _, sub = str(item.get("contentType") or "application/octet-stream").partition("/")
    mail.add_attachment(
        content, maintype=main, subtype=sub or "octet-stream", filename=str(item.get("name", "attachment"))
    )


def _new_mail(call: Call, fields: Json) -> EmailMessage:
    mailbox = call.mailbox
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = mailbox.address
    mail["Date"] = format_datetime(call.world.clock.utc())
    number = mailbox.created + 1
    mail["Message-ID"] = f"<{mailbox.user_id[:8]}.{number}@emulator.test>"
    mail.set_content("")
    _apply(mail, {"body": {}, **fields})
    return mail


def _mime_body(call: Call) -> bytes | None:
    """The MIME variant: the whole mail as base64 with the content type text/plain."""
    if not call.headers.get("Content-Type", "").lower().startswith("text/plain"):
        return None
    try:
        return base64.b64decode(call.raw_body, validate=True)
    except binascii.Error:
        raise bad_request("Invalid base64 string for MIME content.", "ErrorMimeContentInvalidBase64String") from None


def _store(call: Call, content: bytes, folder: Folder | None = None) -> Message:
    mailbox = call.mailbox
    file = mailbox.next_file()
    file.write_bytes(content)
    place = folder or mailbox.well_known["drafts"]
    key = f"draft-{mailbox.created}"
    return mailbox.add_message(file, place, call.world.clock.utc(), key=key, is_read=True, is_draft=True)


def _created(call: Call, message: Message) -> Answer:
    return Answer(201, {"@odata.context": call.context("messages/$entity"), **message_json(call, message, None)})


@endpoint("POST", "messages", kind="draft", access="write")
@endpoint("POST", "mailfolders/*/messages", kind="draft", access="write")
def create_draft(call: Call) -> Answer:
    """201 with a draft, from JSON or MIME; it lies in the folder that is named, or in Drafts (Graph: mailfolder-post-messages)."""
    folder = call.folder(call.ids[0]) if call.ids else None
    content = _mime_body(call)
    if content is None:
        content = bytes(_new_mail(call, call.json()))
    return _created(call, _store(call, content, folder))


def update_draft(call: Call, message: Message, fields: Json) -> bool:
    """Change what only drafts can change; whether anything was."""
    if not message.is_draft:
        return False
    mail = _parse(message)
    if not _apply(mail, fields):
        return False
    message.file.write_bytes(bytes(mail))
    message.content_changed()
    return True


@endpoint("POST", "messages/*/attachments", kind="attachments", access="write")
def add_attachment(call: Call) -> Answer:
    """201: a file below 3 MB on a draft."""
    message, body = call.own_message(), call.json()
    if not update_draft(call, message, {"attachments": [body]}):
        raise bad_request("The item is not a draft.", "ErrorInvalidRequest")
    call.mailbox.changed(message)
    shown: dict[str, Any] = {"@odata.type": "#microsoft.graph.fileAttachment", "name": body.get("name")}
    shown["id"] = call.mailbox.ids.attachment(message.key, 0)
    return Answer(201, shown)


def _answer_draft(call: Call, prefix: str, *, everyone: bool = False, forward: bool = False) -> Answer:
    original, body = call.own_message(), call.json()
    fields = dict(body.get("message") or {})
    if "comment" in body and "body" in fields:
        raise bad_request("Comment and body cannot both be given.", "ErrorInvalidRequest")
    summary = original.summary
    subject = summary.subject
    fields.setdefault("subject", subject if subject.lower().startswith(prefix.lower()) else f"{prefix} {subject}")
    if "comment" in body:
        fields["body"] = {"contentType": "text", "content": str(body["comment"])}
    if not forward:
        senders = summary.reply_to or ([summary.from_] if summary.from_ else [])
        fields.setdefault("toRecipients", [address.json() for address in senders])
        if everyone:
            others = [a for a in summary.to + summary.cc if a.address.lower() != call.mailbox.address.lower()]
            fields.setdefault("ccRecipients", [address.json() for address in others])
    elif "toRecipients" in body:
        fields.setdefault("toRecipients", body["toRecipients"])
    mail = _new_mail(call, fields)
    if summary.message_id:
        mail["In-Reply-To"] = summary.message_id
        mail["References"] = (
            f"{summary.thread} {summary.message_id}" if summary.thread != summary.message_id else summary.message_id
        )
    return _created(call, _store(call, bytes(mail)))


@endpoint("POST", "messages/*/createreply", kind="draft", access="write")
def create_reply(call: Call) -> Answer:
    """201 with a draft to the sender."""
    return _answer_draft(call, "RE:")


@endpoint("POST", "messages/*/createreplyall", kind="draft", access="write")
def create_reply_all(call: Call) -> Answer:
    """201 with a draft to all."""
    return _answer_draft(call, "RE:", everyone=True)


@endpoint("POST", "messages/*/createforward", kind="draft", access="write")
def create_forward(call: Call) -> Answer:
    """201 with a draft of a forward; the emulator does not put the original into it."""
    return _answer_draft(call, "FW:", forward=True)


@endpoint("POST", "messages/*/send", kind="send", access="send")
def send(call: Call) -> Answer:
    """202: the draft's immutable id is that of the copy in Sent Items."""
    message = call.own_message()
    if not message.is_draft:
        raise bad_request("The item is not a draft.", "ErrorInvalidRequest")
    if not (message.summary.to or message.summary.cc or message.summary.bcc):
        raise bad_request("At least one recipient is required.", "ErrorInvalidRecipients")
    message.is_draft = False
    call.mailbox.move(message, call.mailbox.well_known["sentitems"])
    _dispatch(call, message)
    return Answer(202)


@endpoint("POST", "sendmail", kind="send", access="send")
def send_mail(call: Call) -> Answer:
    """202 and no trace: the caller never learns an id."""
    content = _mime_body(call)
    keep: object = True
    if content is None:
        body = call.json()
        content = bytes(_new_mail(call, dict(body.get("message") or {})))
        keep = body.get("saveToSentItems", True)
    message = _store(call, content)
    message.is_draft = False
    call.mailbox.move(message, call.mailbox.well_known["sentitems"])
    _dispatch(call, message)
    if keep in (False, "false", "False"):
        call.mailbox.remove(message, "purged")
    return Answer(202)


def _dispatch(call: Call, message: Message) -> None:
    """Note what was sent, and deliver it to the mailboxes that the emulator has."""
    summary, mailbox, world = message.summary, call.mailbox, call.world
    addresses = [address.address for address in summary.to + summary.cc + summary.bcc]
    mailbox.sent.append(
        {
            "immutable_id": message.immutable_id,
            "internet_message_id": summary.message_id,
            "subject": summary.subject,
            "recipients": addresses,
            "sent": iso(world.clock.utc()),
            "file": str(message.file),
        }
    )
    if not world.behaviour.deliver_sent_mail:
        return
    mail = _parse(message)
    del mail["Bcc"]
    content = bytes(mail)
    targets: dict[str, Mailbox] = {
        a.lower(): world.mailboxes[a.lower()] for a in addresses if a.lower() in world.mailboxes
    }
    for target in targets.values():
        file = target.next_file()
        file.write_bytes(content)
        target.add_message(file, target.well_known["inbox"], world.clock.utc())
