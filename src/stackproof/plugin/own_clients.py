"""Guards the clients that tests make for themselves: with boto3, beside the target's, while a live test runs."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from stackproof.calls import CallRecorder
from stackproof.model.call_log import CallKind
from stackproof.targets.guard import refuse_writes
from stackproof.targets.sessions import OTHERS

__all__ = ["OwnClients"]

_TARGET: Final = "own clients"
"""What stands in the log of calls in place of a target, which nobody knows here."""

_SIGNING_IN: Final = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "CreateToken", "GetRoleCredentials"}
)


class OwnClients:
    """Every botocore session that is made from now on, but for those of targets, which have a guard of their own.

    A call that changes something is refused as the target's are, unless its thread is in a `target.writing` block.
    Outside of live tests nothing is looked at: a unit test may well write to mocks.
    """

    def __init__(self, calls: CallRecorder) -> None:
        self._calls = calls
        self._is_live = False
        if importlib.util.find_spec("botocore") is not None:
            import botocore  # noqa: PLC0415 - of the extra `live`; this much of it costs nothing

            botocore.register_initializer(self._watch)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """While a live test is set up, runs and is torn down."""
        self._is_live = True
        try:
            yield
        finally:
            self._is_live = False

    def _watch(self, session: Any) -> None:  # noqa: ANN401 - botocore's
        refuse_writes(session, may_write=self._may_write, noted=self._note, also=_SIGNING_IN, unique_id=OTHERS)

    def _may_write(self) -> bool:
        return not self._is_live or self._calls.declared() is not None

    def _note(self, service: str, operation: str, kind: CallKind) -> None:
        if self._is_live:
            why = self._calls.declared() if kind is CallKind.WRITE else None
            self._calls.record(_TARGET, service, operation, kind, why or "")
