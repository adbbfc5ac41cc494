"""What the console needs of the App."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.configuration.service import Configure
    from shared.doctor.doctor import Doctor
    from shared.identity.api_tokens import ApiTokens
    from shared.identity.connection_keeper import ConnectionKeeper
    from shared.identity.sign_in import SignIn
    from shared.pipeline.again import RunAgain
    from shared.pipeline.alerts import AlertList
    from shared.pipeline.health import HealthReport
    from shared.pipeline.services import Services
    from shared.pipeline.status import StatusReport
    from shared.settings import Settings
    from shared.setup.use_cases import Setup
    from shared.stores.answers import Answers
    from shared.stores.configuration import Configuration
    from shared.stores.connections import Connections
    from shared.stores.members import Members
    from shared.stores.sessions import Sessions


class Product(Protocol):
    """The use cases and stores that pages and API call; `shared.app.App` is one."""

    @property
    def settings(self) -> Settings:
        """What the deployment decides."""

    @property
    def services(self) -> Services:
        """Stores, and the clock."""

    @property
    def status(self) -> StatusReport:
        """What is going on."""

    @property
    def again(self) -> RunAgain:
        """Runs things again."""

    @property
    def configure(self) -> Configure:
        """Changes the configuration."""

    @property
    def configuration(self) -> Configuration:
        """What is configured."""

    @property
    def doctor(self) -> Doctor:
        """Looks whether the deployment works."""

    @property
    def sign_in(self) -> SignIn:
        """Lets people in."""

    @property
    def sessions(self) -> Sessions:
        """Who is in."""

    @property
    def members(self) -> Members:
        """Who belongs to which companies."""

    @property
    def api_tokens(self) -> ApiTokens:
        """Says whose token it is."""

    @property
    def answers(self) -> Answers:
        """Answers to repeated requests."""

    @property
    def setup(self) -> Setup:
        """Connects mailboxes."""

    @property
    def connections(self) -> Connections:
        """How mailboxes are connected."""

    @property
    def connection_keeper(self) -> ConnectionKeeper:
        """The same, with `new` for those that nothing is known of."""

    @property
    def health(self) -> HealthReport:
        """How mailboxes are."""

    @property
    def alert_list(self) -> AlertList:
        """What people have to see to."""
