"""Writes Outlook .msg files for the tests: MAPI properties ([MS-OXMSG]) in a minimal compound file ([MS-CFB], version 3)."""

from __future__ import annotations

import struct

type Storage = dict[str, "bytes | Storage"]

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT_SECTOR, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


class _Entry:
    def __init__(self, name: str, kind: int) -> None:
        self.name, self.kind = name, kind
        self.left = self.right = self.child = NONE
        self.start, self.size = END, 0

    def pack(self) -> bytes:
        name = self.name.encode("utf-16-le")
        return (
            name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2, self.kind, 1)
            + struct.pack("<III", self.left, self.right, self.child) + bytes(36) + struct.pack("<IQ", self.start, self.size)
        )  # fmt: skip


class _Writer:
    def __init__(self) -> None:
        self.sectors: list[bytes] = []
        self.fat: list[int] = []
        self.mini = bytearray()
        self.mini_fat: list[int] = []
        self.entries = [_Entry("Root Entry", 5)]

    def chain(self, data: bytes) -> int:
        """Put data into sectors; answer the first."""
        start, count = len(self.sectors), -(-len(data) // SECTOR)
        for number in range(count):
            self.sectors.append(data[number * SECTOR : (number + 1) * SECTOR].ljust(SECTOR, b"\0"))
            self.fat.append(start + number + 1 if number + 1 < count else END)
        return start if count else END

    def stream(self, entry: _Entry, data: bytes) -> None:
        entry.size = len(data)
        if len(data) >= CUTOFF:
            entry.start = self.chain(data)
        elif data:
            entry.start, count = len(self.mini) // MINI, -(-len(data) // MINI)
            self.mini += data.ljust(count * MINI, b"\0")
            self.mini_fat += [*range(entry.start + 1, entry.start + count), END]

    def storage(self, parent: _Entry, tree: Storage) -> None:
        numbers = []
        for name in sorted(tree, key=lambda name: (len(name), name.upper())):
            value = tree[name]
            entry = _Entry(name, 2 if isinstance(value, bytes) else 1)
            numbers.append(len(self.entries))
            self.entries.append(entry)
            if isinstance(value, bytes):
                self.stream(entry, value)
            else:
                self.storage(entry, value)
        parent.child = self.balanced(numbers)

    def balanced(self, numbers: list[int]) -> int:
        """Siblings as a search tree."""
        if not numbers:
            return NONE
        middle = len(numbers) // 2
        entry = self.entries[numbers[middle]]
        entry.left, entry.right = self.balanced(numbers[:middle]), self.balanced(numbers[middle + 1 :])
        return numbers[middle]

    def file(self) -> bytes:
        root = self.entries[0]
        root.size, root.start = len(self.mini), self.chain(bytes(self.mini))
        mini_table = b"".join(struct.pack("<I", one) for one in self.mini_fat)
        mini_start = self.chain(mini_table + b"\xff" * (-len(mini_table) % SECTOR))
        mini_count = -(-len(mini_table) // SECTOR)
        directory = self.chain(b"".join(entry.pack() for entry in self.entries))
        fat_count = 1
        while (len(self.fat) + fat_count) * 4 > fat_count * SECTOR:
            fat_count += 1
        fat_start = len(self.sectors)
        fat = self.fat + [FAT_SECTOR] * fat_count
        table = b"".join(struct.pack("<I", one) for one in fat).ljust(fat_count * SECTOR, b"\xff")
        head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        head += struct.pack("<IIIIIIIII", 0, fat_count, directory, 0, CUTOFF, mini_start, mini_count, END, 0)
        head += b"".join(struct.pack("<I", fat_start + n if n < fat_count else FREE) for n in range(109))
        return head + b"".join(self.sectors) + table


def compound(tree: Storage) -> bytes:
    """A compound file with these storages (folders) and streams; streams of the same size class as Outlook makes them."""
    writer = _Writer()
    writer.storage(writer.entries[0], tree)
    return writer.file()


def properties(header: bytes, values: dict[int, str | bytes | int]) -> Storage:
    """MAPI properties by their tag: number and type in one, as `0x0037001F`."""
    table = header
    tree: Storage = {}
    for tag, value in values.items():
        if isinstance(value, int):
            table += struct.pack("<IIQ", tag, 6, value)
            continue
        if isinstance(value, str):
            value = value.encode("utf-16-le" if tag & 0xFFFF == 0x1F else "cp1252")
        table += struct.pack("<IIII", tag, 6, len(value), 0)
        tree[f"__substg1.0_{tag:08X}"] = value
    tree["__properties_version1.0"] = table
    return tree


def message(
    values: dict[int, str | bytes | int], recipients: tuple[Storage, ...] = (), attachments: tuple[Storage, ...] = (), *,
    top: bool = True,
) -> Storage:  # fmt: skip
    """A message; one inside another has a shorter header before its properties."""
    header = bytes(8) + struct.pack("<IIII", len(recipients), len(attachments), len(recipients), len(attachments))
    tree = properties(header + bytes(8 if top else 0), values)
    tree |= {f"__recip_version1.0_#{number:08X}": one for number, one in enumerate(recipients)}
    tree |= {f"__attach_version1.0_#{number:08X}": one for number, one in enumerate(attachments)}
    if top:
        tree["__nameid_version1.0"] = {f"__substg1.0_000{part}0102": b"" for part in (2, 3, 4)}
    return tree


def recipient(name: str, address: str, kind: int = 1) -> Storage:
    """1 To, 2 Cc, 3 Bcc."""
    return properties(bytes(8), {0x3001001F: name, 0x39FE001F: address, 0x0C150003: kind})


def file_attached(name: str, data: bytes, **more: str) -> Storage:
    """A file; `content_id` and `content_type` may be given."""
    values: dict[int, str | bytes | int] = {0x3705_0003: 1, 0x3707_001F: name, 0x3701_0102: data}
    values |= {{"content_id": 0x3712_001F, "content_type": 0x370E_001F}[key]: value for key, value in more.items()}
    return properties(bytes(8), values)


def message_attached(name: str, inner: Storage) -> Storage:
    """A message in a message."""
    return properties(bytes(8), {0x3705_0003: 5, 0x3001_001F: name}) | {"__substg1.0_3701000D": inner}
