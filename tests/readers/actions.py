"""From a call as a reader makes it to the IAM action that allows it."""

from __future__ import annotations

from botocore import xform_name
from botocore.session import Session

from stackproof.calls.iam_action import action_of as action_of_operation


def action_of(service: str, operation: str) -> str:
    """The action of one call, by the name of the client's method."""
    names = Session().get_service_model(service).operation_names
    return action_of_operation(service, next(name for name in names if xform_name(name) == operation))
