"""How an assertion fails.

AssertionError
└── StackAssertionError        the stack is not as asserted
    ├── UnknownNameError       a type, property or logical id that does not exist: a typo would always pass
    └── VacuousAssertionError  the assertion checked nothing, or every value matches its pattern
"""

from __future__ import annotations

from typing import Any

__all__ = ["StackAssertionError", "UnknownNameError", "VacuousAssertionError", "is_failed_assertion"]


class StackAssertionError(AssertionError):
    """The stack is not as asserted; pytest counts it as a failure."""


class UnknownNameError(StackAssertionError):
    """The assertion names a type, a property or a logical id that does not exist."""


class VacuousAssertionError(StackAssertionError):
    """The assertion could not have failed: it checked nothing, or every value matches its pattern."""


def is_failed_assertion(excinfo: Any) -> bool:  # noqa: ANN401 - pytest's type, and pytest is not imported here
    """As `__tracebackhide__`: whether pytest hides our frames, so that a failure shows the line of the suite."""
    return bool(excinfo.errisinstance(StackAssertionError))
