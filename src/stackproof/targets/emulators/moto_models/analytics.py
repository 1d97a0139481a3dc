"""Catalogues of data, and where queries of them run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_database(call: Call) -> Created:
    name = call["DatabaseInput"].get("Name", call.name.lower())
    call.send("glue", "create_database", DatabaseInput={**call["DatabaseInput"], "Name": name})
    return Created(physical_id=name)


def _create_table(call: Call) -> Created:
    name = call["TableInput"].get("Name", call.name.lower())
    given = {"DatabaseName": call["DatabaseName"], "TableInput": {**call["TableInput"], "Name": name}}
    call.send("glue", "create_table", **given)
    return Created(physical_id=name)


def _create_work_group(call: Call) -> Created:
    given = {**call.properties, "Configuration": call.get("WorkGroupConfiguration", {})}
    call.send("athena", "create_work_group", **given)
    return Created(physical_id=call["Name"])


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Athena::WorkGroup": Handler(
        create=_create_work_group,
        delete=lambda call: call.send(
            "athena", "delete_work_group", WorkGroup=call.physical_id, RecursiveDeleteOption=True
        ),
    ),
    "AWS::Glue::Database": Handler(
        create=_create_database, delete=lambda call: call.send("glue", "delete_database", Name=call.physical_id)
    ),
    "AWS::Glue::Table": Handler(
        create=_create_table,
        delete=lambda call: call.send("glue", "delete_table", DatabaseName=call["DatabaseName"], Name=call.physical_id),
    ),
}
