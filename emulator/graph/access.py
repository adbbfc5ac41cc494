"""Who may do what: the bearer token, consented roles and scopes, access to mailboxes, and Exchange's RBAC for
Applications (Graph: auth-limit-mailbox-access)."""

from __future__ import annotations

import base64

from emulator.entra.scopes import GRAPH
from emulator.errors import GraphError, bad_request, item_not_found
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
_SHARED = ".Shared"
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
        if not claims.user_name:
            raise bad_request("/me request is only valid with delegated authentication flow.")
        first, rest = "users", f"*/{rest}"
        url.ids.insert(0, claims.user_name)
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
    """Refuse what the token does not open: an app-only one by roles or Exchange's scopes, a person's by consented scopes
    and access to the mailbox."""
    if access == "subscribe":
        needed = _SUBSCRIBE | {_FULL} if world.behaviour.subscriptions_accept_write_roles else _SUBSCRIBE
    else:
        needed = _NEEDED[access]
    if claims.user_name:
        _check_person(world, claims, mailbox, needed)
    else:
        _check_app(world, claims, mailbox.address.lower() if mailbox else user.lower(), needed)


def _check_app(world: World, claims: Claims, address: str, needed: frozenset[str]) -> None:
    """403 where neither the token's roles nor an Exchange scope cover the mailbox; the two add up."""
    if claims.roles & needed:
        return
    tenant = world.tenants.tenants.get(claims.tenant_id)
    principal = tenant.principals.get(claims.app_id) if tenant else None
    scopes = principal.scopes.seen(world.clock.now()) if principal else {}
    if not any(address in addresses for role, addresses in scopes.items() if role in needed):
        raise _denied()


def _check_person(world: World, claims: Claims, mailbox: Mailbox | None, needed: frozenset[str]) -> None:
    """Their own mailbox; another one by a ``.Shared`` scope and full access (Graph: outlook-share-messages-folders)."""
    own = mailbox is None or mailbox.address.lower() == claims.user_name.lower()
    shared = {f"{name}{_SHARED}" for name in needed}
    if not claims.scopes & (needed | shared if own else shared):
        raise _denied()
    if mailbox is not None and not world.may_open(claims.user_name, mailbox.address):
        raise _denied() if world.behaviour.foreign_mailbox_error == "ErrorAccessDenied" else item_not_found()


def _denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def delivers(world: World, claims: Claims, mailbox: Mailbox) -> bool:
    """Whether a subscription will ever tell of a change: a person's to a shared mailbox does not (Graph:
    outlook-change-notifications-overview: delegated permissions are for the own mailbox only).

    Raises:
        GraphError: The switch says that it is refused.
    """
    if not claims.user_name or mailbox.address.lower() == claims.user_name.lower():
        return True
    if world.behaviour.delegated_shared_subscriptions == "refused":
        raise _denied()
    return world.behaviour.delegated_shared_subscriptions == "delivered"
