"""What keeps a run from changing an account: which endpoints are AWS, and a hook that lets only reads pass.

The hook is the same on every target, so that what would be refused in an account is refused on an emulator.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from stackproof.calls import CallRecorder, is_without_secret
from stackproof.errors import TargetError
from stackproof.loopback import is_loopback
from stackproof.model.call_log import CallKind
from stackproof.model.iam_action import TAKEN_OUT, gives_secret, only_reads, prefix_of

__all__ = ["EVERY_CALL", "Guard", "is_emulator_endpoint", "reads_only", "refuse_writes"]

EVERY_CALL: Final = "provide-client-params.*.*"
"""The event that botocore emits before a call is made."""

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


def reads_only(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether an API operation, by its name and parameters, neither changes anything nor gives a secret away.

    Where the service is known, its prefix stands before the name: `ivs:GetChannel`.
    """
    if gives_secret(operation) or any(parameters.get(each) for each in (*_SHOWING, *_ACTING)):
        return False
    if _STATEMENT in parameters:
        return False  # a statement may unload what it reads to somewhere else
    return only_reads(operation)


def refuse_writes(
    events: Any,  # noqa: ANN401 - botocore's event system
    *,
    may_write: Callable[[], bool],
    noted: Callable[[str, str, CallKind], None] = lambda *_: None,
    also: Container[str] = (),
    unique_id: str | None = None,
) -> None:
    """Hook into the events of a client or session: a call that is no read is refused before it is sent, or else it may.

    `noted` is told of every call; `also` are operations that pass as reads, as `sts:AssumeRole` is written. With a
    `unique_id` the hook can be taken off again.
    """

    def before(params: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
        service, operation = str(model.service_model.service_name), str(model.name)
        called = f"{prefix_of(service)}:{operation}"
        if reads_only(called, params) or called in also or is_without_secret(called):
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

    events.register(EVERY_CALL, before, unique_id)
    for action, place in TAKEN_OUT.items():
        taking_out = partial(_taken_out, action, place)
        events.register(f"after-call.*.{action.partition(':')[2]}", taking_out, unique_id and f"{unique_id}-{action}")


def _taken_out(action: str, place: Sequence[str], *, parsed: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Put stars in place of a secret that nobody asked for, before the answer leaves the client."""
    *above, last = place
    for name in above:
        parsed = parsed.get(name) or {}
    if is_without_secret(action) and last in parsed:
        parsed[last] = "***"


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

    def watched(self, client: Any, *, also: str = "") -> Any:  # noqa: ANN401 - botocore's
        """The client, guarded and recorded; `also` is the one other operation that it is made for."""
        refuse_writes(
            client.meta.events,
            may_write=lambda: self.calls.declared(self) is not None,
            noted=self._note,
            also={also} if also else (),
        )
        return client

    def signing_in(self, client: Any) -> Any:  # noqa: ANN401 - botocore's
        """The client that assumes the role of a session: no other one may."""
        return self.watched(client, also=_SIGN_IN)

    def reading_secrets(self, client: Any) -> Any:  # noqa: ANN401 - botocore's
        """A client that may read the value of a secret."""
        return self.watched(client, also=_READING_SECRETS)

    def _note(self, service: str, operation: str, kind: CallKind) -> None:
        why = self.calls.declared(self) if kind is CallKind.WRITE else None
        self.calls.record(self._target, service, operation, kind, why or "")
