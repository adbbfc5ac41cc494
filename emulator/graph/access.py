"""Who may do what: the bearer token, consented roles, and Exchange's RBAC for Applications (Graph:
auth-limit-mailbox-access)."""

from __future__ import annotations

import base64

from emulator.entra import GRAPH
from emulator.errors import GraphError, bad_request
from emulator.graph.call import Url
from emulator.keys import Claims
from emulator.state import Mailbox
from emulator.world import World

_FULL = "Mail.ReadWrite"
_NEEDED: dict[str, frozenset[str]] = {
    "read": frozenset({"Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.Read", _FULL}),
    "content": frozenset({"Mail.Read", _FULL}),
    "write": frozenset({_FULL}),
    "send": frozenset({"Mail.Send"}),
}
_SUBSCRIBE = frozenset({"Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.Read"})


def authenticate(world: World, authorization: str) -> Claims:
    """The content of the bearer token, or 401."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized(world, "Access token is empty.")
    claims = world.entra.signer.verify(token.strip())
    if claims is None:
        raise _unauthorized(world, "IDX10511: Signature validation failed.")
    if claims.audience != GRAPH:
        raise _unauthorized(world, "Access token validation failure. Invalid audience.")
    if claims.expires_at <= world.clock.now():
        raise _unauthorized(world, "Lifetime validation failed, the token is expired.")
    refused = world.tokens_refused_until
    if refused and claims.serial <= max(refused.get("", 0), refused.get(claims.app_id, 0)):
        challenge = world.claims_challenge
        raise _unauthorized(world, "Continuous access evaluation resulted in challenge.", challenge=challenge)
    return claims


def _unauthorized(world: World, message: str, *, challenge: bool = False) -> GraphError:
    value = f'Bearer realm="", authorization_uri="{world.entra.authority}/common/oauth2/authorize"'
    if challenge:
        wanted = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"0"}}}').decode()
        value += f', error="insufficient_claims", claims="{wanted}"'
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": value})


def find_mailbox(world: World, url: Url, claims: Claims) -> tuple[Mailbox | None, str, list[str]]:
    """The mailbox that the URL names (it may not exist), and the rest of the URL's key and ids.

    A message that is reached through its folder is the same endpoint as without; the folder is not checked.
    """
    first, _, rest = url.key.partition("/")
    if first == "me":
        raise bad_request("/me request is only valid with delegated authentication flow.")
    user, _, rest = rest.partition("/")
    if first != "users" or user != "*":
        raise bad_request(f"Resource not found for the segment '{first}'.")
    ids = url.ids[1:]
    marker = rest.find("/messages/*")
    if marker >= 0 and rest.startswith("mailfolders/*"):
        folders = rest[:marker].count("*")
        rest, ids = rest[marker + 1 :], ids[folders:]
    elif rest.startswith("mailfolders/*/childfolders/*"):
        depth = rest.count("folders/*")
        rest, ids = "mailfolders/*" + rest.split("folders/*")[-1], ids[depth - 1 :]
    mailbox = world.mailboxes.get(url.ids[0].lower())
    return mailbox, rest, ids


def check_access(world: World, claims: Claims, user: str, mailbox: Mailbox | None, access: str) -> None:
    """403 where neither the token's roles nor an Exchange scope cover the mailbox; the two add up."""
    if access == "subscribe":
        needed = _SUBSCRIBE | {_FULL} if world.behaviour.subscriptions_accept_write_roles else _SUBSCRIBE
    else:
        needed = _NEEDED[access]
    if claims.roles & needed:
        return
    tenant = world.tenants.tenants.get(claims.tenant_id)
    principal = tenant.principals.get(claims.app_id) if tenant else None
    address = mailbox.address.lower() if mailbox else user.lower()
    if principal and any(address in addresses for role, addresses in principal.scopes.items() if role in needed):
        return
    raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
