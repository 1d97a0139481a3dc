"""Whether a target has Cloud Control, found out by asking it for something that is certainly there."""

from __future__ import annotations

from typing import Any, Final

from stackproof.deployment.unproven_reason import TRANSIENT
from stackproof.targets.failures import error_code, reason_of

__all__ = ["has_cloud_control"]

_UNKNOWN: Final = frozenset(
    {"InvalidAction", "NotImplemented", "NotYetImplemented", "UnknownOperation", "UnknownOperationException"}
)
_NOT_THERE: Final = "ResourceNotFoundException"


def has_cloud_control(client: Any, stack_id: str, *, emulator: bool) -> bool:
    """Whether Cloud Control sees what CloudFormation made: it is asked for the stack itself.

    One that does not (an emulator that knows only what was made through it) would call everything deleted, so that a
    call that failed is raised, and answers nothing. A server's error without a code of AWS is the answer of an emulator
    that lacks the API. An account that refuses to show its stacks may show what is in them.
    """
    from botocore.exceptions import ClientError

    try:
        client.get_resource(TypeName="AWS::CloudFormation::Stack", Identifier=stack_id)
    except ClientError as error:
        code = error_code(error)
        if code in _UNKNOWN or code == _NOT_THERE or (emulator and (not code or code.isdigit())):
            return False
        if not code or code.isdigit() or reason_of(error) in TRANSIENT:
            raise
    return True
