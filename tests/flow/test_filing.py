"""Where mails go: the folders for imported and for all other mail, the source folder, and why."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from emulator.server import EmulatorThread
from shared.errors import ConfigurationError, PermanentError
from shared.model.task import Queue
from shared.stores.archive import mail_path
from tests.flow.failing import fail
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged, documents, events, mails, moves, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World

DOCX = b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + b"[Content_Types].xml" + b"word/document.xml" * 20


def with_attachment(subject: str, name: str, declared: str, content: bytes, number: int = 1) -> bytes:
    """A mail with one attachment that calls itself what it is told to."""
    built = mail(subject, number=number, pdf=content)
    return built.replace(f'name="invoice-{number}.pdf"'.encode(), f'name="{name}"'.encode()).replace(
        b"application/pdf", declared.encode()
    )


@pytest.mark.capability("S1.7", "S1.13")
async def test_s1_7_a_mail_with_a_pdf_is_moved_to_the_imported_folder_once(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.until_rest()
    await world.until_rest(least=3)  # nothing more happens, however often it is looked
    assert places(emulator) == {"Invoice": "Imported"}
    assert moves(emulator) == {"Invoice": 1}
    [run] = (await runs(world)).values()
    assert (run.outcome, run.reason, run.folder) == ("imported", "document_accepted", "Imported")
    # archive and move: two charged requests, beside the listings and the folders
    counted = charged(emulator)
    assert (counted["value"], counted["move"]) == (1, 1)


@pytest.mark.capability("S1.8")
async def test_s1_8_text_other_attachments_and_failures_go_to_the_other_folder_each_with_a_reason(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.control.deliver(MAILBOX, mail("Text only", number=1))
    docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    emulator.control.deliver(MAILBOX, with_attachment("Letter", "letter.docx", docx, DOCX, 2))
    emulator.control.deliver(MAILBOX, mail("Failing", number=3, pdf=PDF))

    fail(monkeypatch, "Failing", PermanentError("the archive of the series is closed"))
    await world.until_rest()

    assert set(places(emulator).values()) == {"Follow up"}
    found = await runs(world)
    reasons = {subject: (run.stage.value, run.reason) for subject, run in found.items()}
    assert reasons == {
        "Text only": ("announced", "no_accepted_document"),
        "Letter": ("announced", "no_accepted_document"),
        "Failing": ("parked", "permanent"),
    }
    assert found["Text only"].reason_detail == "It has no attachment."
    assert "none of a type that this mailbox accepts" in found["Letter"].reason_detail
    assert found["Failing"].reason_detail == "the archive of the series is closed"
    assert await documents(world) == []
    parked = [event["data"] for event in events(emulator) if event["type"] == "postrum.message.parked"]
    assert [data["reason"] for data in parked] == ["permanent"]


@pytest.mark.capability("S1.9")
async def test_s1_9_with_a_source_folder_the_inbox_is_not_touched(world: World, emulator: EmulatorThread) -> None:
    await world.configure(CONFIGURATION.replace("folders: {", "folders: {source: Scans/New, "))
    emulator.control.deliver(MAILBOX, mail("In the inbox", number=1, pdf=PDF))
    emulator.control.deliver(MAILBOX, mail("Beside", number=2, pdf=PDF), folder="inbox/Scans")
    emulator.control.deliver(MAILBOX, mail("In the source", number=3, pdf=PDF), folder="inbox/Scans/New")
    await world.until_rest()
    assert places(emulator) == {"In the inbox": "", "Beside": "Scans", "In the source": "Imported"}
    assert mails(emulator)["In the inbox"]["patches"] == 0
    assert set(await runs(world)) == {"In the source"}


@pytest.mark.capability("S1.10")
@pytest.mark.parametrize("language", ["da", "nl", "de", "sv"])
async def test_s1_10_folders_are_below_the_inbox_whatever_the_inbox_is_called(
    language: str, world: World, emulator: EmulatorThread
) -> None:
    # the level that exists: a folder is a path below the inbox, so none beside it can be named at all
    emulator.control.reset()
    emulator.control.create_mailbox(MAILBOX, language=language, folders=["Imported", "inbox/Follow up"])
    emulator.control.set_exchange_scope([MAILBOX])
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    emulator.control.deliver(MAILBOX, mail("Lunch", number=2))
    await world.until_rest()
    dump = emulator.control.dump(MAILBOX)
    folders = {folder["id"]: folder["path"] for folder in dump["folders"]}
    inbox = next(folder["path"] for folder in dump["folders"] if folder["well_known"] == "inbox")
    assert inbox != "Inbox"
    found = {message["subject"]: folders[message["folder_id"]] for message in dump["messages"]}
    assert found == {"Invoice": f"{inbox}/Imported", "Lunch": f"{inbox}/Follow up"}


async def test_a_path_cannot_lead_out_of_the_inbox(world: World, emulator: EmulatorThread) -> None:
    await world.configure(CONFIGURATION.replace("imported: Imported", 'imported: "../Archive"'))
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.until_rest()
    assert places(emulator) == {"Invoice": "../Archive"}  # a name like any other
    beside = [folder["path"] for folder in emulator.control.dump(MAILBOX)["folders"] if "Archive" in folder["path"]]
    assert [path for path in beside if path != "Archive"] == ["Inbox/../Archive"]


@pytest.mark.capability("S1.13")
async def test_s1_13_after_a_run_the_source_holds_only_what_is_still_to_be_done(
    world: World, emulator: EmulatorThread
) -> None:
    for number in range(8):
        emulator.control.deliver(MAILBOX, mail(f"Mail {number}", number=number, pdf=PDF if number % 2 else None))
    slow = mails(emulator)["Mail 3"]["immutable_id"]
    emulator.control.add_faults([{"match": {"kind": "value", "message": slow}, "times": 2, "status": 503}])
    await world.settle()
    assert {subject for subject, place in places(emulator).items() if place == ""} == {"Mail 3"}
    waiting = await world.app.services.open.of_mailbox("nordlys", "invoices")
    run = (await runs(world))["Mail 3"]
    assert [item.message for item in waiting] == [run.message]
    assert (run.stage.value, run.attempts) == ("found", 1)
    status = await world.app.status()
    assert [(line.subject, line.stage) for line in status.in_progress] == [("Mail 3", "found")]
    await world.until_rest()
    assert "" not in places(emulator).values()


@pytest.mark.capability("S1.15")
async def test_s1_15_the_content_decides_what_is_imported(world: World, emulator: EmulatorThread) -> None:
    cases = [
        with_attachment("Upper case", "invoice.PDF", "application/pdf", PDF, 1),
        with_attachment("Octet stream", "invoice.bin", "application/octet-stream", PDF + b"%2", 2),
        with_attachment("Renamed text", "invoice.pdf", "application/pdf", b"Dear all, this is a plain text file.\n", 3),
    ]
    for content in cases:
        emulator.control.deliver(MAILBOX, content)
    await world.until_rest()
    assert places(emulator) == {"Upper case": "Imported", "Octet stream": "Imported", "Renamed text": "Follow up"}
    assert {document.media_type for document in await documents(world)} == {"application/pdf"}


@pytest.mark.capability("S1.15")
async def test_s1_15_other_types_can_be_accepted(world: World, emulator: EmulatorThread) -> None:
    await world.configure(CONFIGURATION.replace("folders: {", 'accepted_types: ["image/*"]\n        folders: {'))
    png = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(30)
    emulator.control.deliver(MAILBOX, with_attachment("Scan", "scan.png", "image/png", png, 1))
    emulator.control.deliver(MAILBOX, mail("Invoice", number=2, pdf=PDF))
    await world.until_rest()
    assert places(emulator) == {"Scan": "Imported", "Invoice": "Follow up"}


@pytest.mark.capability("S2.7")
async def test_s2_7_the_eml_is_what_was_fetched_byte_for_byte(world: World, emulator: EmulatorThread) -> None:
    odd = b"From: a@b.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Odd:   \xff\xfe\r\n\r\nno final line \x80"
    contents = [mail("Invoice", pdf=PDF), mail("Lunch", number=2), odd]
    for content in contents:
        emulator.control.deliver(MAILBOX, content)
    await world.until_rest()
    stored: set[str] = set()
    for run in [run async for run in world.app.services.messages.every_run()]:
        chunks = [chunk async for chunk in world.app.services.archive.read(mail_path("nordlys", run.message))]
        digest = hashlib.sha256(b"".join(chunks)).hexdigest()
        assert digest == run.sha256
        stored.add(digest)
    assert stored == {hashlib.sha256(content).hexdigest() for content in contents}


@pytest.mark.capability("S2.7")
async def test_the_archive_is_never_written_twice_whatever_the_mailbox_says_later(
    world: World, emulator: EmulatorThread
) -> None:
    # Exchange makes the MIME anew for each fetch: the first one that was kept is the truth
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    [run] = (await runs(world)).values()
    writer = world.app.services.archive.mail_writer("nordlys", run.message, limit=None)
    await writer.write(b"something else")
    kept = await writer.commit()
    assert (kept.sha256, kept.size) == (run.sha256, run.size)


@pytest.mark.capability("S5.13")
async def test_s5_13_marked_read_after_the_import_but_never_where_a_receipt_is_requested_or_it_failed(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.configure(CONFIGURATION.replace("folders: {", "mark_read: true\n        folders: {"))
    receipt = "Disposition-Notification-To: billing@fjordkraft.example\r\n"
    emulator.control.deliver(MAILBOX, mail("Invoice", number=1, pdf=PDF))
    emulator.control.deliver(MAILBOX, mail("With receipt", number=2, pdf=PDF, extra=receipt))
    emulator.control.deliver(MAILBOX, mail("Lunch", number=3))
    emulator.control.deliver(MAILBOX, mail("Read before", number=4, pdf=PDF), is_read=True)
    emulator.control.deliver(MAILBOX, mail("Failing", number=5, pdf=PDF))

    fail(monkeypatch, "Failing", PermanentError("the archive of the series is closed"))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    assert {mail["is_read"] for subject, mail in mails(emulator).items() if subject != "Read before"} == {False}
    await world.until_rest()
    assert {subject: (mail["is_read"], mail["patches"]) for subject, mail in mails(emulator).items()} == {
        "Invoice": (True, 1),
        "With receipt": (False, 0),
        "Lunch": (False, 0),
        "Read before": (True, 0),
        "Failing": (False, 0),
    }


@pytest.mark.capability("S5.18")
async def test_s5_18_without_rights_the_reason_and_what_to_do_are_told_and_nothing_is_lost(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.set_exchange_scope([])
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.settle(ticks=3)
    [status] = (await world.app.status()).mailboxes
    assert status.failure is not None
    assert "403" in status.failure
    assert "ErrorAccessDenied" in status.failure
    assert "add the mailbox to the Exchange scope" in status.failure
    assert places(emulator) == {"Invoice": ""}

    emulator.control.set_exchange_scope([MAILBOX])
    await world.until_rest()
    [status] = (await world.app.status()).mailboxes
    assert status.failure is None
    assert places(emulator) == {"Invoice": "Imported"}


@pytest.mark.fault("B05")
async def test_b05_without_a_token_the_reason_is_shown_nothing_is_marked_done_and_it_goes_on_by_itself(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.refuse_tokens()  # those that this process still remembers
    emulator.control.fail_tokens(700016, times=-1)  # the application is not in the tenant any more
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.settle(ticks=4)
    [status] = (await world.app.status()).mailboxes
    assert status.failure is not None
    assert status.listed_at is None
    assert (
        emulator.control.counters()["tokens"]["requests"] <= 20
    )  # in four minutes, the checks of the connection included: no tight loop
    assert world.failed == []
    emulator.control.fail_tokens(0, times=0)
    await world.until_rest()
    [status] = (await world.app.status()).mailboxes
    assert status.failure is None
    assert places(emulator) == {"Invoice": "Imported"}


async def test_a_mailbox_that_does_not_exist_says_so(world: World, emulator: EmulatorThread) -> None:
    await world.configure(CONFIGURATION.replace(MAILBOX, "nobody@nordlys.example"))
    emulator.control.set_exchange_scope([MAILBOX, "nobody@nordlys.example"])
    await world.settle(ticks=2)
    [status] = (await world.app.status()).mailboxes
    assert status.failure is not None
    assert "404" in status.failure
    assert "Check the address" in status.failure
    assert world.failed == []


@pytest.mark.capability("S1.7")
@pytest.mark.parametrize("name", ["Imported", "imported", "IMPORTED / "])
async def test_source_imported_and_other_must_differ(name: str, world: World) -> None:
    with pytest.raises(ConfigurationError, match="three different folders"):
        await world.configure(CONFIGURATION.replace("other: Follow up", f'other: "{name}"'))


@pytest.mark.capability("S5.33")
async def test_s5_33_move_to_a_folder_by_name_makes_it_where_it_is_missing_and_refuses_what_cannot_be_one(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Purchase order 1", number=1))
    emulator.control.create_folder(MAILBOX, "inbox/Suppliers")
    await world.configure(CONFIGURATION.replace("folder: Orders", "folder: Suppliers/Orders/2026"))
    await world.until_rest()
    assert places(emulator) == {"Purchase order 1": "Suppliers/Orders/2026"}
    for wrong, said in (('""', "at least 1 character"), ('"/"', "name a folder"), ('"a\\tb"', "cannot be written")):
        with pytest.raises(ConfigurationError, match=said):
            await world.configure(CONFIGURATION.replace("folder: Orders", f"folder: {wrong}"))


async def test_a_zip_is_opened_only_where_the_mailbox_says_so(world: World, emulator: EmulatorThread) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("invoice.pdf", PDF)
    content = (
        mail("Packed", pdf=packed.getvalue()).replace(b"application/pdf", b"application/zip").replace(b".pdf", b".zip")
    )
    emulator.control.deliver(MAILBOX, content, received="2026-11-20T08:00:00Z")
    await world.until_rest()
    closed = (await world.app.status()).messages[0]
    await world.configure(CONFIGURATION.replace("folders: {", "open_archives: true\n        folders: {"))

    await world.app.again.message(closed.message)
    await world.until_rest()

    opened = (await world.app.status()).messages[0]
    assert (closed.outcome, opened.outcome) == ("other", "imported")
    [document] = await world.app.services.documents.every("nordlys")
    assert document.media_type == "application/pdf"
