"""How readers call services: an absent resource is None, and a denied call costs single properties."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.json_pointer import steps
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.comparison import matches
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest

__all__ = [
    "NOT_RETURNED",
    "LiveReader",
    "ReadingBuilder",
    "as_in_template",
    "batch",
    "chosen",
    "covered",
    "found_or_none",
    "least_alike",
    "listed",
    "pages",
    "parsed",
    "pascal",
    "picked",
    "reads",
    "tag_list",
]

NOT_RETURNED: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::CertificateManager::Certificate": ("/DomainValidationOptions/*/HostedZoneId",),
    "AWS::EC2::Instance": ("/BlockDeviceMappings/*/NoDevice", "/BlockDeviceMappings/*/VirtualName"),
    "AWS::EC2::SecurityGroup": ("/SecurityGroupIngress/*/SourceSecurityGroupName",),
    "AWS::ElasticLoadBalancingV2::Listener": ("/DefaultActions/*/AuthenticateOidcConfig/ClientSecret",),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("/Actions/*/AuthenticateOidcConfig/ClientSecret",),
    "AWS::Lambda::Function": ("/Code/S3ObjectStorageMode", "/Code/SourceKMSKeyArn", "/Code/ZipFile"),
    "AWS::OpenSearchService::Domain": (
        "/AdvancedSecurityOptions/JWTOptions/PublicKey",
        "/AdvancedSecurityOptions/MasterUserOptions",
        "/AdvancedSecurityOptions/SAMLOptions/MasterBackendRole",
        "/AdvancedSecurityOptions/SAMLOptions/MasterUserName",
    ),
}
"""Parts of known properties that no service returns: (type) → pointers, `*` for any element.

Anything else that a reader knows and the service does not return was removed, even if a schema calls it write-only.
"""

_DENIED: Final = ("AccessDenied", "AuthorizationError", "Forbidden", "UnauthorizedOperation", "NotAuthorized")
_MISSING: Final = frozenset({"NotImplemented", "NotYetImplemented"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReader:
    """A reader, and the IAM actions of all calls that it may make."""

    read: Reader
    actions: tuple[str, ...]

    def __call__(self, request: ReadRequest) -> Reading | None:
        """Read the resource; None if it is not there."""
        return self.read(request)


def reads(read: Reader, *actions: str) -> LiveReader:
    """A row of a table of readers: the function, and the IAM actions of its calls."""
    return LiveReader(read=read, actions=tuple(sorted(actions)))


def found_or_none(call: Callable[[], _T], *absent: str) -> _T | None:
    """The result of the call; None if the service answers with one of these codes; other errors pass."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        if _code(error) in absent:
            return None
        raise


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(code: str) -> UnprovenReason | None:
    """Why a call was refused, if that costs only what it would have returned."""
    if code.startswith(_DENIED) or "AccessDenied" in code:
        return UnprovenReason.DENIED
    return UnprovenReason.NOT_EMULATED if code in _MISSING else None


class ReadingBuilder:
    """Builds a reading from several calls: a denied call leaves its own properties unread, not the whole reading."""

    def __init__(self, request: ReadRequest) -> None:
        self._expected = request.expected
        self._not_returned = NOT_RETURNED.get(request.resource_type, ())
        self.unread: dict[str, UnprovenReason] = {}

    def call(self, pointers: str | Iterable[str], call: Callable[[], _T], default: _T) -> _T:
        """The result of the call; if it is denied or not emulated, the default, and the pointers are unread."""
        from botocore.exceptions import ClientError

        try:
            return call()
        except ClientError as error:
            reason = _refused(_code(error))
            if reason is None:
                raise
            for pointer in (pointers,) if isinstance(pointers, str) else pointers:
                self.unread[pointer] = reason
            return default

    def build(self, properties: JsonObject, attributes: JsonObject) -> Reading:
        """A reading in which None means "not set".

        A property that the template sets and that has no entry here is unknown to the reader: it is unread, not unset.
        """
        unknown = {f"/{name}": UnprovenReason.NO_READER for name in self._expected if name not in properties}
        for pattern in self._not_returned:
            unknown.update(dict.fromkeys(_set_at(self._expected, steps(pattern)), UnprovenReason.NO_READER))
        return Reading(
            properties={key: value for key, value in properties.items() if value is not None},
            attributes={key: value for key, value in attributes.items() if value is not None},
            unread={**unknown, **self.unread},
        )


def _set_at(value: JsonValue, names: Sequence[str], at: str = "") -> Iterator[str]:
    """The pointers of what is set where the names lead; `*` is any item of a list."""
    if not names:
        yield at
    elif names[0] == "*" and isinstance(value, list):
        for index, member in enumerate(value):
            yield from _set_at(member, names[1:], f"{at}/{index}")
    elif isinstance(value, Mapping) and names[0] in value:
        yield from _set_at(value[names[0]], names[1:], f"{at}/{names[0]}")


def pages(client: Any, operation: str, key: str, **parameters: Any) -> list[Any]:
    """All items of an operation, page by page where it answers in pages."""
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**parameters).get(key, ()))
    return [row for page in client.get_paginator(operation).paginate(**parameters) for row in page.get(key, ())]


def listed(
    request: ReadRequest,
    call: Callable[[Sequence[str]], list[Any]],
    identity: str,
    *,
    wanted: str = "",
    at_most: int = 100,
) -> Any:
    """The resource out of one answer for all of its type; None if it is not in that, nor in one for it alone.

    `call` asks for some ids, `identity` names the member of the answer that holds one, and `wanted` is the own one
    (default: the physical id).
    """
    own = wanted or request.physical_id
    return picked(request, call, request.siblings, own, lambda row: row.get(identity) == own, at_most=at_most)


def picked(
    request: ReadRequest,
    call: Callable[[Sequence[str]], list[Any]],
    others: Iterable[str],
    own: str,
    is_own: Callable[[Any], bool],
    *,
    at_most: int = 100,
    about: str = "",
) -> Any:
    """The item out of one answer for the own id and others; None if it is not in that, nor in one for it alone.

    A list does not prove that the resource is absent: another absent resource may have made the service drop it.
    """
    ids = {own, *others}
    found = next(filter(is_own, batch(request, call, ids, own, at_most=at_most, about=about)), None)
    if found is None and len(ids) > 1:
        found = next(filter(is_own, call((own,))), None)
    return found


def batch(
    request: ReadRequest,
    call: Callable[[Sequence[str]], list[Any]],
    ids: Iterable[str],
    own: str,
    *,
    at_most: int = 100,
    about: str = "",
) -> list[Any]:
    """What the service returns for as many ids as it takes at once, the own one among them; memoized.

    `about` separates the calls of one function. A policy that denies one of the ids denies the whole call, which proves
    nothing about the own id: that is then read alone.
    """
    from botocore.exceptions import ClientError

    every = sorted(ids)
    start = every.index(own) // at_most * at_most
    some = tuple(every[start : start + at_most])
    try:
        found: list[Any] = request.memo((request.resource_type, about or call.__qualname__, some), lambda: call(some))
    except ClientError as error:
        if len(some) == 1 or _refused(_code(error)) is not UnprovenReason.DENIED:
            raise
        return call((own,))
    return found


def least_alike(request: ReadRequest, name: str, documents: Sequence[JsonValue]) -> JsonValue:
    """Of the documents that several owners have under one property, the first that is not as the template has it."""
    wanted = request.expected.get(name)
    return next((document for document in documents if not matches(wanted, document, None, f"/{name}")), documents[0])


def as_in_template(expected: JsonValue, name: Any, *others: Any) -> JsonValue:
    """A name as the template writes it, if that is another name of the same resource (its ARN, say); else the name."""
    return expected if isinstance(expected, str) and expected in {name, *others} else cast("JsonValue", name)


def covered(live: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members whose names are CloudFormation's too; None where the service does not return them."""
    return {name: live.get(name) for name in names}


def chosen(live: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members that the service returned."""
    return {name: live[name] for name in names if live.get(name) is not None}


def tag_list(tags: Any, key: str = "Key", value: str = "Value") -> list[JsonValue]:
    """Tags in CloudFormation's shape."""
    if isinstance(tags, Mapping):
        return [{"Key": name, "Value": text} for name, text in sorted(tags.items())]
    return [{"Key": tag[key], "Value": tag.get(value, "")} for tag in tags or ()]


def pascal(value: Any, free: Iterable[str] = ()) -> Any:
    """An answer with CloudFormation's capitals; below the members named in `free` are keys of the user's own."""
    if isinstance(value, Mapping):
        return {
            f"{key[:1].upper()}{key[1:]}": member if key in free else pascal(member, free)
            for key, member in value.items()
        }
    return [pascal(member, free) for member in value] if isinstance(value, list) else value


def parsed(text: Any) -> JsonValue:
    """A JSON document that a service gives as text; None for an empty one."""
    if isinstance(text, str):
        text = json.loads(text) if text else None
    return cast("JsonValue", text)
