"""Parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_parameter(call: Call) -> Created:
    tags = [{"Key": key, "Value": value} for key, value in (call.get("Tags") or {}).items()]
    call.send("ssm", "put_parameter", **{**call.properties, "Name": call.name, "Tags": tags or None})
    return Created(physical_id=call.name, attributes={"Type": call["Type"], "Value": call["Value"]})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::SSM::Parameter": Handler(
        create=_create_parameter,
        delete=lambda call: call.send("ssm", "delete_parameter", Name=call.physical_id),
        name_property="Name",
    )
}
