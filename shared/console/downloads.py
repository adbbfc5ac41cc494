"""Files that the console gives."""

from __future__ import annotations

from starlette.responses import Response

from shared.console.visit import Visit


async def script_file(visit: Visit, company: str, mailbox: str) -> Response:
    """The script for Exchange as a download.

    Raises:
        NotFound: there is no such mailbox.
        InvalidRequest: the mailbox needs no script.
    """
    made = await visit.product.setup.exchange_script.script(company, mailbox)
    headers = {"content-disposition": f'attachment; filename="{made.file_name}"'}
    return Response(made.content(), media_type="text/plain; charset=utf-8", headers=headers)
