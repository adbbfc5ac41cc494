"""`python -m local.docs`: write docs/settings.md from `shared.settings.SETTINGS`, and docs/errors.md from `shared.remedies`.

Tests compare the pages with what this writes.
"""

from __future__ import annotations

import sys

from local import errors_page
from local.setup import ROOT
from shared.settings import SETTINGS, Setting

PAGE = ROOT / "docs" / "settings.md"

_HEAD = """\
# Settings

<!-- Written by `python -m local.docs` from shared/settings.py. Change it there; a test compares. -->

For whoever deploys Postrum, or runs it on one machine. Settings say where things are and who may open them. Mailboxes, rules
and subscribers are not settings: they are [configuration](configuration.md), and change while Postrum runs.

Settings are environment variables. In Azure they are the app settings of the function app. On one machine they stand in
`local.settings.json`, which `make run` writes by itself; [local.settings.sample.json](../local.settings.sample.json) shows its
form. A variable that is set in the environment wins over the file.

They are read once in each worker process, by `shared/settings.py` and nothing else. **Every problem is told at once**, so that
you mend them in one go:

```
POSTRUM_TENANT_ID is missing. Entra tenant of the deployment.
POSTRUM_GRAPH_URL is 'http://graph', expected an address that begins with https://
POSTRUM_MAIL_LIMIT_MIB is '500', expected a number from 1 to 150
docs/settings.md explains every setting.
```

None of these settings is a secret in Azure: storage is opened by the managed identity. A connection string holds a key, so it
is for development only.

## All settings

"""

_TAIL = """
**Storage.** There are two accounts: that of the host (`AzureWebJobsStorage`) with the queues, and the data account
(`DATA_STORAGE`) with archive and tables. For each, give either the connection string or the endpoints. Where both are there,
the connection string counts. Both names may lead to one account, as they do on one machine.

**`POSTRUM_FUNCTION_SECONDS`** repeats `functionTimeout` of [host.json](../host.json), which a function cannot read by itself. Change both
together. It may be 30 to 3600.

**`POSTRUM_ALLOWED_NETWORKS`** opens networks for all subscribers. Leave it empty unless a subscriber really is in your own
network. What is refused otherwise stands in `shared/net/guard.py`.

## Roles of the managed identity

Postrum works with these built-in roles of Azure. The host of Azure Functions itself asks for more on its own account; see
Microsoft's page on
[connecting to host storage with an identity](https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity).

| account | role | what for |
|---|---|---|
| host | Storage Blob Data Owner, Storage Table Data Contributor | what the Functions host itself needs |
| host | Storage Queue Data Contributor | put tasks, read and clear the poison queues |
| data | Storage Blob Data Contributor | write and read the archive |
| data | Storage Table Data Contributor | write and read the tables |

The template in `infra/` creates the accounts, the identity and these assignments, and the vault with its own
([infra/roles.json](../infra/roles.json) has all of them, with the reason for each).

## Read by others

| variable | who reads it |
|---|---|
| `FUNCTIONS_WORKER_RUNTIME` | the Functions host; always `python` |
| `IDENTITY_ENDPOINT`, `IDENTITY_HEADER` | the library that gets tokens for the managed identity; set by Azure, and by `make run` |
"""


def settings_page() -> str:
    """The whole page."""
    rows = ["| setting | what it is | without it | on one machine | in Azure |", "|---|---|---|---|---|"]
    return _HEAD + "\n".join(rows + [_row(setting) for setting in SETTINGS]) + "\n" + _TAIL


def _row(setting: Setting) -> str:
    sample = _code(setting.sample) if setting.sample is not None else ""
    azure = "set" if setting.in_azure else "not used"
    return f"| `{setting.name}` | {setting.meaning} | {_without(setting)} | {sample} | {azure} |"


def _without(setting: Setting) -> str:
    if setting.default is None:
        return "**required**"
    return _code(setting.default) if setting.default else "empty"


def _code(value: str) -> str:
    return f"`{value}`"


def main() -> int:
    """Write the pages."""
    for page, text in ((PAGE, settings_page()), (errors_page.PAGE, errors_page.errors_page())):
        page.write_text(text, "utf-8")
        print(f"docs: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
