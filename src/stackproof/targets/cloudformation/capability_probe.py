"""Probes the capabilities of a target."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, Final

from stackproof.deployment.capabilities import Capabilities
from stackproof.deployment.ports import Target
from stackproof.targets.cloudformation.pruned_stack import KnownTypes
from stackproof.targets.failures import error_code, is_not_implemented

__all__ = ["probed"]

_NOWHERE: Final = "stackproof-no-such-stack"
_NO_TYPE: Final = "Stackproof::No::Such"
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def probed(target: Target, types: Sequence[str], *, is_account: bool) -> Capabilities:
    """Ask a target about these resource types and about its APIs. An emulator is also given a function to run."""
    cloudformation = target.client("cloudformation")
    return Capabilities(
        target=target.name,
        types=tuple(sorted(types)),
        refused=_listed(cloudformation, types) if is_account else _refused(target.client, types),
        change_sets=_answers(lambda: cloudformation.list_change_sets(StackName=_NOWHERE)),
        drift=_answers(lambda: cloudformation.describe_stack_resource_drifts(StackName=_NOWHERE)),
        cloud_control=_answers(lambda: target.client("cloudcontrol").list_resources(TypeName="AWS::Logs::LogGroup")),
        runs_code=True if is_account else _runs_code(target.client),
    )


def _answers(call: Callable[[], object]) -> bool | None:
    """Whether an operation exists: a refusal of the request is an answer as well."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        call()
    except ClientError as error:
        if is_not_implemented(error) or error_code(error) == "500":
            return False
        return True if "does not exist" in str(error) else None
    except BotoCoreError:
        return None
    return True


def _refused(client: Callable[[str], Any], types: Sequence[str]) -> tuple[str, ...] | None:
    """The types that it names as unknown; None if it does not even refuse one that there is not."""
    unknown = KnownTypes(client, "the target").unknown([*types, _NO_TYPE])
    return tuple(sorted(unknown - {_NO_TYPE})) if _NO_TYPE in unknown else None


def _listed(api: Any, types: Sequence[str]) -> tuple[str, ...] | None:
    """The types that are not in an account's registry."""
    try:
        pages = api.get_paginator("list_types").paginate(Visibility="PUBLIC", Type="RESOURCE")
        known = {str(summary["TypeName"]) for page in pages for summary in page["TypeSummaries"]}
    except api.exceptions.ClientError:
        return None
    return tuple(sorted(set(types) - known))


def _runs_code(client: Callable[[str], Any]) -> bool | None:
    """Whether a function gives back what only its own code knows; role and function are removed again."""
    from botocore.exceptions import BotoCoreError, ClientError

    name = f"stackproof-{uuid.uuid4().hex[:12]}"
    api, iam = client("lambda"), client("iam")
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
        api.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": _archive(f"def handler(event, context):\n    return {name!r}[::-1]\n")},
        )
        answer = api.invoke(FunctionName=name, Payload=b"{}")
        return bool(json.loads(answer["Payload"].read()) == name[::-1])
    except (ClientError, BotoCoreError, ValueError) as error:
        return False if is_not_implemented(error) or isinstance(error, ClientError | ValueError) else None
    finally:
        with contextlib.suppress(ClientError, BotoCoreError):
            iam.delete_role(RoleName=name)
        with contextlib.suppress(ClientError, BotoCoreError):
            api.delete_function(FunctionName=name)


def _archive(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return buffer.getvalue()
