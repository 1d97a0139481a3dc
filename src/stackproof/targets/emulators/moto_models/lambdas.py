"""Functions, what invokes them, and the permissions to do so."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, tag_map

__all__ = ["HANDLERS"]


def _create_function(call: Call) -> Created:
    name = call.name
    given = {
        **call.properties,
        "Code": _code(call),
        "FunctionName": name,
        "KMSKeyArn": call.get("KmsKeyArn"),
        "Tags": tag_map(call.get("Tags")),
    }
    function = call.send("lambda", "create_function", **given)
    if "ReservedConcurrentExecutions" in call.properties:
        call.send(
            "lambda",
            "put_function_concurrency",
            FunctionName=name,
            ReservedConcurrentExecutions=call["ReservedConcurrentExecutions"],
        )
    return Created(physical_id=name, attributes={"Arn": function["FunctionArn"]})


def _code(call: Call) -> dict[str, Any]:
    """The code as the API takes it: a text in the template becomes an archive of one file, as AWS does."""
    code = dict(call["Code"])
    if isinstance(code.get("ZipFile"), str):
        file = "index.py" if str(call.get("Runtime")).startswith("python") else "index.js"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo(file), code["ZipFile"])
        code["ZipFile"] = buffer.getvalue()
    return code


def _create_mapping(call: Call) -> Created:
    given = {**call.properties, "KMSKeyArn": call.get("KmsKeyArn"), "Tags": tag_map(call.get("Tags"))}
    created = call.send("lambda", "create_event_source_mapping", **given)
    return Created(
        physical_id=created["UUID"],
        attributes={"Id": created["UUID"], "EventSourceMappingArn": created.get("EventSourceMappingArn")},
    )


def _create_permission(call: Call) -> Created:
    call.send("lambda", "add_permission", **call.properties, StatementId=call.name)
    return Created(physical_id=call.name, attributes={"Id": call.name})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Lambda::EventSourceMapping": Handler(
        create=_create_mapping,
        delete=lambda call: call.send("lambda", "delete_event_source_mapping", UUID=call.physical_id),
    ),
    "AWS::Lambda::Function": Handler(
        create=_create_function,
        delete=lambda call: call.send("lambda", "delete_function", FunctionName=call.physical_id),
        name_property="FunctionName",
        longest=64,
    ),
    "AWS::Lambda::Permission": Handler(
        create=_create_permission,
        delete=lambda call: call.send(
            "lambda", "remove_permission", FunctionName=call["FunctionName"], StatementId=call.physical_id
        ),
    ),
}
