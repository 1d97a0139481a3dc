"""What moto's change sets leave out when they are executed: outputs, exports and imports, and what a failure leaves.

A stack that is created by one is whole as if by CreateStack. A resource that cannot be made is an event with its
reason, and the stack is rolled back, as on AWS; after an update it is stuck, since moto cannot go back.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Final

__all__ = ["extend_change_sets"]

_PLACE: Final = re.compile(r"(\w+) \(([\w:]+)\): (.*)", re.DOTALL)


def extend_change_sets() -> None:
    """Extend moto's CloudFormation; once in a process."""
    from moto.cloudformation.models import CloudFormationBackend, Stack

    def execute(backend: Any, change_set_name: str, stack_name: str | None = None) -> None:  # noqa: ARG001
        change_set = backend.describe_change_set(change_set_name)
        stack = backend.stacks[change_set.stack_id]
        if change_set.change_set_type == "CREATE":
            _create(backend, stack, change_set)
        else:
            _update(backend, stack, change_set)
        change_set.execution_status = "EXECUTE_COMPLETE"

    setattr(CloudFormationBackend, "execute_change_set", execute)  # noqa: B010 - a method is replaced on purpose
    setattr(Stack, "get_cfn_attribute", _output)  # noqa: B010 - moto's nested stacks have none


def _output(stack: Any, attribute_name: str) -> Any:
    """What a parent takes from a nested stack: `Outputs.Name`."""
    from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

    found = next((output for output in stack.output_map.values() if f"Outputs.{output.key}" == attribute_name), None)
    if found is None:
        raise UnformattedGetAttTemplateException
    return found.value


def _create(backend: Any, stack: Any, change_set: Any) -> None:
    stack._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")  # noqa: SLF001 - moto's own
    outputs = stack.output_map
    try:
        stack.template, stack.parameters = change_set.template, change_set.parameters
        stack._parse_template()  # noqa: SLF001
        stack.cross_stack_resources = backend.exports
        stack.resource_map = stack._create_resource_map()  # noqa: SLF001
        created = stack._create_output_map()  # noqa: SLF001
        _export(backend, stack, created)
        stack.create_resources()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is why the stack is not there
        _fail(stack, "CREATE_FAILED", error)
        stack._add_stack_event("ROLLBACK_IN_PROGRESS")  # noqa: SLF001
        _export(backend, stack, outputs)
        with contextlib.suppress(Exception):
            stack.resource_map.delete()
        stack.template_dict = {}  # reading a resource from the map makes it
        stack.resource_map = stack._create_resource_map()  # noqa: SLF001
        stack.status = "ROLLBACK_COMPLETE"
        stack._add_stack_event(stack.status)  # noqa: SLF001


def _update(backend: Any, stack: Any, change_set: Any) -> None:
    before = stack.output_map
    try:
        stack.update(change_set.template, parameters=_as_given(stack, change_set.parameters))
        created, stack.output_map = stack.output_map, before
        _export(backend, stack, created)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is why the stack is not as it should be
        _fail(stack, "UPDATE_FAILED", error)
        stack.status = "UPDATE_ROLLBACK_FAILED"
        stack._add_stack_event(stack.status)  # noqa: SLF001


def _as_given(stack: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """What moto calls a previous value is the resolved value, not a name in the parameter store."""
    before, declared = stack.resource_map.input_parameters, stack.template_dict.get("Parameters", {})
    stored = {
        name for name, declaration in declared.items() if str(declaration["Type"]).startswith("AWS::SSM::Parameter::")
    }
    kept = {name for name in stored & parameters.keys() if stack.stack_parameters.get(name) == parameters[name]}
    given = {name: before[name] for name in kept if name in before}
    return {**{name: value for name, value in parameters.items() if name not in kept}, **given}


def _export(backend: Any, stack: Any, outputs: Any) -> None:
    """Give the stack other outputs, and have the region export those and no longer its old ones."""
    for export in stack.exports:
        backend.exports.pop(export.name, None)
    before, stack.output_map = stack.output_map, outputs
    try:
        backend._validate_export_uniqueness(stack)  # noqa: SLF001
    except Exception:
        stack.output_map = before
        backend.exports.update({export.name: export for export in before.exports})
        raise
    backend.exports.update({export.name: export for export in outputs.exports})


def _fail(stack: Any, status: str, error: Exception) -> None:
    from moto.cloudformation.models import Event

    message = str(getattr(error, "message", None) or error)
    found = _PLACE.fullmatch(message)
    logical_id, resource_type, reason = found.groups() if found else (stack.name, "AWS::CloudFormation::Stack", message)
    stack.events.append(
        Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=logical_id,
            physical_resource_id="" if found else stack.stack_id,
            resource_type=resource_type,
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
    )
