"""Mailboxes read for an account that signed in: its own, and others that it may open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from emulator.server import EmulatorThread
from shared.errors import MessageGone, PermissionDenied, PostrumError, SignInNeeded
from shared.identity.authorisation_code import EntraAuthorisation
from shared.identity.credentials import FederatedCredential
from shared.identity.delegated import DelegatedCredential
from shared.sources.graph import DELEGATED, GraphClient, GraphSource
from shared.stores.secret_store import FileSecretStore
from tests.emulator.visitor import Visitor
from tests.sources.conftest import GraphProvider
from tests.sources.contract import every, found, mail_bytes, whole
from tests.sources.server import add

ACCOUNT = "plain@postrum.example"
CALLBACK = "http://127.0.0.1:7071/connect/callback"


@pytest.fixture
def visitor(emulator: EmulatorThread) -> Iterator[Visitor]:
    emulator.control.set_consent([])  # what the application may do by itself must not help
    emulator.control.set_registration(redirect_uris=[CALLBACK])
    with Visitor(emulator) as visitor:
        yield visitor


@pytest.fixture
async def delegated(
    emulator: EmulatorThread, credential: FederatedCredential, visitor: Visitor, tmp_path: Path
) -> AsyncIterator[GraphClient]:
    """The client of an account that has signed in."""
    entra = EntraAuthorisation(
        emulator.tenant_id, emulator.client_id, credential.assertion, emulator.authority, Path(emulator.ca_file)
    )
    request = await entra.begin(scopes=DELEGATED, redirect_uri=CALLBACK)
    account = await entra.finish(request.flow, visitor.accept(request.url, ACCOUNT).answer)
    vault = FileSecretStore(tmp_path / "secrets.json")
    await vault.put("grant", account.refresh_token or "")
    acting = DelegatedCredential(
        tenant_id=emulator.tenant_id,
        client_id=emulator.client_id,
        assertion=credential.assertion,
        secrets=vault,
        secret_name="grant",
        authority=emulator.authority,
        ca_file=Path(emulator.ca_file),
    )
    acting.forget()
    made = GraphClient(acting, base_url=emulator.graph_url, scopes=DELEGATED, ca_file=Path(emulator.ca_file))
    yield made
    acting.forget()
    await made.aclose()


@pytest.fixture
def shared(delegated: GraphClient, provider: GraphProvider) -> GraphSource:
    """A mailbox that is not the account's own, and that it has full access to."""
    provider.control.grant_mailbox_access(ACCOUNT, provider.address)
    return GraphSource(delegated, provider.address)


@pytest.mark.pain("C11")
@pytest.mark.capability("S5.18")
async def test_a_mailbox_is_read_whose_address_is_not_that_of_the_account(
    shared: GraphSource, provider: GraphProvider, delegated: GraphClient
) -> None:
    provider.control.create_mailbox(ACCOUNT)
    provider.control.deliver(ACCOUNT, mail_bytes("Of the account itself"))
    content = mail_bytes("Of the shared mailbox")
    mail = provider.deliver(content)
    assert [listed.subject for listed in await every(shared, await found(shared, ""))] == ["Of the shared mailbox"]
    assert await whole(shared, mail) == content
    imported = await shared.create_folder("Imported")
    assert await shared.move(mail, imported) == mail
    assert provider.place(mail) == "Imported"
    own = GraphSource(delegated, ACCOUNT)
    assert [listed.subject for listed in await every(own, await found(own, ""))] == ["Of the account itself"]


@pytest.mark.pain("C11")
@pytest.mark.capability("S5.18")
@pytest.mark.parametrize(
    ("answer", "cause"),
    [("ErrorItemNotFound", "graph_mailbox_not_shared"), ("ErrorAccessDenied", "graph_access_denied")],
)
async def test_without_access_nothing_is_taken_for_gone(
    delegated: GraphClient, provider: GraphProvider, answer: str, cause: str
) -> None:
    provider.control.set_behaviour(foreign_mailbox_error=answer)
    provider.control.grant_mailbox_access(ACCOUNT, provider.address)
    source = GraphSource(delegated, provider.address)
    mail = provider.deliver(mail_bytes())
    inbox = await found(source, "")
    provider.control.revoke_mailbox_access(ACCOUNT, provider.address)
    calls = (
        lambda: whole(source, mail),
        lambda: source.locate(mail),
        lambda: source.categories(mail),
        lambda: source.change(mail, mark_read=True),
        lambda: source.move(mail, inbox),
        lambda: source.delete(mail),
        lambda: GraphSource(delegated, provider.address).folder(""),
        lambda: GraphSource(delegated, provider.address).folder("Imported"),
        lambda: source.tree(),
    )
    for call in calls:
        with pytest.raises(PostrumError) as caught:
            await call()
        assert isinstance(caught.value, PermissionDenied)
        assert caught.value.cause == cause


async def test_a_mail_that_is_gone_is_gone_for_an_account_too(shared: GraphSource, provider: GraphProvider) -> None:
    mail = provider.deliver(mail_bytes())
    provider.delete(mail)
    with pytest.raises(MessageGone):
        await whole(shared, mail)
    assert await shared.locate(mail) is None
    await shared.delete(mail)


@pytest.mark.fault("B05")
@pytest.mark.parametrize("claims", [False, True])
async def test_a_token_that_was_revoked_is_replaced_with_the_claims_that_are_asked_for(
    shared: GraphSource, provider: GraphProvider, delegated: GraphClient, claims: bool
) -> None:
    mail = provider.deliver(mail_bytes())
    assert await whole(shared, mail)
    provider.control.refuse_tokens(claims_challenge=claims)
    before = delegated.requests
    assert await whole(shared, mail)
    assert delegated.requests == before + 2


@pytest.mark.fault("B05")
async def test_an_account_that_has_to_sign_in_again_is_told_as_such_and_nothing_is_done(
    shared: GraphSource, provider: GraphProvider, delegated: GraphClient
) -> None:
    mail = provider.deliver(mail_bytes())
    imported = await shared.create_folder("Imported")
    provider.control.advance(1)
    provider.control.revoke_sessions(ACCOUNT)
    provider.control.refuse_tokens(claims_challenge=True)
    before = delegated.requests
    for call in (shared.move(mail, imported), whole(shared, mail), every(shared, imported)):
        with pytest.raises(SignInNeeded):
            await call
    assert delegated.requests <= before + 1
    assert provider.moves(mail) == 0


@pytest.mark.fault("B05")
async def test_a_token_that_is_refused_for_good_is_no_loop(
    shared: GraphSource, provider: GraphProvider, delegated: GraphClient
) -> None:
    inbox = await found(shared, "")
    add(provider, "list", status=401, code="InvalidAuthenticationToken", times=-1)
    before = delegated.requests
    with pytest.raises(PermissionDenied) as caught:
        await shared.list(inbox)
    assert caught.value.cause == "graph_token_refused"
    assert delegated.requests == before + 2
