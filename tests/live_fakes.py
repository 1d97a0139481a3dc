"""Fakes and small makers for tests of the live side."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from stackproof.core.json import JsonObject, JsonValue, digest
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.proof.prover import ProvableStack, Prover
from stackproof.proof.world import World
from stackproof.targets.failures import reason_of
from stackproof.template.assembly import FileAsset, Stack
from stackproof.template.ports import SchemaSource
from stackproof.template.schema import ResourceSchema
from stackproof.template.template import Resource, Template

ACCOUNT = "123456789012"
REGION = "us-east-1"


def template(body: Mapping[str, Any], *, name: str = "Net", path: str = "Net.template.json") -> Template:
    """A template as a loader gives it."""
    resources = body["Resources"]
    assert isinstance(resources, Mapping)
    return Template(
        file=path,
        path=path,
        body=body,
        digest=digest(body),
        resources=tuple(
            Resource(logical_id=key, resource_type=str(resource["Type"]), body=resource, stack_name=name)
            for key, resource in sorted(resources.items())
        ),
        stack_name=name,
    )


def stack(
    body: Mapping[str, Any],
    *,
    name: str = "Net",
    path: str = "Net.template.json",
    assets: tuple[FileAsset, ...] = (),
    dependencies: tuple[str, ...] = (),
    parent: str | None = None,
) -> Stack:
    """A stack as a loader gives it."""
    return Stack(
        name=name,
        template=template(body, name=name, path=path),
        assets=assets,
        dependencies=dependencies,
        parent=parent,
    )


def deployment(resources: Mapping[str, tuple[str, str]], **more: Any) -> Deployment:
    """A deployment of resources: logical id → (type, physical id)."""
    return Deployment(
        stack_name=more.pop("stack_name", "Net"),
        stack_id=more.pop("stack_id", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Net/1"),
        status="CREATE_COMPLETE",
        account=ACCOUNT,
        region=REGION,
        resources=tuple(
            DeployedResource(logical_id=key, physical_id=physical_id, resource_type=kind, status="CREATE_COMPLETE")
            for key, (kind, physical_id) in sorted(resources.items())
        ),
        **more,
    )


def request(resource_type: str, physical_id: str, client: Callable[[str], Any], **expected: JsonValue) -> ReadRequest:
    """What a reader gets."""
    return ReadRequest(
        client=client,
        logical_id="Thing",
        physical_id=physical_id,
        resource_type=resource_type,
        expected=expected,
        account=ACCOUNT,
        region=REGION,
        partition="aws",
    )


def lone_prover(
    *,
    template: Template,
    deployment: Deployment,
    target: Target,
    readers: Mapping[str, Reader],
    schemas: SchemaSource,
    retry_policy: RetryPolicy | None = None,
    nested: Collection[str] | None = None,
) -> Prover:
    """The prover of a stack that is alone in its world."""
    stack = ProvableStack(template=template, deployment=deployment, readers=readers, nested=nested)
    [prover] = World({"alone": stack}, target=target, schemas=schemas, retry_policy=retry_policy).provers.values()
    return prover


def failure(code: str, operation: str = "Operation", status: int = 400) -> ClientError:
    """An error as a service answers it."""
    return ClientError(
        {"Error": {"Code": code, "Message": f"{code}!"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


class RecordedClient:
    """A botocore client with recorded answers: operation → an answer, an exception, or a function of the parameters.

    An operation that was not recorded is a KeyError: a reader that calls more than it should does not go unseen.
    """

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **parameters: self._answer(operation, parameters)

    def can_paginate(self, operation: str) -> bool:
        return operation in self.answers

    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(lambda **parameters: self._answer(operation, parameters))

    def _answer(self, operation: str, parameters: dict[str, Any]) -> Any:
        self.calls.append((operation, parameters))
        answer = self.answers[operation]
        if callable(answer):
            answer = answer(**parameters)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Paginator:
    def __init__(self, operation: Callable[..., Any]) -> None:
        self._operation = operation

    def paginate(self, **parameters: Any) -> list[Any]:
        answer = self._operation(**parameters)
        return answer if isinstance(answer, list) else [answer]


def recorded(**answers: Any) -> Callable[[str], Any]:
    """One recorded client for every service."""
    client = RecordedClient(answers)
    return lambda _: client


class Body:
    """The body of an object as S3 gives it."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def iter_chunks(self, size: int) -> list[bytes]:
        return [self._file.read(size)]


class FakeTarget:
    """A target in memory; `gaps` are what it does not emulate, a `None` path for a whole type."""

    name = "fake"
    account = ACCOUNT
    region = REGION
    partition = "aws"

    def __init__(
        self, deployments: Mapping[str, Deployment] | None = None, *, gaps: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        self.deployments = dict(deployments or {})
        self.gaps = gaps
        self.log: list[str] = []

    def client(self, service: str) -> Any:
        raise AssertionError(service)

    @contextmanager
    def writing(self, why: str) -> Iterator[None]:
        self.log.append(f"writing: {why}")
        yield

    def deploy(self, stack: Stack) -> Deployment:
        self.log.append(f"deploy {stack.name}")
        return self.deployments.get(stack.name) or deployment({}, stack_name=stack.name)

    def deployment(self, stack_name: str, *, body: JsonObject | None = None) -> Deployment:  # noqa: ARG002
        self.log.append(f"read {stack_name}")
        return self.deployments.get(stack_name) or deployment({}, stack_name=stack_name)

    def require_changes_allowed(self, why: str) -> None:
        pass

    def destroy(self, stack_name: str, *, empty: bool = False) -> tuple[DeployedResource, ...]:
        self.log.append(f"{'empty and ' if empty else ''}destroy {stack_name}")
        return ()

    def not_emulated(self, resource_type: str, property_path: str) -> bool:
        return (resource_type, property_path) in self.gaps

    def translated(self, error: Exception) -> UnprovenReason | None:
        return reason_of(error)


class FakeSchemas:
    """Schemas by type, given as JSON Schema documents."""

    def __init__(self, documents: Mapping[str, JsonObject] | None = None) -> None:
        self._documents = dict(documents or {})

    def schema(self, resource_type: str) -> ResourceSchema | None:
        document = self._documents.get(resource_type)
        return None if document is None else ResourceSchema(resource_type=resource_type, document=document)

    def resource_types(self) -> tuple[str, ...]:
        return tuple(sorted(self._documents))


def policy(*actions: str, resource: str = "*") -> dict[str, JsonValue]:
    """A policy document with one statement."""
    statement: JsonValue = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def text(value: JsonValue) -> str:
    """JSON as services give documents."""
    return json.dumps(value)
