"""Reads any type of the registry through Cloud Control, which answers in CloudFormation's own names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn

from stackproof.core.errors import TargetError
from stackproof.core.json import JsonObject, JsonValue, as_object, as_strings
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import found_or_none
from stackproof.template.ports import SchemaSource
from stackproof.template.schema import ResourceSchema

__all__ = ["WithCloudControl", "identifier"]

_ABSENT: Final = "ResourceNotFoundException"
_NOT_READABLE: Final = frozenset(
    {
        "InvalidRequestException",
        "NotUpdatableException",
        "PrivateTypeException",
        "TypeNotFoundException",
        "UnsupportedActionException",
    }
)
"""Codes for a type that Cloud Control does not read, or not by this identifier."""

_HANDLER_FAILED: Final = frozenset(
    {
        "GeneralServiceException",
        "HandlerFailureException",
        "HandlerInternalFailureException",
        "NetworkFailureException",
        "NotStabilizedException",
        "ResourceConflictException",
        "ServiceInternalErrorException",
    }
)
"""Codes for failures between Cloud Control and the service; only the text shows a denied call."""

_OTHERWISE: Final = {
    "InvalidCredentialsException": UnprovenReason.DENIED,
    "ServiceLimitExceededException": UnprovenReason.THROTTLED,
}
_REFUSAL: Final = ("AccessDenied", "not authorized", "UnauthorizedOperation")


class WithCloudControl(Mapping[str, Reader]):
    """Readers by type, and for every other type one that asks Cloud Control, if the target turns out to have it."""

    def __init__(self, own: Mapping[str, Reader], schemas: SchemaSource, is_there: Callable[[], bool]) -> None:
        self._own = own
        self._schemas = schemas
        self._is_there = is_there

    def __getitem__(self, resource_type: str) -> Reader:
        return self._own.get(resource_type, self._read)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def _read(self, request: ReadRequest) -> Reading | None:
        schema = self._schemas.schema(request.resource_type)
        if schema is None or not schema.permissions("read"):
            _unreadable("neither a reader nor a schema describes how to read the type")
        if not request.memo((__name__, request.stack_id), self._is_there):
            _unreadable("there is no reader for the type, and the target has no Cloud Control that sees the stack")
        name = identifier(request, schema)
        client = request.client("cloudcontrol")
        answer = found_or_none(
            lambda: _translated(lambda: client.get_resource(TypeName=request.resource_type, Identifier=name)), _ABSENT
        )
        if answer is None:
            return None
        properties = as_object(json.loads(answer["ResourceDescription"]["Properties"]))
        return Reading(properties=properties, attributes=properties, hides_write_only=True)


def identifier(request: ReadRequest, schema: ResourceSchema) -> str:
    """The primary identifier that Cloud Control takes; raises TargetError if it is not known.

    The physical id is the identifier where that is one property; of several, joined by `|`, it is the whole or the one
    that the template does not set.
    """
    names = [pointer.rpartition("/")[2] for pointer in as_strings(_listed(schema.document, "primaryIdentifier"))]
    physical = request.physical_id
    if not names or not physical:
        _unreadable("Cloud Control needs the primary identifier of the resource, which is unknown")
    if len(names) == 1:
        given = request.expected.get(names[0])
        if names[0].endswith("Arn") == physical.startswith("arn:") or given == physical:
            return physical
        if isinstance(given, str):
            return given
        _unreadable(f"Cloud Control knows the resource by its {names[0]}, which {physical} is not")
    if physical.count("|") == len(names) - 1:
        return physical
    parts = [request.expected.get(name) for name in names]
    if parts.count(None) == 1:
        parts[parts.index(None)] = physical
    if not all(isinstance(part, str | int) for part in parts):
        _unreadable(f"Cloud Control knows the resource by {'|'.join(names)}, which {physical} does not contain")
    return "|".join(str(part) for part in parts)


def _listed(document: JsonObject, keyword: str) -> JsonValue:
    found = document.get(keyword)
    return found if isinstance(found, list | tuple) else ()


def _translated(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the call gives; an answer that only Cloud Control gives as a TargetError with our reason for a code."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        answer = error.response.get("Error", {})
        code, message = str(answer.get("Code", "")), " ".join(str(answer.get("Message", "")).split())
        reason = _OTHERWISE.get(code)
        if code in _NOT_READABLE:
            reason = UnprovenReason.NO_READER
        elif code in _HANDLER_FAILED:
            refused = any(phrase in message for phrase in _REFUSAL)
            reason = UnprovenReason.DENIED if refused else UnprovenReason.UNREACHABLE
        if reason is None:
            raise
        raise TargetError(f"Cloud Control: {code}: {message}", code=reason.value) from error


def _unreadable(why: str) -> NoReturn:
    raise TargetError(why, code=UnprovenReason.NO_READER.value)
