"""`postrum storage create`: tables, queues and the container, for development; in Azure the deployment makes them."""

from __future__ import annotations

import argparse

from cli.product import add_settings, run_with_app
from shared.app import App
from shared.errors import ConfigurationError
from shared.stores.layout import CONTAINERS, QUEUES, TableName, create_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `create`."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="create")
    create = commands.add_parser("create", help="create what is missing", description="Create what is missing.")
    add_settings(create)


def run(arguments: argparse.Namespace) -> int:
    """Create."""

    async def work(app: App) -> int:
        data, host = app.settings.data_storage, app.settings.host_storage
        if not data.connection_string or not host.connection_string:
            raise ConfigurationError(
                "storage is created here for development only, through connection strings",
                remedy="In Azure the deployment creates it.",
            )
        await create_all(data, host)
        print(f"ready: {len(TableName)} tables, {len(QUEUES)} queues, {len(CONTAINERS)} container")
        return 0

    return run_with_app(arguments, work)
