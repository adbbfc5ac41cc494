"""The messages between host and worker library, as plain classes under the names that the library asks for.

The library takes a namespace of message types; between processes those are generated from Microsoft's protocol file.
In one process attributes are enough: `Message` keeps what it is given, and `TypedData` answers which field is set.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """A message: the attributes it was made with."""


class WorkerInitResponse(Message):
    """Answer to the indexing request."""


class WorkerMetadata(Message):
    """Which worker this is."""


class RpcException(Message):
    """What a function raised: `message`, `stack_trace`."""


class StatusResult(Message):
    """Whether a request succeeded."""

    Failure = 0
    Success = 1


class BindingInfo(Message):
    """One binding of a function. The library compares `direction` with these."""

    undefined = -1
    inout = 2
    out = 1


class RpcRetryOptions(Message):
    """A retry policy."""


class RpcFunctionMetadata(Message):
    """One indexed function: `name`, `function_id`, `raw_bindings`, `retry_options`."""


class FunctionMetadataResponse(Message):
    """All indexed functions."""


class FunctionLoadResponse(Message):
    """Answer to loading a function."""


class InvocationResponse(Message):
    """Result of a call: `result`, `return_value`, `output_data`."""


class NullableString(Message):
    """A text that may be missing."""


class NullableBool(Message):
    """A truth value that may be missing."""


class NullableDouble(Message):
    """A number that may be missing."""


class NullableTimestamp(Message):
    """A time that may be missing."""


class Timestamp(Message):
    """A time in `seconds` since 1970."""


class SameSite:
    """The SameSite attribute of a cookie, as the header spells it; None is no attribute."""

    Lax = "Lax"
    Strict = "Strict"
    ExplicitNone = "None"


setattr(SameSite, "None", None)  # the protocol's name for "not set" is a keyword in Python


class RpcHttpCookie(Message):
    """A cookie of an HTTP response."""

    SameSite = SameSite


class RpcHttp(Message):
    """An HTTP request or response."""


class OneOf(Message):
    """A message of which one field is set, and says which."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - the library calls it by this name
        """Name of the field that is set, None when the message is empty."""
        return next(iter(vars(self)), None)


class TypedData(OneOf):
    """A value: one of string, bytes, json, http, int, double."""


class ParameterBinding(OneOf):
    """A named value of a call."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - the library calls it by this name
        """The value is always inline: there is no shared memory here."""
        return "data"


def init_request(app_folder: str) -> Message:
    """The request to index the app in a folder."""
    return Message(worker_init_request=Message(capabilities={}, function_app_directory=app_folder))


def invocation_request(
    invocation_id: str, function_id: str, parameter: str, value: TypedData, trigger_metadata: dict[str, TypedData]
) -> Message:
    """The request to call a function with one trigger value."""
    return Message(
        invocation_request=Message(
            invocation_id=invocation_id,
            function_id=function_id,
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
            input_data=[ParameterBinding(name=parameter, data=value)],
            trigger_metadata=trigger_metadata,
        )
    )


def load_request(function_id: str) -> Message:
    """The request to load an indexed function."""
    return Message(function_load_request=Message(function_id=function_id))


def namespace() -> SimpleNamespace:
    """What the library gets as its `protos`."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if isinstance(value, type)})


def answer(value: Any) -> Any:
    """The set value of an answered TypedData; None where nothing was answered."""
    if value is None:
        return None
    kind = value.WhichOneof("data")
    return None if kind is None else getattr(value, kind)
