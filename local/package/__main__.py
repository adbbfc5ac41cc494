"""`python -m local.package`: write the package, and say how large it is. `make package` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.package.archive import build, table
from local.package.dependencies import site_packages
from local.package.errors import PackageError
from local.setup import ROOT


def main(given: Sequence[str] | None = None) -> int:
    """Build; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.package", description="Write the package for Azure.")
    parser.add_argument(
        "--whole-graph-sdk", action="store_true", help="pack all of the Graph SDK, not only what is loaded"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where to (default: dist)")
    arguments = parser.parse_args(given)
    try:
        package = build(arguments.folder, site_packages(whole_graph_sdk=arguments.whole_graph_sdk))
    except PackageError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(package)))
    print(f"package: {package}, {package.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
