"""`make crash`: every crash of every story, and every lost answer. Prints what did not survive.

The last line is `crash points: N, survived: N`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from emulator.server import EmulatorThread
from local.azurite import Azurite
from tests.crash.mailbox import ImapMailbox
from tests.crash.paths import PATHS
from tests.crash.paths import Path as Story
from tests.crash.player import (
    End,
    Forks,
    Player,
    difference,
    lost_graph_answers,
    lost_imap_answers,
    lost_storage_answers,
    points_of,
)

ACCOUNTS = 2000
SUMMARY = re.compile(r"(crash points|lost answers): (\d+), survived: (\d+)")
Case = tuple[str, str, Callable[[], End]]
"""What it counts as, its description, and what plays it."""


def main() -> int:
    """Play; status 1 when one story did not end as it should."""
    parser = argparse.ArgumentParser(prog="make crash")
    parser.add_argument("--path", action="append", help="only this story; may be given again")
    parser.add_argument("--every", type=int, default=1, help="only every nth case")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes play at once")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    counts = {"lost answers": [0, 0], "crash points": [0, 0]}
    if arguments.part or arguments.jobs < 2:
        part, parts = (int(text) for text in (arguments.part or "1/1").split("/"))
        with (
            tempfile.TemporaryDirectory() as folder,
            EmulatorThread(Path(folder) / "emulator") as emulator,
            Forks() as forks,
            ImapMailbox() as imap,
        ):
            for story in PATHS:
                if not arguments.path or story.name in arguments.path:
                    # Azurite keeps everything in memory: a fresh one for each story.
                    with Azurite(accounts=ACCOUNTS) as azurite:
                        accounts = iter(azurite.accounts)
                        player = Player(emulator, forks, lambda accounts=accounts: next(accounts), Path(folder), imap)
                        play(player, story, (part, parts, arguments.every), counts)
    else:
        in_parts(arguments.jobs, counts)
    for what, (played, survived) in counts.items():
        print(f"{what}: {played}, survived: {survived}")
    return 0 if all(played == survived for played, survived in counts.values()) else 1


def play(player: Player, story: Story, share: tuple[int, int, int], counts: dict[str, list[int]]) -> None:
    """All cases of one story that fall into our share, and what became of them."""
    part, parts, every = share
    expected = player.play(story)
    chosen = list(cases(player, story, expected.effects))[::every][part - 1 :: parts]
    print(f"{story.name}: {len(expected.effects) // 2} effects, {len(chosen)} cases", flush=True)
    for kind, what, case in chosen:
        try:
            lines = difference(expected.state, case().state)
        except AssertionError as error:
            lines = [str(error)]
        counts[kind][0] += 1
        counts[kind][1] += not lines
        if lines:
            print(f"  not survived: {what}", *lines[:12], sep="\n    ", flush=True)


def cases(player: Player, story: Story, effects: list[tuple[str, int, str]]) -> Iterator[Case]:
    """Everything that can happen to a story."""
    calls, commands = player.changing_calls(), player.changing_commands(story)
    player.play_through_proxy(story)
    requests = player.changing_requests
    for point in points_of(story, effects):
        yield "crash points", str(point), lambda point=point: player.play(story, point)
    for what, faults in lost_graph_answers(calls):
        yield "lost answers", f"{story.name}: {what}", lambda faults=faults: player.play(story, faults=faults)
    for command in lost_imap_answers(commands):
        what = f"{story.name}: {command[0]} #{command[1]}"
        yield "lost answers", what, lambda command=command: player.play_without_answer(story, command)
    for loss in lost_storage_answers(requests):
        yield "lost answers", f"{story.name}: {loss}", lambda loss=loss: player.play_through_proxy(story, loss)


def in_parts(jobs: int, counts: dict[str, list[int]]) -> None:
    """The same in several processes, each with its share of every story."""
    shares = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.crash", *sys.argv[1:], "--part", f"{part}/{jobs}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for part in range(1, jobs + 1)
    ]
    for share in shares:
        for line in share.stdout or ():
            if found := SUMMARY.fullmatch(line.strip()):
                counts[found[1]][0] += int(found[2])
                counts[found[1]][1] += int(found[3])
            else:
                print(line, end="", flush=True)
        share.wait()


if __name__ == "__main__":
    sys.exit(main())
