"""Keeps a run from changing an account: the endpoints of AWS, and a hook that lets only reads pass.

The hook is the same on every target, so that what would be refused in an account is refused on an emulator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from stackproof.calls.iam_action import TAKEN_OUT, gives_secret, only_reads, prefix_of
from stackproof.calls.log import CallKind
from stackproof.calls.recorder import CallRecorder, is_without_secret
from stackproof.core.errors import TargetError
from stackproof.core.loopback import is_loopback
from stackproof.core.secret_values import MASK

__all__ = [
    "Guard",
    "is_at",
    "is_emulator_endpoint",
    "is_read",
    "leave_alone",
    "reads_only",
    "refuse_sent_writes",
    "refuse_writes",
]

_EVERY_CALL: Final = "provide-client-params.*.*"
"""The event that botocore emits before a call is made."""

_EVERY_REQUEST: Final = "request-created"
"""The event after a request is made. Hooks of longer names go first, as those that sign, so this is the last one."""

_EVERY_CLIENT: Final = "creating-client-class"
_SENT: Final = "stackproof-sent"
"""What the hooks of sending are registered as, behind the name that the caller gives; and what a call is kept as."""

_SIGN_IN: Final = "sts:AssumeRole"
_SHOWING: Final = ("WithDecryption", "includeValue", "includeValues", "unmask")
"""Parameters with which a read shows a secret, or what a policy of the account has masked."""

_ACTING: Final = ("DelegationPermissionCheck", "WakeUp")
"""Parameters with which a read does something: starts a check, presses a key of an instance."""

_READING_SECRETS: Final = "secretsmanager:GetSecretValue"
_STATEMENT: Final = "QueryString"


def is_emulator_endpoint(endpoint_url: str | None) -> bool:
    """Whether the URL is on this machine; every other one, and none at all, is taken for AWS and guarded."""
    return is_loopback(endpoint_url)


def is_at(url: str, endpoints: Collection[str]) -> bool:
    """Whether a request goes to one of the endpoints, or to AWS. On this machine a port has one server, by any name."""
    ports = {urlsplit(endpoint).port for endpoint in endpoints if is_loopback(endpoint)}
    return not is_loopback(url) or urlsplit(url).port in ports


def reads_only(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether an API operation, by its name and parameters, neither changes anything nor gives a secret away.

    Where the service is known, its prefix stands before the name: `ivs:GetChannel`.
    """
    if gives_secret(operation) or any(parameters.get(part) for part in (*_SHOWING, *_ACTING)):
        return False
    if _STATEMENT in parameters:
        return False  # a statement may unload what it reads to somewhere else
    return only_reads(operation)


def is_read(model: Any, parameters: Mapping[str, Any]) -> bool:
    """Whether a call neither changes anything nor gives a secret to its caller; `model` is botocore's operation."""
    action = _action(model)
    return reads_only(action, parameters) or is_without_secret(action)


def refuse_writes(
    events: Any,
    *,
    may_write: Callable[[], bool],
    noted: Callable[[str, str, CallKind], None] = lambda *_: None,
    also: Container[str] = (),
    unique_id: str | None = None,
) -> None:
    """Hook into the events of a client or session: refuse a call that is not a read, unless `may_write` allows it.

    A refused call is never sent. `noted` gets every call. `also` are operations that pass as reads, written as
    `sts:AssumeRole`. A hook with a `unique_id` can be removed again.
    """

    def before(params: Mapping[str, Any], model: Any, **_: object) -> None:
        _let_pass(_Call.of(model, params, also), may_write, noted)

    events.register(_EVERY_CALL, before, unique_id)
    for action, place in TAKEN_OUT.items():
        taking_out = partial(_taken_out, action, place)
        events.register(_after(action), taking_out, unique_id and f"{unique_id}-{action}")


def refuse_sent_writes(
    events: Any,
    *,
    to: Callable[[str], bool],
    may_write: Callable[[], bool],
    noted: Callable[[str, str, CallKind], None],
    also: Container[str],
    unique_id: str,
) -> None:
    """The same for each request that is about to be sent, if `to` accepts its URL, from any client.

    Stubs and moto's mocks answer in events of botocore, which all come before this hook.
    """
    sending = _Sending()

    def before(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        context[_SENT] = _Call.of(model, params, also)

    def created(request: Any, **_: object) -> None:
        sending.call = request.context.get(_SENT)  # signing, which may have made a separate call, is done

    def sent(url: str) -> None:
        if sending.call is not None and to(url):
            _let_pass(sending.call, may_write, noted)

    class Watching:
        """A client whose requests are checked where they leave the process."""

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            endpoint = self._endpoint  # type: ignore[attr-defined]
            endpoint.http_session = _Watched(endpoint.http_session, sent)

    def creating(base_classes: list[type], **_: object) -> None:
        base_classes.insert(0, Watching)

    for event, hook in ((_EVERY_CALL, before), (_EVERY_REQUEST, created), (_EVERY_CLIENT, creating)):
        events.register_last(event, hook, f"{unique_id}-{_SENT}-{event}")


def leave_alone(events: Any, unique_id: str) -> None:
    """Take the hooks of that name off again."""
    events.unregister(_EVERY_CALL, unique_id=unique_id)
    for action in TAKEN_OUT:
        events.unregister(_after(action), unique_id=f"{unique_id}-{action}")
    for event in (_EVERY_CALL, _EVERY_REQUEST, _EVERY_CLIENT):
        events.unregister(event, unique_id=f"{unique_id}-{_SENT}-{event}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call that is to be made, and whether it passes as a read."""

    service: str
    operation: str
    reads: bool

    @classmethod
    def of(cls, model: Any, params: Mapping[str, Any], also: Container[str]) -> _Call:
        reads = is_read(model, params) or _action(model) in also
        return cls(service=str(model.service_model.service_name), operation=str(model.name), reads=reads)


class _Sending(threading.local):
    """The call whose request a thread has made and not yet sent."""

    call: _Call | None = None


class _Watched:
    """The HTTP session of a client, which reports each URL before it sends a request there."""

    def __init__(self, inner: Any, sent: Callable[[str], None]) -> None:
        self._inner = inner
        self._sent = sent

    def send(self, request: Any) -> Any:
        self._sent(str(request.url))
        return self._inner.send(request)

    def close(self) -> None:
        self._inner.close()


def _let_pass(call: _Call, may_write: Callable[[], bool], noted: Callable[[str, str, CallKind], None]) -> None:
    """Raise TargetError for a call that is not a read if nothing may write."""
    service, operation = call.service, call.operation
    if call.reads:
        noted(service, operation, CallKind.READ)
    elif may_write():
        noted(service, operation, CallKind.WRITE)
    else:
        noted(service, operation, CallKind.REFUSED)
        raise TargetError(
            f"{service}:{operation} is refused: this run only reads, and reads no secret; "
            'what has to write declares it: with target.writing("why"): …',
            service=service,
            operation=operation,
            code="ReadOnly",
        )


def _action(model: Any) -> str:
    """The operation behind IAM's prefix of its service: `ivs:GetChannel`."""
    return f"{prefix_of(str(model.service_model.service_name))}:{model.name}"


def _after(action: str) -> str:
    """The event after a call of the action, of whatever service."""
    return f"after-call.*.{action.partition(':')[2]}"


def _taken_out(action: str, place: Sequence[str], *, parsed: Any, **_: object) -> None:
    """Redact a secret that the caller does not need, before the answer leaves the client."""
    *above, last = place
    for name in above:
        parsed = parsed.get(name) or {}
    if is_without_secret(action) and last in parsed:
        parsed[last] = MASK


class Guard:
    """One target's part in a run: every call is recorded, and writes are sent only while one is declared."""

    def __init__(self, target: str, calls: CallRecorder) -> None:
        self.calls = calls
        self._target = target

    @contextmanager
    def writing(self, why: str) -> Iterator[None]:
        """A block in which calls may change something; it may hold another one.

        It holds for what this thread does. Threads that run beside it, or that it starts, declare their own.
        """
        with self.calls.writing(self, why):
            yield

    def watched(self, client: Any, *, also: str = "") -> Any:
        """The client, guarded and recorded; `also` is the one other operation that it is made for."""
        refuse_writes(
            client.meta.events,
            may_write=lambda: self.calls.declared(self) is not None,
            noted=self._note,
            also={also} if also else (),
        )
        return client

    def signing_in(self, client: Any) -> Any:
        """The client that assumes the role of a session: no other one may."""
        return self.watched(client, also=_SIGN_IN)

    def reading_secrets(self, client: Any) -> Any:
        """A client that may read the value of a secret."""
        return self.watched(client, also=_READING_SECRETS)

    def _note(self, service: str, operation: str, kind: CallKind) -> None:
        why = self.calls.declared(self) if kind is CallKind.WRITE else None
        self.calls.record(self._target, service, operation, kind, why or "")
