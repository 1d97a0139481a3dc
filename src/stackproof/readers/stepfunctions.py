"""State machines and activities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, found_or_none, parsed, pascal, reads, tag_list

__all__ = ["READERS"]

_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def read_state_machine(request: ReadRequest) -> Reading | None:
    """DescribeStateMachine and ListTagsForResource."""
    client = request.client("stepfunctions")
    arn = request.physical_id
    live = found_or_none(lambda: client.describe_state_machine(stateMachineArn=arn), "StateMachineDoesNotExist")
    if live is None or live.get("status") == "DELETING":
        return None
    builder = ReadingBuilder(request)
    return builder.build(
        {
            **_definition(request, live),
            "EncryptionConfiguration": pascal(live.get("encryptionConfiguration")),
            "LoggingConfiguration": pascal(live.get("loggingConfiguration")),
            "RoleArn": live["roleArn"],
            "StateMachineName": live["name"],
            "StateMachineType": live["type"],
            "Tags": _tags(client, arn, builder),
            "TracingConfiguration": pascal(live.get("tracingConfiguration")),
        },
        {"Arn": arn, "Name": live["name"], "StateMachineRevisionId": live.get("revisionId")},
    )


def _tags(client: Any, arn: str, builder: ReadingBuilder) -> list[JsonValue]:
    tags: list[Any] = builder.call("/Tags", lambda: client.list_tags_for_resource(resourceArn=arn)["tags"], [])
    return tag_list(tags, "key", "value")


def _definition(request: ReadRequest, live: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The definition where the template has it; its placeholders are filled in live, so they are filled in to compare.

    One that lies in S3 is not compared: the object may have changed since.
    """
    found: dict[str, JsonValue] = {}
    given = request.expected.get("DefinitionSubstitutions")
    values = given if isinstance(given, Mapping) else {}
    definition = parsed(live["definition"])
    for name, shown in (("Definition", definition), ("DefinitionString", live["definition"])):
        if name in request.expected:
            wanted = request.expected[name]
            same = values and _filled(parsed(wanted), values) == _filled(definition, {})
            found[name] = wanted if same else shown
            if same:
                found["DefinitionSubstitutions"] = given
    return found


def _filled(value: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), value)
    if isinstance(value, Mapping):
        return {key: _filled(element, values) for key, element in value.items()}
    return [_filled(member, values) for member in value] if isinstance(value, list) else value


def read_activity(request: ReadRequest) -> Reading | None:
    """DescribeActivity and ListTagsForResource."""
    client = request.client("stepfunctions")
    arn = request.physical_id
    live = found_or_none(lambda: client.describe_activity(activityArn=arn), "ActivityDoesNotExist")
    if live is None:
        return None
    builder = ReadingBuilder(request)
    return builder.build(
        {
            "EncryptionConfiguration": pascal(live.get("encryptionConfiguration")),
            "Name": live["name"],
            "Tags": _tags(client, arn, builder),
        },
        {"Arn": arn, "Name": live["name"]},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::StepFunctions::Activity": reads(read_activity, "states:DescribeActivity", "states:ListTagsForResource"),
    "AWS::StepFunctions::StateMachine": reads(
        read_state_machine, "states:DescribeStateMachine", "states:ListTagsForResource"
    ),
}
