"""State machines and activities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]

_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def _create_machine(call: Call) -> Created:
    text = document(call.get("DefinitionString", call.get("Definition")))
    values = call.get("DefinitionSubstitutions", {})
    given = {
        **call.properties,
        "name": call.get("StateMachineName", call.name),
        "type": call.get("StateMachineType"),
        "definition": _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), text),
    }
    arn = call.send("stepfunctions", "create_state_machine", **given)["stateMachineArn"]
    return Created(physical_id=arn, attributes={"Arn": arn, "Name": given["name"]})


def _create_activity(call: Call) -> Created:
    arn = call.send("stepfunctions", "create_activity", **{**call.properties, "Name": call.name})["activityArn"]
    return Created(physical_id=arn, attributes={"Arn": arn, "Name": call.name})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::StepFunctions::Activity": Handler(
        create=_create_activity,
        delete=lambda call: call.send("stepfunctions", "delete_activity", activityArn=call.physical_id),
        name_property="Name",
        longest=80,
    ),
    "AWS::StepFunctions::StateMachine": Handler(
        create=_create_machine,
        delete=lambda call: call.send("stepfunctions", "delete_state_machine", stateMachineArn=call.physical_id),
        name_property="StateMachineName",
        longest=80,
    ),
}
