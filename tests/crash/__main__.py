"""`make crash`: every crash of every story. Prints what failed, and as the last line `crash points: N, survived: N`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from emulator.server import EmulatorThread
from local.azurite import Azurite
from tests.crash.paths import PATHS
from tests.crash.paths import Path as Story
from tests.crash.player import Forks, Player, difference, points_of

ACCOUNTS = 2000


def main() -> int:
    """Play; status 1 when one story did not end as it should."""
    parser = argparse.ArgumentParser(prog="make crash")
    parser.add_argument("--path", action="append", help="only this story; may be given again")
    parser.add_argument("--every", type=int, default=1, help="only every nth crash point")
    parser.add_argument("--part", default="1/1", help="which part of the points, such as 2/3")
    arguments = parser.parse_args()
    part, parts = (int(text) for text in arguments.part.split("/"))
    played = survived = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        EmulatorThread(Path(folder) / "emulator") as emulator,
        Forks() as forks,
    ):
        for path in PATHS:
            if arguments.path and path.name not in arguments.path:
                continue
            # Azurite keeps everything in memory: a fresh one for each story.
            with Azurite(accounts=ACCOUNTS) as azurite:
                accounts = iter(azurite.accounts)
                player = Player(
                    emulator, forks, lambda accounts=accounts: next(accounts).connection_string, Path(folder)
                )
                count, lost = story(player, path, arguments.every, part, parts)
            played += count
            survived += count - lost
    print(f"crash points: {played}, survived: {survived}")
    return 0 if played == survived else 1


def story(player: Player, path: Story, every: int, part: int, parts: int) -> tuple[int, int]:
    """All crashes of one story; returns how many there were, and how many of them it did not survive."""
    expected = player.play(path)
    points = list(points_of(path, expected.effects))[::every][part - 1 :: parts]
    print(f"{path.name}: {len(expected.effects)} effects, {len(points)} crash points", flush=True)
    lost = 0
    for point in points:
        try:
            lines = difference(expected.state, player.play(path, point).state)
        except AssertionError as error:
            lines = [str(error)]
        if lines:
            lost += 1
            print(f"  not survived: {point}", *lines[:12], sep="\n    ", flush=True)
    return len(points), lost


if __name__ == "__main__":
    sys.exit(main())
