"""Identity: which tokens the app gets, and what the token for Graph opens by itself."""

from __future__ import annotations

from collections.abc import Sequence

from shared.doctor.model import Finding, green, red, yellow
from shared.identity.credentials import AppCredential
from shared.identity.token_claims import claims

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
_MAIL = ("mail.", "mailbox", "full_access_as_app", "exchange.manageasapp")
"""Beginnings of the roles that open mailboxes, in lower case."""


async def graph_token(name: str, credential: AppCredential) -> Sequence[Finding]:
    """Ask Entra for a token, past those in memory, and say which application roles it carries."""
    credential.forget()
    token = await credential.get_token(GRAPH_SCOPE)
    return [judge_roles(name, token.token)]


def judge_roles(name: str, token: str) -> Finding:
    """What the token opens. No role is right: Exchange opens the mailboxes of its scope, and no other."""
    content = claims(token)
    if content is None:
        return yellow(
            name,
            "a token came, and its roles cannot be read",
            "Look at the API permissions of the app registration in Entra instead.",
        )
    roles = sorted(str(role) for role in content.get("roles") or [] if str(role).isprintable())
    if not roles:
        return green(name, "a token without application roles: Exchange decides which mailboxes it opens")
    shown = ", ".join(roles)[:600]
    opens = mail_roles(roles)
    if opens:
        return yellow(
            name,
            f"the token carries {shown}: {' and '.join(opens)} {'open' if len(opens) > 1 else 'opens'} every mailbox of the tenant",
            "Withdraw the consent in Entra and scope the application in Exchange, unless tenant-wide access was chosen.",
        )
    return yellow(
        name, f"the token carries {shown}, which Postrum does not need", "Withdraw what is not needed in Entra."
    )


def mail_roles(roles: Sequence[str]) -> list[str]:
    """Those of the roles that open mailboxes."""
    return [role for role in roles if role.lower().startswith(_MAIL)]


def unused_identity(name: str) -> Finding:
    """Storage is opened by a connection string."""
    return yellow(
        name,
        "storage is opened by a connection string, not by an identity",
        "Right on one machine; in Azure set the endpoints and the managed identity instead.",
    )


def no_identity(name: str) -> Finding:
    """The identity that signs for the app registration is not set."""
    return red(name, "POSTRUM_IDENTITY_CLIENT_ID is not set", "Set it to the client id of the managed identity.")
