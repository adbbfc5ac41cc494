"""The codes of the warnings about a mail: stable, for programs; the detail beside them is for people."""

from __future__ import annotations

__all__ = ["WARNINGS"]

WARNINGS: dict[str, str] = {
    "after_final_boundary": "parts follow the final boundary of their multipart; they are read",
    "archive_bomb": "an archive claims to become very much larger than it is",
    "archive_encrypted": "an archive needs a password",
    "archive_not_listed": "the table of an archive is damaged or too large; what it holds is not listed",
    "archive_not_opened": "an archive was to be opened and is too large, damaged or protected. The reading may not be complete",
    "body_cut": "the text or the HTML is longer than what is kept for reading",
    "boundary_not_found": "the boundary of a multipart is nowhere in it; its content is taken as text",
    "charset": "the charset of a body is missing, unknown or wrong; the detail says how it was read",
    "container_damaged": "a winmail.dat or Outlook file is damaged; what can be read of it is",
    "container_not_opened": "a container cannot be opened; it is kept whole",
    "container_too_large": "a container is too large to be opened; it is kept whole. The reading is not complete",
    "content_type": "a content type is none; the detail says as what the part was taken",
    "date": "the date cannot be read",
    "encrypted": "the mail or a part of it is encrypted",
    "header_charset": "a header has unencoded characters, or a wrong charset; the detail says how it was read",
    "header_too_long": "a header is too long to be taken apart as a whole. The reading is not complete",
    "headers_too_long": "the headers are longer than the limit. The reading is not complete",
    "mails_too_deep": "mails are attached to mails deeper than the limit; kept whole. The reading is not complete",
    "more_warnings": "there were more warnings than are kept",
    "name_charset": "the name of an attachment has no charset or a wrong one; the detail says how it was read",
    "no_blank_line": "a header is not followed by a blank line",
    "no_boundary": "a multipart names no boundary; it is looked for",
    "no_final_boundary": "a multipart has no final boundary; its last part may be cut",
    "partial_mail": "a piece of a mail that was sent in pieces; the others came in other mails",
    "rights_managed": "the mail is protected by rights management",
    "several_from": "the mail has several From fields; all of them count",
    "too_deep": "parts or containers lie deeper than the limit; kept whole. The reading is not complete",
    "too_many_fields": "there are more header fields than the limit. The reading is not complete",
    "too_many_parts": "there are more parts than the limit. The reading is not complete",
    "transfer_encoding": "the transfer encoding is unknown or the encoded data is damaged; the detail says how",
}
