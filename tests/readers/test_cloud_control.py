"""Types without a reader are read through Cloud Control, by recorded answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from stackproof.core.errors import TargetError
from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import DriftStatus, Reading
from stackproof.proof.ports import ReadRequest
from stackproof.proof.snapshot import Memo
from stackproof.readers.cloud_control import WithCloudControl, identifier
from stackproof.targets.cloudformation.cloud_control import has_cloud_control
from stackproof.targets.failures import reason_of
from stackproof.template.schema import ResourceSchema
from tests.live_fakes import (
    FakeSchemas,
    FakeTarget,
    RecordedClient,
    deployment,
    failure,
    lone_prover,
    recorded,
    request,
    template,
)

THING = "AWS::New::Thing"
READABLE = {"handlers": {"read": {"permissions": ["new:GetThing"]}}}
SCHEMAS = FakeSchemas(
    {
        THING: {
            **READABLE,
            "primaryIdentifier": ["/properties/Name"],
            "writeOnlyProperties": ["/properties/Password"],
        },
        "AWS::Old::Thing": {"primaryIdentifier": ["/properties/Name"]},
    }
)
LIVE = {"Name": "thing-1", "Size": 3, "Arn": "arn:aws:new:::thing-1"}
ANSWER = {"TypeName": THING, "ResourceDescription": {"Identifier": "thing-1", "Properties": json.dumps(LIVE)}}


def own(_: ReadRequest) -> Reading | None:
    return Reading(properties={"Own": True})


def read(answer: Any, *, there: bool = True, resource_type: str = THING) -> Reading | None:
    readers = WithCloudControl({"AWS::SQS::Queue": own}, SCHEMAS, lambda: there)
    return readers[resource_type](request(resource_type, "thing-1", recorded(get_resource=answer)))


def reason(call: Callable[[], object]) -> tuple[UnprovenReason | None, str]:
    with pytest.raises(TargetError) as caught:
        call()
    return reason_of(caught.value), str(caught.value)


def test_properties_come_in_cloudformations_names_and_our_own_readers_are_preferred() -> None:
    found = read(ANSWER)
    assert found is not None
    assert found.properties == found.attributes == LIVE
    assert read(ANSWER, resource_type="AWS::SQS::Queue") == Reading(properties={"Own": True})
    readers = WithCloudControl({"AWS::SQS::Queue": own}, SCHEMAS, lambda: True)
    assert (list(readers), len(readers)) == (["AWS::SQS::Queue"], 1)


def test_what_is_not_there_is_none() -> None:
    assert read(failure("ResourceNotFoundException")) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TypeNotFoundException", UnprovenReason.NO_READER),
        ("UnsupportedActionException", UnprovenReason.NO_READER),
        ("InvalidCredentialsException", UnprovenReason.DENIED),
        ("ServiceLimitExceededException", UnprovenReason.THROTTLED),
        ("ServiceInternalErrorException", UnprovenReason.UNREACHABLE),
    ],
)
def test_what_cannot_be_read_says_why(code: str, expected: UnprovenReason) -> None:
    assert reason(lambda: read(failure(code))) == (expected, f"Cloud Control: {code}: {code}!")


def test_a_refusal_of_the_service_behind_it_is_denied() -> None:
    refused = failure("GeneralServiceException")
    refused.response["Error"]["Message"] = "User is not authorized to perform: new:GetThing"
    assert reason(lambda: read(refused))[0] is UnprovenReason.DENIED
    with pytest.raises(type(refused)):
        read(failure("AccessDeniedException"))


def test_without_cloud_control_or_a_schema_there_is_no_reader() -> None:
    found, said = reason(lambda: read(ANSWER, there=False))
    assert (found, "has no Cloud Control that sees the stack" in said) == (UnprovenReason.NO_READER, True)
    for kind in ("AWS::Old::Thing", "AWS::No::Thing"):
        assert reason(partial(read, ANSWER, resource_type=kind))[0] is UnprovenReason.NO_READER


def test_the_target_is_asked_once_for_a_stack() -> None:
    asked: list[bool] = []

    def is_there() -> bool:
        asked.append(True)
        return True

    readers = WithCloudControl({}, SCHEMAS, is_there)
    client = recorded(get_resource=ANSWER)
    memo = Memo()
    for _ in range(3):
        readers[THING](replace(request(THING, "thing-1", client), memo=memo))
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("names", "physical_id", "expected", "found"),
    [
        (["Name"], "thing-1", {}, "thing-1"),
        (["ThingArn"], "arn:aws:new:::thing-1", {}, "arn:aws:new:::thing-1"),
        (["Name"], "arn:aws:new:::thing-1", {"Name": "thing-1"}, "thing-1"),
        (["ApiId", "ModelId"], "model", {"ApiId": "api"}, "api|model"),
        (["ModelId", "ApiId"], "model", {"ApiId": "api"}, "model|api"),
        (["ApiId", "ModelId"], "api|model", {}, "api|model"),
        (["Cidr", "VpnId"], "generated", {"Cidr": "10.0.0.0/8", "VpnId": "vpn-1"}, "10.0.0.0/8|vpn-1"),
        (["Name", "Version"], "x", {"Name": "n", "Version": 2}, "n|2"),
    ],
)
def test_an_identifier_is_made_of_the_physical_id_and_the_template(
    names: list[str], physical_id: str, expected: dict[str, JsonValue], found: str
) -> None:
    assert identifier(request(THING, physical_id, recorded(), **expected), schema(names)) == found


@pytest.mark.parametrize(
    ("names", "physical_id", "expected"),
    [
        (["ThingArn"], "thing-1", {}),
        (["Name"], "arn:aws:new:::thing-1", {}),
        (["A", "B", "C"], "x", {"A": "a"}),
        (["A", "B"], "x", {"A": ["no name"]}),
        ([], "x", {}),
        (["Name"], "", {}),
    ],
)
def test_an_identifier_that_cannot_be_told_is_no_reader_and_never_deleted(
    names: list[str], physical_id: str, expected: dict[str, JsonValue]
) -> None:
    found, said = reason(lambda: identifier(request(THING, physical_id, recorded(), **expected), schema(names)))
    assert found is UnprovenReason.NO_READER
    assert said.startswith("Cloud Control")


def schema(names: list[str]) -> ResourceSchema:
    return ResourceSchema(
        resource_type=THING, document={"primaryIdentifier": [f"/properties/{name}" for name in names]}
    )


def test_a_resource_is_proven_and_what_it_keeps_to_itself_is_write_only() -> None:
    body = {"Resources": {"Thing": {"Type": THING, "Properties": {"Size": 3, "Password": "x"}}}}

    class Answering(FakeTarget):
        def client(self, service: str) -> Any:
            return recorded(get_resource=ANSWER)(service)

    prover = lone_prover(
        template=template(body),
        deployment=deployment({"Thing": (THING, "thing-1")}),
        target=Answering(),
        readers=WithCloudControl({}, SCHEMAS, lambda: True),
        schemas=SCHEMAS,
    )
    proof = prover.prove("Thing")
    assert (proof.status, proof.proven) == (DriftStatus.IN_SYNC, ("/Size",))
    assert [(unproven.path, unproven.reason) for unproven in proof.unproven] == [
        ("/Password", UnprovenReason.WRITE_ONLY)
    ]


@pytest.mark.parametrize(
    ("answer", "there"),
    [
        ({}, True),
        (failure("AccessDeniedException"), True),
        (failure("UnsupportedActionException"), True),
        (failure("ResourceNotFoundException"), False),
        (failure("UnknownOperationException"), False),
    ],
)
@pytest.mark.parametrize("emulator", [True, False])
def test_the_target_says_whether_its_cloud_control_sees_the_stack(
    answer: Any,
    there: bool,  # noqa: FBT001
    emulator: bool,  # noqa: FBT001
) -> None:
    assert has_cloud_control(RecordedClient({"get_resource": answer}), "arn:stack", emulator=emulator) is there


def test_an_emulator_that_breaks_has_none_and_an_account_that_breaks_is_unreachable() -> None:
    client = RecordedClient({"get_resource": failure("500", status=500)})
    assert not has_cloud_control(client, "arn:stack", emulator=True)
    with pytest.raises(ClientError) as caught:
        has_cloud_control(client, "arn:stack", emulator=False)
    assert reason_of(caught.value) is UnprovenReason.UNREACHABLE


@pytest.mark.parametrize(
    "broken",
    [
        failure("ThrottlingException"),
        failure("InternalFailure", status=500),
        failure("ServiceUnavailable", status=503),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("emulator", [True, False])
def test_a_fault_tells_nothing_of_what_cloud_control_sees_and_is_not_remembered(
    broken: Exception,
    emulator: bool,  # noqa: FBT001
) -> None:
    """An emulator whose Cloud Control sees nothing would call everything deleted once the fault is over."""
    answers = iter([broken, failure("ResourceNotFoundException")])
    asking = SimpleNamespace(get_resource=lambda **_: raised(next(answers)))
    readers = WithCloudControl({}, SCHEMAS, lambda: has_cloud_control(asking, "arn:stack", emulator=emulator))
    memo = Memo()
    asked = replace(request(THING, "thing-1", recorded(get_resource=failure("ResourceNotFoundException"))), memo=memo)
    with pytest.raises(type(broken)):
        readers[THING](asked)
    assert reason(lambda: readers[THING](asked))[0] is UnprovenReason.NO_READER


def raised(error: Exception) -> None:
    raise error
