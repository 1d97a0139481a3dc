"""Whether a target has Cloud Control, found out by asking it for something that is certainly there."""

from __future__ import annotations

from typing import Any, Final

from stackproof.targets.failures import error_code

__all__ = ["has_cloud_control"]

_UNKNOWN: Final = frozenset(
    {"InvalidAction", "NotImplemented", "NotYetImplemented", "UnknownOperation", "UnknownOperationException"}
)
_NOT_THERE: Final = "ResourceNotFoundException"


def has_cloud_control(client: Any, stack_id: str, *, emulator: bool) -> bool:  # noqa: ANN401 - botocore's
    """Whether Cloud Control sees what CloudFormation made: it is asked for the stack itself.

    One that does not (an emulator that knows only what was made through it) would call everything deleted. An answer
    without a code of AWS comes from an emulator that lacks the API; of AWS it is a failure, and is raised.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - heavy

    try:
        client.get_resource(TypeName="AWS::CloudFormation::Stack", Identifier=stack_id)
    except ClientError as error:
        code = error_code(error)
        if code in _UNKNOWN or code == _NOT_THERE:
            return False
        if not code or code.isdigit():
            if emulator:
                return False
            raise
    except BotoCoreError:
        if emulator:
            return False
        raise
    return True
