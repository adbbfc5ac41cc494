"""`Idempotency-Key`: a request to the API that is sent again, because its answer got lost, is carried out once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from shared.console.problems import Invalid
from shared.console.visit import Visit
from shared.stores.answers import KeptAnswer, RequestDiffers

HEADER = "idempotency-key"
LONGEST = 200
"""Characters of a key."""


async def once(visit: Visit, work: Callable[[], Awaitable[Response]]) -> Response:
    """Carry a request out, or give the answer that it got before.

    Without the header it is simply carried out. Answers are kept for a day; those of failures are not.

    Raises:
        Invalid: the key is none, or another request used it.
        ConcurrentWrite: the same request is being carried out at this moment.
    """
    key = visit.request.headers.get(HEADER)
    if key is None:
        return await work()
    if not key or len(key) > LONGEST or not key.isascii() or not key.isprintable():
        raise Invalid([("", f"An Idempotency-Key has 1 to {LONGEST} printable characters.")])
    answers, now = visit.product.answers, visit.product.services.clock()
    body = await visit.request.body()
    asked = f"{visit.request.method} {visit.path}\n{body.hex()}"
    try:
        reserved = await answers.reserve(visit.person.key, key, asked, now)
    except RequestDiffers:
        raise Invalid([("", "This Idempotency-Key belongs to another request.")]) from None
    if isinstance(reserved, KeptAnswer):
        headers = {"idempotent-replayed": "true"}
        return Response(reserved.body, reserved.status, headers=headers, media_type=reserved.media_type)
    try:
        answer = await work()
    except BaseException:
        await answers.give_up(reserved)
        raise
    text = bytes(answer.body).decode()
    media_type = answer.headers.get("content-type", "application/json")
    await answers.keep(reserved, KeptAnswer(answer.status_code, media_type, text))
    return answer
