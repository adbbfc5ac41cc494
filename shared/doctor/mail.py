"""Mailboxes: those that are configured can be read, and one that is out of reach is refused."""

from __future__ import annotations

from collections.abc import Sequence

from shared.doctor.access import GRAPH_SCOPE, mail_roles
from shared.doctor.model import Finding, counted, green, red, yellow
from shared.errors import PostrumError
from shared.identity.credentials import AppCredential
from shared.identity.token_claims import claims
from shared.model.config import Mailbox
from shared.sources.base import MailSource
from shared.sources.graph import GraphClient
from shared.sources.graph.client import RefusedError
from shared.sources.graph.errors import NO_MAILBOX

_CHOOSE = "Set POSTRUM_PROBE_MAILBOX to the address of a mailbox of the tenant that Postrum must not read."


async def mailbox(name: str, configured: Mailbox, source: MailSource) -> Sequence[Finding]:
    """The inbox can be read, and the folders are found. One request after the other: the lane needs its slots."""
    try:
        inbox = await source.folder("")
        if inbox is None:
            return [
                red(name, "the inbox was not found", "Check the address, and that the mailbox is in Exchange Online.")
            ]
        folders = configured.folders
        read_from = inbox if not folders.source else await source.folder(folders.source)
        if read_from is None:
            return [
                red(
                    name,
                    f"the folder {folders.source!r} was not found",
                    "Make it, or name another in the configuration.",
                )
            ]
        missing = [path for path in (folders.imported, folders.other) if await source.folder(path) is None]
    finally:
        await source.aclose()
    found = f"can be read; {counted(read_from.total, 'mail')} in {folders.source or 'the inbox'}"
    if missing:
        return [
            yellow(
                name,
                f"{found}; not there yet: {', '.join(missing)}",
                "Nothing has to be done: Postrum makes a missing folder when it first files a mail into it.",
            )
        ]
    return [green(name, f"{found}; folders found")]


async def out_of_scope(
    name: str, address: str | None, configured: Sequence[str], client: GraphClient, credential: AppCredential
) -> Sequence[Finding]:
    """A mailbox that Postrum must not reach answers 403."""
    if not address:
        return [yellow(name, "not tried: no mailbox is named for it", _CHOOSE)]
    if address.lower() in {one.lower() for one in configured}:
        return [red(name, "the mailbox named for it is one that is configured", _CHOOSE)]
    from shared.sources.graph.requests import Requests  # loads the SDK

    try:
        answer = await client.call(
            Requests(client.session(), address).folder("inbox"), "looking at a mailbox out of the scope"
        )
    except RefusedError as refused:
        return [_judged(name, refused.refused.status, refused.refused.code, refused.error)]
    return [
        red(
            name,
            f"it can be read: mails in its inbox: {answer.get('totalItemCount', 'not told')}. {await _why(credential)}",
            "Withdraw the consent to mail permissions in Entra, or take the mailbox out of the Exchange scope; it takes up to two hours.",
        )
    ]


def _judged(name: str, status: int, code: str, error: PostrumError) -> Finding:
    if status == 403:
        return green(name, "it was refused (403)")
    if status == 404 or code in NO_MAILBOX:
        return yellow(name, "there is no such mailbox, so this shows nothing", _CHOOSE)
    return red(name, error.message, error.remedy or "Run the doctor again.")


async def _why(credential: AppCredential) -> str:
    """What opens it: the roles of the token, or else the scope."""
    content = claims((await credential.get_token(GRAPH_SCOPE)).token) or {}
    opens = mail_roles([str(role) for role in content.get("roles") or []])
    if opens:
        return f"The token carries {' and '.join(opens)}, which opens every mailbox of the tenant."
    return "The token carries no mail role, so the scope in Exchange holds this mailbox."
