"""How an assertion fails.

AssertionError
└── StackAssertionError        what was asserted is not so
    ├── UnknownNameError       a type, property or logical id that nobody knows: a typo would pass for ever
    └── VacuousAssertionError  the assertion looked at nothing, or its pattern says nothing
"""

from __future__ import annotations

from typing import Any

__all__ = ["StackAssertionError", "UnknownNameError", "VacuousAssertionError", "is_failed_assertion"]


class StackAssertionError(AssertionError):
    """What was asserted of the stack is not so; pytest counts it as a failure."""


class UnknownNameError(StackAssertionError):
    """The assertion names a type, a property or a logical id that does not exist."""


class VacuousAssertionError(StackAssertionError):
    """The assertion could not have failed: it looked at nothing, or its pattern says nothing."""


def is_failed_assertion(excinfo: Any) -> bool:  # noqa: ANN401 - pytest's type, and pytest is not imported here
    """As `__tracebackhide__`: whether pytest is to hide our frames, which tell nobody where their assertion fails."""
    return bool(excinfo.errisinstance(StackAssertionError))
