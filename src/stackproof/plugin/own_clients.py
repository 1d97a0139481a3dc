"""Guards the clients that tests make for themselves: with boto3, beside the target's, while a live test runs."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from stackproof.calls.log import CallKind
from stackproof.calls.recorder import CallRecorder
from stackproof.targets.guard import is_at, refuse_sent_writes, refuse_writes
from stackproof.targets.sessions import OTHERS

__all__ = ["OWN_CLIENTS", "OwnClients"]

_TARGET: Final = "own clients"
"""What the log of calls has in place of a target, which is not known here."""

_SIGNING_IN: Final = frozenset(
    {
        "signin:CreateOAuth2Token",
        "sso-oidc:CreateToken",
        "sso:GetRoleCredentials",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
    }
)
"""What botocore itself calls to have credentials. Other services have operations of the same names that make things."""


class OwnClients:
    """Guards every botocore session that is made from now on; sessions of targets have a separate guard.

    While a live test runs, a call that changes something is refused as the target's are, unless its thread is in a
    `target.writing` block. Once a target was opened, such a call is refused from anywhere else too, if it is about to
    be sent to a target or to AWS. By then `Stubber` and moto have answered what they answer: a unit test may write to
    its mocks. What another library sends is not seen, be it to a URL that botocore has signed.
    """

    def __init__(self, calls: CallRecorder) -> None:
        self._calls = calls
        self._is_live = False
        self._opened: set[str] | None = None
        if importlib.util.find_spec("botocore") is not None:
            import botocore

            botocore.register_initializer(self._watch)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """While a live test is set up, runs and is torn down."""
        self._is_live = True
        try:
            yield
        finally:
            self._is_live = False

    def opened(self, endpoint_url: str | None) -> None:
        """Note that a target was opened there, or in AWS: the rest of this process may not write to it unguarded."""
        self._opened = (self._opened or set()) | ({endpoint_url} if endpoint_url else set())

    def _watch(self, session: Any) -> None:  # noqa: ANN401 - botocore's
        refuse_writes(session, may_write=self._may_write, noted=self._note, also=_SIGNING_IN, unique_id=OTHERS)
        refuse_sent_writes(
            session.get_component("event_emitter"),
            to=self._is_opened,
            may_write=lambda: self._calls.declared() is not None,
            noted=self._count,
            also=_SIGNING_IN,
            unique_id=OTHERS,
        )

    def _may_write(self) -> bool:
        return not self._is_live or self._calls.declared() is not None

    def _is_opened(self, url: str) -> bool:
        """Whether requests to that URL are checked here; those of a live test have been checked before."""
        return self._opened is not None and not self._is_live and is_at(url, self._opened)

    def _note(self, service: str, operation: str, kind: CallKind) -> None:
        if self._is_live:
            self._count(service, operation, kind)

    def _count(self, service: str, operation: str, kind: CallKind) -> None:
        why = self._calls.declared() if kind is CallKind.WRITE else None
        self._calls.record(_TARGET, service, operation, kind, why or "")


OWN_CLIENTS: Final = pytest.StashKey[OwnClients]()
