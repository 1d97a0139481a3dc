"""Everything that can go wrong, as exceptions.

    StackproofError
    ├── ConfigError      a setting, command line or policy file is wrong           exit code 2
    ├── InputError       a template or assembly cannot be read                     exit code 3
    ├── SynthError       the CDK app did not synthesize                            exit code 3
    ├── EngineError      a policy engine broke or cannot be started                exit code 3
    ├── TargetError      an AWS account or emulator refused, failed or is unknown  exit code 3
    │   └── UnreachableError   it has not answered many calls in a row
    ├── StoreError       the store of audits is damaged, locked, newer or unreachable     exit code 3
    ├── NotifyError      a notification could not be sent                          exit code 3
    └── MutationError    a mutant could not be made                                exit code 3

A violated rule is never an exception; an exception is never a violated rule.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "EngineError",
    "InputError",
    "MutationError",
    "NotifyError",
    "StackproofError",
    "StoreError",
    "SynthError",
    "TargetError",
    "UnreachableError",
]


class StackproofError(Exception):
    """Something that stackproof can explain in one line; `exit_code` is what the command ends with."""

    exit_code = 3


class ConfigError(StackproofError):
    """A setting, an argument or a policy file is wrong; the message names the file and the path in it."""

    exit_code = 2


class InputError(StackproofError):
    """A template or cloud assembly cannot be read; the message names the file and the reason."""


class SynthError(StackproofError):
    """The CDK app did not write a cloud assembly; `output` is what it printed."""

    def __init__(self, message: str, *, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class EngineError(StackproofError):
    """A policy engine cannot be started, broke, or ran out of time."""


class TargetError(StackproofError):
    """A call to an AWS account or an emulator failed; `code` is the service's error code, or one of our reasons."""

    def __init__(self, message: str, *, service: str = "", operation: str = "", code: str = "") -> None:
        super().__init__(message)
        self.service = service
        self.operation = operation
        self.code = code


class UnreachableError(TargetError):
    """The target has given no answer to many calls in a row; no further call is sent to it, and none is repeated."""


class StoreError(StackproofError):
    """The store of audits cannot be read or written; its contents are unchanged."""


class NotifyError(StackproofError):
    """A notification did not reach its channel; the next run tries again."""


class MutationError(StackproofError):
    """A mutant of a template could not be made."""
