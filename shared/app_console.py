"""Composition of what the console needs beside the use cases: who is signed in, and who may what."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.app_core import Core
from shared.stores.layout import TableName

if TYPE_CHECKING:
    from shared.configuration.service import Configure
    from shared.identity.api_tokens import ApiTokens
    from shared.identity.authorisation_code import EntraAuthorisation
    from shared.identity.sign_in import SignIn
    from shared.setup.use_cases import Setup
    from shared.stores.answers import Answers
    from shared.stores.members import Members
    from shared.stores.sessions import Sessions
    from shared.stores.sign_in_states import SignInStates


class Console(Core):
    """Configuration, sign-in, sessions, members, set-up."""

    @cached_property
    def sign_in(self) -> SignIn:
        """Use case: people come in to the console."""
        from shared.identity.authorisation_code import EntraAuthorisation
        from shared.identity.sign_in import SignIn
        from shared.stores.sign_ins import SignInsUnderWay

        credential = self.sources.credential(self.settings.tenant_id)
        return SignIn(
            authorisation=EntraAuthorisation(
                credential.tenant_id,
                credential.client_id,
                credential.assertion,
                self.settings.authority,
                self._ca_file,
            ),
            tenant_id=self.settings.tenant_id,
            public_url=self.settings.public_url,
            sessions=self.sessions,
            under_way=SignInsUnderWay(self._table(TableName.SESSIONS)),
            members=self.members,
            clock=self._clock,
        )

    @cached_property
    def api_tokens(self) -> ApiTokens:
        """Says whose token came with a request."""
        from shared.identity.api_tokens import ApiTokens
        from shared.net.web import WebClient

        return ApiTokens(
            tenant_id=self.settings.tenant_id,
            client_id=self.settings.app_client_id,
            authority=self.settings.authority,
            web=WebClient(ca_file=self._ca_file),
        )

    def entra_authorisation(self, tenant: str) -> EntraAuthorisation:
        """Signs accounts of a tenant in."""
        from shared.identity.authorisation_code import EntraAuthorisation

        credential = self.sources.credential(tenant)
        return EntraAuthorisation(
            credential.tenant_id, credential.client_id, credential.assertion, self.settings.authority, self._ca_file
        )

    @cached_property
    def sign_in_states(self) -> SignInStates:
        """People who are away on a sign-in page."""
        from shared.stores.sign_in_states import SignInStates

        return SignInStates(self._table(TableName.CONNECTIONS))

    @cached_property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        from shared.stores.sessions import Sessions

        return Sessions(self._table(TableName.SESSIONS))

    @cached_property
    def members(self) -> Members:
        """Who belongs to which companies."""
        from shared.stores.members import Members

        return Members(self._table(TableName.MEMBERS))

    @cached_property
    def answers(self) -> Answers:
        """Answers to requests that may be repeated."""
        from shared.stores.answers import Answers

        return Answers(self._table(TableName.SESSIONS))

    @cached_property
    def setup(self) -> Setup:
        """Use cases of connecting a mailbox."""
        from shared.setup.use_cases import Setup

        return Setup(self)

    @cached_property
    def configure(self) -> Configure:
        """Use case: change the configuration."""
        # Late: no function needs it, and it loads all of classification.
        from shared.configuration.service import Configure

        return Configure(
            self.configuration, self.secrets, self.settings.allowed_networks, self.settings.allow_http_webhooks
        )
