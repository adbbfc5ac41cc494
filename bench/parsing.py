"""Time and memory of reading a mail, against other libraries and against base64 with SHA-256 alone."""

from __future__ import annotations

import base64
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from bench.figures import Results
from bench.parse_readers import READERS
from local.setup import ROOT

SIZES = {"10kb": 10_000, "100kb": 100_000, "5mb": 5_000_000, "25mb": 25_000_000, "150mb": 150_000_000}
ROUNDS = {"10kb": 201, "100kb": 101, "5mb": 7, "25mb": 3}
PEERS = ("compat32", "fast_mail_parser", "mail_parser")
PEERS_150MB = ("compat32", "mail_parser")
"""fast-mail-parser refuses mails over 100 MiB."""
KEYS = (
    *(f"parse_ratio_{peer}_{size}" for peer in PEERS for size in SIZES if size != "150mb" or peer in PEERS_150MB),
    "parse_ratio_limit_25mb", "parse_peak_mib_150mb", *(f"parse_peak_mib_150mb_{peer}" for peer in PEERS_150MB),
    "parse_whole_ratio_compat32_10kb", "parse_mb_per_second_25mb",
)  # fmt: skip
HOW = """
The same end product for all: every leaf of the mail decoded, and its SHA-256; the lists are compared. Mails have text, HTML
and attachments in base64, on a file system in memory where there is one. Up to 25 MB all libraries read in turn in one process, and the
medians are divided; 150 MB is read by processes of their own, three times each, and the peak is the kernel's own high-water mark (VmHWM)
above what the process had after a small mail; fast-mail-parser refuses mails over
100 MiB. `limit` decodes the attachment's lines with `binascii` and hashes them, and reads no mail.
`whole` is everything that Postrum reads in a mail: reply and quotation, forwarded blocks, machines, authentication, document words; the
others do nothing of it.
"""
RECEIVED = (
    "Received: from mx{0}.fjordkraft.example (203.0.113.{0})\r\n by mx.nordlys.example with ESMTPS id {0};"
    " Fri, 20 Nov 2026 08:00:0{0} +0000\r\n"
)
HEAD = (
    "Return-Path: <billing@fjordkraft.example>\r\nDelivered-To: mail@nordlys.example\r\nFrom: Billing <billing@fjordkraft.example>\r\n"
    "To: Invoices <mail@nordlys.example>, Ida Holm <ida@nordlys.example>\r\nSubject: =?utf-8?q?Faktura_f=C3=B8r_november?=\r\n"
    "Date: Fri, 20 Nov 2026 08:00:00 +0100\r\nMessage-ID: <n{number}@fjordkraft.example>\r\nReferences: <n1@nordlys.example>\r\n"
    "User-Agent: Fjordpost 4.2\r\nX-Priority: 3\r\nAccept-Language: da-DK, en-US\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="{outer}"\r\n\r\n'
)
SENTENCE = "The delivery arrived complete; the papers are with Ms Larsen, and the next one is planned for Thursday.\r\n"


def write_mail(path: Path, size: int, number: int = 0) -> Path:
    """A mail of about this size: 15 header fields, a letter as text and HTML, two attachments; the last is most of it.

    Another number gives other boundaries, as no two mails have the same.
    """
    outer, inner = f"=_outer_{number:06}", f"=_inner_{number:06}"
    text = SENTENCE * max(8, min(60, size // 2500))
    head = "".join(RECEIVED.format(hop) for hop in (3, 2, 1)) + HEAD.format(outer=outer, number=number)
    head += f'--{outer}\r\nContent-Type: multipart/alternative; boundary="{inner}"\r\n\r\n'
    for kind, content in (("plain", text), ("html", f"<html><body><p>{text}</p></body></html>")):
        head += f"--{inner}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{content}\r\n"
    chance = random.Random(f"{size} {number}")
    with path.open("wb") as out:
        out.write(f"{head}--{inner}--\r\n".encode())
        out.write(_part_head("terms.pdf", outer) + _lines(b"%PDF-1.7\n" + chance.randbytes(min(size // 20, 300_000))))
        out.write(_part_head("drawings.bin", outer))
        block = _lines(chance.randbytes(57 * 1000))
        left = max(78, size - out.tell())
        while left > len(block):
            left -= out.write(block)
        out.write(block[: left - left % 78] + f"--{outer}--\r\n".encode())
    return path


def _part_head(name: str, boundary: str) -> bytes:
    return (
        f'--{boundary}\r\nContent-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    ).encode()


def _lines(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def run() -> Results:
    """One run."""
    results: Results = {}
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        for size, rounds in ROUNDS.items():
            medians = in_turn([write_mail(folder / f"{n}.eml", SIZES[size], n) for n in range(rounds)])
            results |= {f"parse_ratio_{peer}_{size}": medians["postrum"] / medians[peer] for peer in PEERS}
            if size == "10kb":
                results["parse_whole_ratio_compat32_10kb"] = medians["whole"] / medians["compat32"]
            if size == "25mb":
                results["parse_ratio_limit_25mb"] = medians["postrum"] / medians["limit"]
                results["parse_mb_per_second_25mb"] = SIZES[size] / 1e6 / medians["postrum"]
        results |= _largest(write_mail(folder / "large", SIZES["150mb"]), write_mail(folder / "small", SIZES["10kb"]))
    return results


def in_turn(paths: list[Path]) -> dict[str, float]:
    """The median seconds of each reader; they take turns with each mail, so that a slow moment hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in READERS}
    for round_, path in enumerate([paths[0], *paths]):
        leaves = {}
        order = deque(READERS.items())
        order.rotate(round_)  # who comes first finds the mail out of the processor's caches
        for name, reader in order:
            began = time.perf_counter()
            leaves[name] = reader(path)
            if round_:  # the first is for loading
                taken[name].append(time.perf_counter() - began)
        assert all(leaves[peer] == leaves["postrum"] for peer in PEERS), "not the same end product"
        assert len({found[-1] for found in leaves.values()}) == 1, "not the same attachment"
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _largest(path: Path, small: Path) -> Results:
    """150 MB, one process for each reading."""
    taken = {name: [_alone(name, path, small) for _ in range(3)] for name in ("postrum", *PEERS_150MB)}
    assert len({one["last"] for all_of_one in taken.values() for one in all_of_one}) == 1, "not the same end product"
    seconds = {
        name: statistics.median(float(one["seconds"]) for one in all_of_one) for name, all_of_one in taken.items()
    }
    peaks = {name: max(float(one["above_idle"]) for one in all_of_one) for name, all_of_one in taken.items()}
    return {
        **{f"parse_ratio_{peer}_150mb": seconds["postrum"] / seconds[peer] for peer in PEERS_150MB},
        **{f"parse_peak_mib_150mb_{peer}": peaks[peer] for peer in PEERS_150MB},
        "parse_peak_mib_150mb": peaks["postrum"],
    }


def _alone(name: str, path: Path, small: Path) -> dict[str, float | str]:
    command = [sys.executable, "-m", "bench.parse_readers", name, str(path), str(small)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
