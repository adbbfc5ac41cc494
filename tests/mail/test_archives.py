from __future__ import annotations

import io
import resource
import struct
import tarfile
import zipfile

import pytest

from shared.mail import Limits
from shared.model.mail import Archive, Mail
from tests.mail.build import PDF, attachment, codes, multipart, read, text

OPEN = Limits(open_archives=True)


def zipped(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def with_locks(data: bytes) -> bytes:
    """A zip whose entries say that they are encrypted."""
    changed = bytearray(data)
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = changed.find(magic)
        while start >= 0:
            changed[start + at] |= 1
            start = changed.find(magic, start + 4)
    return bytes(changed)


def mail_with(
    name: str, data: bytes, limits: Limits | None = None, size: int = 1 << 16
) -> tuple[Mail, dict[str, bytes]]:
    return read(multipart(text("see the archive"), attachment(name, data)), size, limits)


def archive_of(mail: Mail, index: int = 0) -> Archive:
    found = mail.attachments[index].archive
    assert found
    return found


FILES = {"papers/invoice.pdf": PDF, "../../etc/passwd": b"x" * 5000, "note.txt": b"hello"}


@pytest.mark.parametrize("size", [100, 1 << 20])
@pytest.mark.parametrize("make", [zipped, tarred], ids=["zip", "tar"])
def test_an_archive_is_listed_and_not_opened(make: type, size: int) -> None:
    data = make(FILES)
    mail, leaves = mail_with("papers.zip", data, size=size)
    assert leaves == {"2": data}
    found = archive_of(mail)
    assert (found.listed, found.members, found.size) == (True, 3, sum(map(len, FILES.values())))
    assert {entry.name: entry.size for entry in found.entries} == {name: len(data) for name, data in FILES.items()}
    assert not mail.warnings


def test_long_names_in_a_tar() -> None:
    name = "a/" * 100 + "long.pdf"
    assert archive_of(mail_with("x.tar", tarred({name: PDF, "b": b""}))[0]).entries[0].name == name


@pytest.mark.parametrize(
    ("magic", "kind"),
    [(b"Rar!\x1a\x07\x01\x00", "rar"), (b"7z\xbc\xaf\x27\x1c\0\4", "7z"), (b"\x1f\x8b\x08\0", "gzip")],
)
def test_other_archives_are_named(magic: bytes, kind: str) -> None:
    found = archive_of(mail_with("x.bin", magic + b"\0" * 60)[0])
    assert (found.format, found.listed, found.members) == (kind, False, None)


def test_an_office_file_is_no_archive() -> None:
    data = zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}, method=zipfile.ZIP_STORED)
    assert mail_with("letter.docx", data)[0].attachments[0].archive is None


@pytest.mark.fault("D03")
def test_an_encrypted_archive_is_named_as_such() -> None:
    data = with_locks(zipped(FILES))
    mail, leaves = mail_with("secret.zip", data, OPEN)
    assert archive_of(mail).encrypted
    assert mail.attachments[0].protected == "password"
    assert codes(mail) == {"archive_encrypted", "archive_not_opened"}
    assert leaves["2"] == data


@pytest.mark.fault("D03")
def test_a_bomb_is_called_one_and_ends_at_the_budget() -> None:
    data = zipped({f"{number}.bin": bytes(64 << 20) for number in range(5)})
    mail, leaves = mail_with("bomb.zip", data)
    assert "archive_bomb" in codes(mail)
    assert leaves == {"2": data}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    mail, leaves = mail_with("bomb.zip", data, OPEN)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5
    assert sum(map(len, leaves.values())) - len(data) <= OPEN.archive_bytes
    assert not mail.complete
    assert "archive_not_opened" in codes(mail)


@pytest.mark.fault("D03")
def test_an_archive_may_not_grow_beyond_its_ratio() -> None:
    data = zipped({"zeros.bin": bytes(8 << 20)})
    _, leaves = mail_with("x.zip", data, Limits(open_archives=True, archive_ratio=10))
    assert len(leaves.get("2/x.zip/1", b"")) <= len(data) * 10 + (1 << 20)


@pytest.mark.fault("D03")
def test_a_zip_that_lies_about_its_sizes_ends_at_the_budget() -> None:
    data = bytearray(zipped({"zeros.bin": bytes(8 << 20)}))
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + 24, 100)
    struct.pack_into("<I", data, 22, 100)
    mail, leaves = mail_with("x.zip", bytes(data), OPEN)
    assert len(leaves.get("2/x.zip/1", b"")) <= 100
    assert "archive_not_opened" in codes(mail)


@pytest.mark.fault("D03")
def test_a_hundred_thousand_members() -> None:
    data = zipped({str(number): b"" for number in range(100_000)}, method=zipfile.ZIP_STORED)
    mail, leaves = mail_with("many.zip", data, OPEN)
    assert leaves["2"] == data
    assert len(leaves) <= 1 + OPEN.archive_members
    assert not mail.complete
    many = tarred({str(number): b"" for number in range(3000)})
    found = archive_of(mail_with("many.tar", many)[0])
    assert (found.members, len(found.entries)) == (3000, 1000)


@pytest.mark.fault("D03")
def test_overlapping_members_give_nothing_twice() -> None:
    data = bytearray(zipped({"a": bytes(1000), "b": bytes(1000)}, method=zipfile.ZIP_STORED))
    second = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 0)
    _, leaves = mail_with("x.zip", bytes(data), OPEN)
    assert len(leaves) <= 3


@pytest.mark.parametrize("make", [zipped, tarred], ids=["zip", "tar"])
def test_an_archive_is_opened_where_that_is_asked_for(make: type) -> None:
    mail, leaves = mail_with("papers.bin", make(FILES), OPEN)
    assert {a.path: (a.name, a.nested) for a in mail.attachments[1:]} == {
        f"2/papers.bin/{number}": (name, True) for number, name in enumerate(FILES, 1)
    }
    assert [leaves[f"2/papers.bin/{number}"] for number in (1, 2, 3)] == list(FILES.values())
    assert mail.attachments[1].detected_type == "application/pdf"
    assert mail.complete


@pytest.mark.fault("D03")
def test_an_archive_in_an_archive_is_listed_only() -> None:
    mail, leaves = mail_with(
        "outer.zip", zipped({"inner.zip": zipped({"x.txt": b"x"}), "mail.eml": b"From: a@b\n\nx"}), OPEN
    )
    assert list(leaves) == ["2", "2/outer.zip/1", "2/outer.zip/2"]
    assert archive_of(mail, 1).entries[0].name == "x.txt"
    assert not mail.embedded


@pytest.mark.fault("D03")
@pytest.mark.parametrize("cut", [30, 200, -30, -4])
@pytest.mark.parametrize("make", [zipped, tarred], ids=["zip", "tar"])
def test_a_damaged_archive_is_kept(make: type, cut: int) -> None:
    data = make(FILES)[:cut]
    mail, leaves = mail_with("x.zip", data, OPEN)
    assert leaves["2"] == data
    mail.model_dump_json()


def test_a_zip_beside_the_limit_is_kept_whole() -> None:
    data = zipped(FILES)
    mail, leaves = mail_with("x.zip", data, Limits(open_archives=True, container_bytes=100))
    assert leaves == {"2": data}
    assert "archive_not_opened" in codes(mail)


def test_the_names_of_all_archives_together_are_bounded() -> None:
    data = zipped({f"{number}": b"" for number in range(700)})
    mail, _ = read(multipart(*(attachment(f"{number}.zip", data) for number in range(3))))
    assert [(archive_of(mail, n).members, len(archive_of(mail, n).entries)) for n in range(3)] == [
        (700, 700),
        (700, 300),
        (700, 0),
    ]
