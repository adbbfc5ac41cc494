"""The sign-in pages: which account, a second factor, and then consent or straight back (Entra:
v2-oauth2-auth-code-flow)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra import views
from emulator.entra.consent import Consent
from emulator.entra.ends import Ends
from emulator.entra.errors import EntraError
from emulator.entra.flow import Flow, Flows, Purpose, Sessions, registered
from emulator.entra.grants import Grants
from emulator.entra.review import Review
from emulator.entra.scopes import GRAPH, OUTLOOK_365, defaults, read
from emulator.tenants import Directory, Tenant
from emulator.users import SECOND_FACTOR, User

EVERYWHERE = ("common", "organizations")
_MODES = ("query", "fragment", "form_post")
_PROMPTS = ("", "none", "login", "consent", "select_account")


@dataclass
class SignInFault:
    """The next sign-ins end with this code, on a page or back at the app."""

    code: int
    times: int
    answer: Literal["page", "redirect"]
    error: str | None


class SignIn:
    """Serves ``authorize``, the administrators' consent endpoints, and the forms of their pages."""

    def __init__(
        self, directory: Directory, consent: Consent, grants: Grants, behaviour: Behaviour, clock: Clock
    ) -> None:
        self._directory = directory
        self._behaviour = behaviour
        self._consent = consent
        self.flows = Flows()
        self.ends = Ends(directory, self.flows, grants, behaviour, clock)
        self._review = Review(directory, consent, self.ends)
        self.sessions = Sessions()
        self.faults: list[SignInFault] = []

    def clear(self) -> None:
        """Forget all visits, sessions and faults."""
        self.flows.clear()
        self.sessions.clear()
        self.faults.clear()

    def routes(self) -> list[web.RouteDef]:
        """What the TLS listener serves."""
        return [
            web.get("/{tenant}/oauth2/v2.0/authorize", self.authorize),
            web.get("/{tenant}/oauth2/v2.0/logout", self.logout),
            web.get("/{tenant}/v2.0/adminconsent", self.admin_consent),
            web.get("/{tenant}/adminconsent", self.admin_consent_v1),
            web.post("/{tenant}/login", self.login),
            *self._review.routes(),
        ]

    # -- the addresses that apps send people to

    async def authorize(self, request: web.Request) -> web.Response:
        """GET /{tenant}/oauth2/v2.0/authorize."""
        query = request.query
        try:
            flow = self._begin(request, "authorize")
        except EntraError as error:
            return self.ends.error_page(error)
        flow.prompt = query.get("prompt", "")
        flow.login_hint = query.get("login_hint", "").lower()
        flow.domain_hint = query.get("domain_hint", "").lower()
        flow.nonce = query.get("nonce", "")
        flow.challenge = query.get("code_challenge", "")
        flow.challenge_method = query.get("code_challenge_method", "plain")
        mode = query.get("response_mode", "query")
        if mode in _MODES:
            flow.response_mode = mode
        try:
            if query.get("response_type") != "code":
                raise EntraError(700051, type=query.get("response_type", ""))
            if mode not in _MODES or flow.prompt not in _PROMPTS or flow.challenge_method not in ("plain", "S256"):
                raise EntraError(9002313)
            flow.scopes = read(flow.app, query.get("scope", ""))
        except EntraError as error:
            return self.ends.error_back(flow, error)
        self._remember(request, flow)
        return self._proceed(flow)

    async def admin_consent(self, request: web.Request) -> web.Response:
        """GET /{tenant}/v2.0/adminconsent (Entra: v2-admin-consent); ``scope`` is required."""
        try:
            flow = self._begin(request, "admin_consent")
            scope = request.query.get("scope", "")
            flow.scopes = read(flow.app, scope)
            flow.defaults = defaults(scope)
        except EntraError as error:
            return self.ends.error_page(error)
        return self._proceed(flow)

    async def admin_consent_v1(self, request: web.Request) -> web.Response:
        """GET /{tenant}/adminconsent: always the whole manifest (Entra: grant-admin-consent)."""
        try:
            flow = self._begin(request, "admin_consent_v1")
            flow.scopes = read(flow.app, f"{GRAPH}/.default")
            flow.defaults = frozenset({GRAPH, OUTLOOK_365})
        except EntraError as error:
            return self.ends.error_page(error)
        return self._proceed(flow)

    async def logout(self, request: web.Request) -> web.Response:
        """GET /{tenant}/oauth2/v2.0/logout: sign out of this browser, and back to a registered address."""
        target = request.query.get("post_logout_redirect_uri", "")
        if target and any(registered(app, target) for app in self._directory.apps.values()):
            answer = web.Response(status=302, headers={"Location": target})
        else:
            answer = views.signed_out()
        self.sessions.end(request.cookies, answer)
        return answer

    def _begin(self, request: web.Request, purpose: Purpose) -> Flow:
        """What must be right before anything is sent back to the app.

        Raises:
            EntraError: The tenant, the app or the redirect is unknown; the person is told so on a page.
        """
        name, query = request.match_info["tenant"], request.query
        tenant = self._directory.named(name)
        if tenant is None and name not in EVERYWHERE:
            raise EntraError(90002, tenant=name)
        for parameter in ("client_id", "redirect_uri"):
            if not query.get(parameter):
                raise EntraError(900144, parameter=parameter)
        app = self._directory.apps.get(query["client_id"])
        if app is None or app.managed_identity:
            raise EntraError(700016, client=query["client_id"])
        if not registered(app, query["redirect_uri"]):
            raise EntraError(50011, redirect=query["redirect_uri"], client=app.client_id)
        return self.flows.add(Flow(purpose, app, query["redirect_uri"], query.get("state", ""), tenant))

    def _remember(self, request: web.Request, flow: Flow) -> None:
        """Who is signed in to this browser goes on without a page, unless the app wants one."""
        user = self.sessions.user(request.cookies)
        if user is None or flow.prompt in ("login", "select_account"):
            return
        if flow.login_hint in ("", user.user_name.lower()):
            flow.user, flow.second_factor = user, user.obstacle in SECOND_FACTOR

    # -- the forms

    async def login(self, request: web.Request) -> web.Response:
        """POST /{tenant}/login: one step of a visit."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        flow = self.flows.get(form.get("ctx", ""))
        if flow is None:
            return self.ends.error_page(EntraError(90014, parameter="ctx"))
        if form.get("step") == "account":
            flow.user = self._directory.find_user(form.get("user", ""))
            if flow.user is None:
                return self.ends.error_page(EntraError(50034))
            answer = self._proceed(flow)
            self.sessions.keep(answer, flow.user)
            return answer
        if flow.user is None:
            return self._proceed(flow)
        return self._step(flow, flow.user, form)

    def _step(self, flow: Flow, user: User, form: Mapping[str, str]) -> web.Response:
        declined = form.get("answer") not in ("accept", "approve", "send")
        match form.get("step"):
            case "mfa" if not declined:
                flow.second_factor = True
                return self._proceed(flow)
            case "mfa":
                return self.ends.error_back(flow, EntraError(50076, resource=flow.app.name))
            case "request" if not declined:
                self._consent.request(flow, user, form.get("justification", ""))
                self.flows.end(flow)
                return views.request_sent(flow)
            case "consent" if not declined:
                unproven = user.obstacle in SECOND_FACTOR and not flow.second_factor
                if unproven or self._consent.barrier(flow, user, self._tenant(flow, user)):
                    return self._proceed(flow)
                whole = flow.purpose != "authorize" or form.get("for_organisation") == "yes"
                self._consent.accept(flow, user, for_organisation=whole)
                return self.ends.finish(flow, user)
            case "admin" if form.get("answer") == "another":
                flow.user, flow.prompt = None, "select_account"
                return self._proceed(flow)
            case "admin" | "request":
                return self.ends.returned(flow)
            case "consent":
                return self.ends.declined(flow)
        return self.ends.error_page(EntraError(90014, parameter="step"))

    def _tenant(self, flow: Flow, user: User) -> Tenant:
        return flow.tenant or self._directory.tenant(user.tenant_id)

    def _proceed(self, flow: Flow) -> web.Response:
        """The next page, or back to the app."""
        user = flow.user
        if user is None:
            if flow.prompt == "none":
                return self.ends.error_back(flow, EntraError(50058))
            return views.accounts(flow, list(self._directory.tenants.values()))
        tenant = self._tenant(flow, user)
        try:
            self._admit(flow, user, tenant)
        except EntraError as error:
            strange = error.code == 50020 and flow.purpose != "authorize"
            if strange and self._behaviour.stranger_at_admin_consent == "redirect":
                return self.ends.error_back(flow, error)
            return self.ends.error_page(error)
        fault = next((one for one in self.faults if one.times), None)
        if fault:
            fault.times -= 1
            wanted = EntraError(fault.code, user=user.user_name, client=flow.app.client_id)
            if fault.answer == "page":
                return self.ends.error_page(wanted)
            return self.ends.error_back(flow, wanted, name=fault.error)
        if user.obstacle in SECOND_FACTOR and not flow.second_factor:
            if flow.prompt == "none":
                return self.ends.error_back(flow, EntraError(user.obstacle, resource=flow.app.name))
            return views.second_factor(flow, user)
        if self._consent.needed(flow, user, tenant):
            return self._ask(flow, user, tenant)
        return self.ends.finish(flow, user)

    def _admit(self, flow: Flow, user: User, tenant: Tenant) -> None:
        """What keeps a person out, whatever they would consent to; it is told on a page and never to the app."""
        if user.tenant_id != tenant.id or user.user_name.lower() not in tenant.users:
            raise EntraError(50020, user=user.user_name, tenant=tenant.domain or tenant.id)
        if tenant.id != flow.app.tenant_id and not flow.app.multi_tenant:
            raise EntraError(700016, client=flow.app.client_id)
        if user.disabled:
            raise EntraError(50057)
        if user.obstacle and user.obstacle not in SECOND_FACTOR:
            raise EntraError(user.obstacle, user=user.user_name, client=flow.app.client_id)
        principal = tenant.principals.get(flow.app.client_id)
        if principal and principal.disabled:
            raise EntraError(7000112, client=flow.app.client_id)
        if principal and principal.assignment_required and not user.roles and flow.purpose == "authorize":
            raise EntraError(50105, user=user.user_name, client=flow.app.client_id)

    def _ask(self, flow: Flow, user: User, tenant: Tenant) -> web.Response:
        """The page that fits the tenant's policy."""
        if flow.prompt == "none":
            return self.ends.error_back(flow, EntraError(65001, client=flow.app.client_id))
        code = self._consent.barrier(flow, user, tenant)
        if code == 0:
            may_for_all = user.may_consent()
            return views.consent(flow, user, may_for_all=may_for_all and flow.purpose == "authorize")
        if code == 90095:
            return views.approval_required(flow, user)
        if code == 90093:
            error = EntraError(90093)
            goes_back = self._behaviour.forbidden_consent == "redirect"
            return self.ends.error_back(flow, error) if goes_back else self.ends.error_page(error)
        return views.need_admin_approval(flow, user, self.ends.told(EntraError(code)))
