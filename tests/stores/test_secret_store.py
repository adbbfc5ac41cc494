"""Where secrets are kept: one contract for the file and the vault, and what only one of them has to do."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.app import App
from shared.effect import Moment, UnnamedEffect, observe
from shared.errors import (
    ConfigurationError,
    NetworkFailure,
    PermanentError,
    PermissionDenied,
    PostrumError,
    ServiceUnavailable,
    Throttled,
)
from shared.settings import read
from shared.stores.connection import StorageConnection, client_options
from shared.stores.key_vault import MOST_BYTES, KeyVaultSecretStore, vault_name
from shared.stores.secret_store import FileSecretStore, SecretStore
from tests.stores.vault import TENANT, Vault, running_vault

ROOT = Path(__file__).parents[2]
NAMES = [
    "subscriber-ledger",
    "nordlys-subscriber-ledger",
    "Refresh token/of a@b.example",
    "ä",
    "n-1",
    "A",
    "a_b",
    "a-b",
]


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    async with running_vault(tmp_path / "vault") as running:
        yield running


@pytest.fixture
async def vault_store(vault: Vault) -> AsyncIterator[KeyVaultSecretStore]:
    store = KeyVaultSecretStore(vault.uri, vault.credential, ca_file=vault.ca_file)
    yield store
    await store.aclose()


@pytest.fixture(params=["file", "vault"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SecretStore:
    if request.param == "file":
        return FileSecretStore(tmp_path / "deep" / "secrets.json")
    found: SecretStore = request.getfixturevalue("vault_store")
    return found


class TestContract:
    async def test_what_was_put_is_found(self, store: SecretStore) -> None:
        for number, name in enumerate(NAMES):
            assert await store.get(name) is None
            await store.put(name, f"whsec_{number}+/=\nsecond line ☃")
        for number, name in enumerate(NAMES):
            assert await store.get(name) == f"whsec_{number}+/=\nsecond line ☃"

    async def test_the_last_one_counts(self, store: SecretStore) -> None:
        for value in ("one", "two", "three"):
            await store.put("subscriber-ledger", value)
        assert await store.get("subscriber-ledger") == "three"

    async def test_putting_is_one_effect(self, store: SecretStore) -> None:
        seen: list[tuple[str, Moment]] = []
        end = observe(lambda name, moment: seen.append((name, moment)))
        try:
            await store.put("subscriber-ledger", "one")
            await store.get("subscriber-ledger")
        finally:
            end()
        assert seen == [("secret.put", Moment.BEFORE), ("secret.put", Moment.AFTER)]

    async def test_what_was_deleted_is_gone_and_deleting_it_again_is_no_error(self, store: SecretStore) -> None:
        await store.put("grant-one", "a")
        await store.put("grant-two", "b")

        await store.delete("grant-one")
        await store.delete("grant-one")
        await store.delete("never there")

        assert await store.get("grant-one") is None
        assert await store.get("grant-two") == "b"

    async def test_deleting_is_one_effect(self, store: SecretStore) -> None:
        await store.put("grant-one", "a")
        seen: list[tuple[str, Moment]] = []
        end = observe(lambda name, moment: seen.append((name, moment)))
        try:
            await store.delete("grant-one")
        finally:
            end()
        assert seen == [("secret.delete", Moment.BEFORE), ("secret.delete", Moment.AFTER)]

    async def test_nothing_of_a_secret_is_in_a_representation(self, store: SecretStore) -> None:
        await store.put("subscriber-ledger", "whsec_very_secret")
        assert "very_secret" not in repr(store)


class TestVault:
    async def test_the_body_goes_out_only_with_a_token(self, vault: Vault, vault_store: KeyVaultSecretStore) -> None:
        await vault_store.put("subscriber-ledger", "whsec_x")

        assert [(method, token, size > 0) for method, _, token, size in vault.requests] == [
            ("PUT", False, False),
            ("PUT", True, True),
        ]
        assert vault.scopes == [f"https://0.0.1:{vault.uri.rpartition(':')[2]}/.default"]
        assert TENANT not in str(vault.secrets)

    async def test_nothing_connects_before_it_is_used(self, vault: Vault) -> None:
        store = KeyVaultSecretStore("https://no.such.vault.invalid", vault.credential)
        await store.aclose()
        assert vault.scopes == []

    @pytest.mark.parametrize(
        ("fail", "expected"),
        [
            ((403, {}), PermissionDenied),
            ((429, {"Retry-After": "7"}), Throttled),
            ((500, {}), ServiceUnavailable),
            ((503, {}), ServiceUnavailable),
            ((400, {}), PermanentError),
        ],
    )
    async def test_refusals_are_the_errors_of_the_product(
        self,
        vault: Vault,
        vault_store: KeyVaultSecretStore,
        fail: tuple[int, dict[str, str]],
        expected: type[PostrumError],
    ) -> None:
        vault.fail = fail
        for call in (vault_store.get("a"), vault_store.put("a", "whsec_very_secret")):
            with pytest.raises(expected) as caught:
                await call
            assert "secret text" not in str(caught.value)
            assert "very_secret" not in str(caught.value)
            if isinstance(caught.value, Throttled):
                assert caught.value.retry_after == 7

    async def test_a_write_is_not_repeated(self, vault: Vault, vault_store: KeyVaultSecretStore) -> None:
        vault.fail = (503, {})
        with pytest.raises(ServiceUnavailable):
            await vault_store.put("a", "x")
        assert sum(size > 0 for _, _, _, size in vault.requests) == 1

    async def test_a_name_can_be_used_again_although_the_vault_keeps_what_was_deleted(
        self, vault: Vault, vault_store: KeyVaultSecretStore
    ) -> None:
        await vault_store.put("a", "old")
        await vault_store.delete("a")
        await vault_store.put("a", "new")
        assert await vault_store.get("a") == "new"

    async def test_a_deleted_secret_that_is_slow_to_come_back_is_tried_later(
        self, vault: Vault, vault_store: KeyVaultSecretStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.stores.key_vault.RECOVERING", (0, 0))
        monkeypatch.setattr(vault, "slow", True)
        vault.deleted.add("a")
        with pytest.raises(ServiceUnavailable) as later:
            await vault_store.put("a", "x")
        assert later.value.retry_after == 60

    async def test_a_disabled_secret_is_refused(self, vault: Vault, vault_store: KeyVaultSecretStore) -> None:
        await vault_store.put("a", "x")
        vault.disabled.add("a")
        with pytest.raises(PermissionDenied):
            await vault_store.get("a")

    async def test_too_much_is_refused_before_it_is_sent(self, vault: Vault, vault_store: KeyVaultSecretStore) -> None:
        with pytest.raises(PermanentError):
            await vault_store.put("a", "x" * (MOST_BYTES + 1))
        assert vault.requests == []

    async def test_no_answer(self, tmp_path: Path, vault: Vault) -> None:
        store = KeyVaultSecretStore("https://127.0.0.1:9", vault.credential, ca_file=vault.ca_file)
        with pytest.raises(NetworkFailure):
            await store.get("a")
        await store.aclose()

    async def test_no_token(self, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
        from azure.core.exceptions import ClientAuthenticationError

        class NoIdentity(Vault):
            async def get_token(self, *scopes: str, **_: object) -> object:  # type: ignore[override]
                raise ClientAuthenticationError("no identity: very_secret")

        store = KeyVaultSecretStore(vault.uri, NoIdentity().credential, ca_file=vault.ca_file)
        with pytest.raises(ServiceUnavailable) as caught:
            await store.get("a")
        await store.aclose()
        assert "very_secret" not in str(caught.value)

    async def test_a_changing_request_without_an_effect_is_refused(self, vault: Vault) -> None:
        from azure.keyvault.secrets.aio import SecretClient

        options = client_options(StorageConnection(ca_file=vault.ca_file))
        async with SecretClient(vault.uri, vault.credential(), **options) as client:
            with pytest.raises(UnnamedEffect):
                await client.set_secret("a", "x")

    def test_the_sdk_is_loaded_late(self) -> None:
        code = "import sys, shared.app; sys.exit('azure.keyvault.secrets' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


class TestVaultName:
    @pytest.mark.parametrize("name", ["subscriber-ledger", "postrum-doctor", "a", "0", "x" * 127])
    def test_what_fits_stays(self, name: str) -> None:
        assert vault_name(name) == name

    @pytest.mark.parametrize("name", ["A", "a_b", "ä", "x" * 128, "n-1", "", "../../keys/k", "a?b"])
    def test_what_does_not_fit_is_made_to(self, name: str) -> None:
        assert vault_name(name) != name

    @given(st.text(max_size=200), st.text(max_size=200))
    def test_every_name_is_possible_and_two_never_meet(self, one: str, other: str) -> None:
        for name in (one, other):
            made = vault_name(name)
            assert made.isascii()
            assert made == made.lower()
            assert 1 <= len(made) <= 127
            assert set(made) <= set("0123456789abcdefghijklmnopqrstuvwxyz-")
        assert (vault_name(one) == vault_name(other)) is (one == other)


class TestFile:
    async def test_only_its_owner_can_read_it(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.json"
        await FileSecretStore(path).put("a", "x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async def test_a_file_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.json"
        path.write_text("{}")
        path.chmod(0o644)
        with pytest.raises(ConfigurationError):
            await FileSecretStore(path).get("a")


class TestSettings:
    NEEDED = {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "DATA_STORAGE": "UseDevelopmentStorage=true",
        "POSTRUM_TENANT_ID": "x",
        "POSTRUM_APP_CLIENT_ID": "x",
        "POSTRUM_TICK_SCHEDULE": "0 * * * * *",
    }

    def test_the_vault_is_used_where_it_is_set(self) -> None:
        app = App(read(self.NEEDED | {"POSTRUM_KEY_VAULT_URI": "https://kv-postrum.vault.azure.net/"}))
        assert isinstance(app.secrets, KeyVaultSecretStore)
        assert app.secrets.uri == "https://kv-postrum.vault.azure.net"

    def test_one_place_only(self, tmp_path: Path) -> None:
        both = {"POSTRUM_KEY_VAULT_URI": "https://v.vault.azure.net", "POSTRUM_SECRETS_FILE": str(tmp_path / "s")}
        with pytest.raises(ConfigurationError, match="both set"):
            read(self.NEEDED | both)

    def test_without_any_it_is_said_when_it_is_needed(self) -> None:
        with pytest.raises(ConfigurationError, match="no place for secrets"):
            _ = App(read(self.NEEDED)).secrets

    @pytest.mark.parametrize("uri", ["http://v.vault.azure.net", "v.vault.azure.net", "https://u:p@v.vault.azure.net"])
    def test_an_address_that_cannot_be_a_vault(self, uri: str) -> None:
        with pytest.raises(ConfigurationError, match="POSTRUM_KEY_VAULT_URI"):
            read(self.NEEDED | {"POSTRUM_KEY_VAULT_URI": uri})
