"""How an assertion fails.

AssertionError
└── StackAssertionError        what was asserted is not so
    ├── UnknownNameError       a type, property or logical id that nobody knows: a typo would pass for ever
    └── VacuousAssertionError  the assertion looked at nothing, or its pattern says nothing
"""

from __future__ import annotations

__all__ = ["StackAssertionError", "UnknownNameError", "VacuousAssertionError"]


class StackAssertionError(AssertionError):
    """What was asserted of the stack is not so; pytest counts it as a failure."""


class UnknownNameError(StackAssertionError):
    """The assertion names a type, a property or a logical id that does not exist."""


class VacuousAssertionError(StackAssertionError):
    """The assertion could not have failed: it looked at nothing, or its pattern says nothing."""
