"""`python -m local.sample_mailbox OUT_DIR` writes the sample mailbox."""

from __future__ import annotations

import argparse
from pathlib import Path

from local.sample_mailbox import write_sample_mailbox


def main() -> None:
    """Read the command line, write the mails, say what was written."""
    parser = argparse.ArgumentParser(prog="python -m local.sample_mailbox", description="Write the sample mailbox.")
    parser.add_argument("directory", type=Path, metavar="OUT_DIR")
    directory: Path = parser.parse_args().directory
    manifest = write_sample_mailbox(directory)
    print(f"{len(manifest.mails)} mails for {manifest.mailbox} written to {directory}")


if __name__ == "__main__":
    main()
