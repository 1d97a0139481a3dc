"""Readers over recorded answers: what is live, what is gone, and what a denied call costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.comparison import compared
from stackproof.proof.snapshot import Memo
from stackproof.readers import READERS
from stackproof.readers.access import ReadingBuilder
from stackproof.readers.lambdas import _TESTS
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from tests.live_fakes import RecordedClient, failure, recorded, request
from tests.readers import examples, unemulated
from tests.readers.examples import Example

EXAMPLES = (*examples.EXAMPLES, *unemulated.EXAMPLES)
SCHEMAS = CfnLintSchemas()
GONE = [(example, answers) for example in EXAMPLES for answers in example.gone]
DENIED = [(example, operation) for example in EXAMPLES for operation in example.denied]


def asked(example: Example, client: Callable[[str], Any]) -> Any:
    return request(example.resource_type, example.physical_id, client, **example.expected)


def test_every_recorded_type_is_shown_as_there_and_as_gone() -> None:
    assert {example.resource_type for example in EXAMPLES} <= set(READERS)
    assert {example.resource_type for example in EXAMPLES} - {example.resource_type for example, _ in GONE} == {
        "AWS::EC2::SecurityGroupEgress"  # the same function reads both directions
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_what_is_live_in_cloudformations_names(example: Example) -> None:
    reading = READERS[example.resource_type](asked(example, recorded(**example.answers)))
    assert reading is not None
    assert reading.properties == example.properties
    assert {name: reading.attributes[name] for name in example.attributes} == example.attributes


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_every_name_is_one_that_the_schema_knows(example: Example) -> None:
    schema = SCHEMAS.schema(example.resource_type)
    assert schema is not None
    assert [name for name in example.properties if schema.at(f"/{name}") is None] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
def test_what_is_live_is_equal_to_itself(example: Example) -> None:
    found = compared(example.properties, example.properties, SCHEMAS.schema(example.resource_type))
    assert found.differences == ()


@pytest.mark.parametrize(("example", "answers"), GONE, ids=lambda parameter: getattr(parameter, "id", ""))
def test_what_is_gone_is_none(example: Example, answers: dict[str, Any]) -> None:
    client = recorded(**{**example.answers, **answers})
    assert READERS[example.resource_type](asked(example, client)) is None


@pytest.mark.parametrize(("example", "operation"), DENIED, ids=lambda parameter: getattr(parameter, "id", parameter))
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_denied_call_costs_its_own_properties(example: Example, operation: str, code: str) -> None:
    client = recorded(**{**example.answers, operation: failure(code)})
    reading = READERS[example.resource_type](asked(example, client))
    assert reading is not None
    denied = {pointer for pointer, reason in reading.unread.items() if reason is UnprovenReason.DENIED}
    assert denied == set(example.denied[operation])


@pytest.mark.parametrize(("example", "operation"), DENIED, ids=lambda parameter: getattr(parameter, "id", parameter))
def test_any_other_error_passes_through(example: Example, operation: str) -> None:
    client = recorded(**{**example.answers, operation: failure("Throttling")})
    with pytest.raises(ClientError, match="Throttling"):
        READERS[example.resource_type](asked(example, client))


@pytest.mark.parametrize("resource_type", sorted({example.resource_type for example in EXAMPLES}))
def test_a_reader_that_may_read_nothing_says_so_with_the_services_error(resource_type: str) -> None:
    example = next(example for example in EXAMPLES if example.resource_type == resource_type)
    client = recorded(**dict.fromkeys(example.answers, failure("AccessDenied")))
    with pytest.raises(ClientError, match="AccessDenied"):
        READERS[resource_type](asked(example, client))


def test_a_property_that_a_reader_does_not_know_is_told_apart_from_one_that_is_not_set() -> None:
    asked_for = request("AWS::SNS::Topic", "t", recorded(), Known="a", Unset="b", Unknown="c")
    reading = ReadingBuilder(asked_for).build({"Known": "a", "Unset": None}, {})
    assert reading.unread == {"/Unknown": UnprovenReason.NO_READER}
    assert reading.properties == {"Known": "a"}


def test_no_reader_asks_for_the_value_of_a_secret() -> None:
    """Its client would raise on any call that was not recorded."""
    for example in EXAMPLES:
        if example.resource_type.startswith("AWS::SecretsManager::"):
            client = RecordedClient(example.answers)
            READERS[example.resource_type](asked(example, lambda _, client=client: client))  # type: ignore[misc]
            assert {name for name, _ in client.calls} <= {"describe_secret", "get_resource_policy"}


def test_what_a_secret_is_attached_to_stands_in_its_value_and_stays_unread() -> None:
    example = next(example for example in EXAMPLES if example.resource_type.endswith("SecretTargetAttachment"))
    reading = READERS[example.resource_type](asked(example, recorded(**example.answers)))
    assert reading is not None
    assert set(reading.unread) == {"/TargetId", "/TargetType"}


def test_code_whose_archive_is_gone_is_not_proven() -> None:
    example = next(example for example in EXAMPLES if example.name == "whose archive is gone")
    reading = READERS[example.resource_type](asked(example, recorded(**example.answers)))
    assert reading is not None
    assert reading.unread == {"/Code": UnprovenReason.NO_READER}


BATCHED = {
    "AWS::EC2::VPC": ("describe_vpcs", "Vpcs"),
    "AWS::EC2::RouteTable": ("describe_route_tables", "RouteTables"),
    "AWS::EC2::SubnetRouteTableAssociation": ("describe_route_tables", "RouteTables"),
    "AWS::SSM::Parameter": ("describe_parameters", "Parameters"),
}


@pytest.mark.parametrize("resource_type", sorted(BATCHED))
def test_what_a_list_of_many_misses_is_asked_for_alone(resource_type: str) -> None:
    example = next(example for example in EXAMPLES if example.resource_type == resource_type)
    operation, key = BATCHED[resource_type]
    asked_so: list[list[str]] = []

    def ids(parameters: dict[str, Any]) -> list[str]:
        filters = parameters.get("Filters") or parameters["ParameterFilters"]
        return list(filters[-1]["Values"])

    def answered(**parameters: Any) -> Any:
        asked_so.append(ids(parameters))
        return example.answers[operation] if len(asked_so[-1]) == 1 else {key: []}

    client = recorded(**{**example.answers, operation: answered})
    among_others = replace(asked(example, client), siblings=("another", example.physical_id))
    reading = READERS[resource_type](among_others)
    assert reading is not None
    assert reading.properties == example.properties
    assert asked_so == [sorted(("another", example.physical_id)), [example.physical_id]]


def test_one_parameter_that_is_denied_does_not_cost_its_batch_mates_their_values() -> None:
    """Services deny a call as a whole if the policy denies one of its resources."""

    def described(**parameters: Any) -> Any:
        return {
            "Parameters": [{"Name": value, "Type": "String"} for value in parameters["ParameterFilters"][0]["Values"]]
        }

    def values(**parameters: Any) -> Any:
        if "/secret" in parameters["Names"]:
            raise failure("AccessDeniedException")
        return {"Parameters": [{"Name": name, "Value": "live"} for name in parameters["Names"]]}

    client = recorded(describe_parameters=described, get_parameters=values, list_tags_for_resource={"TagList": []})
    names, memo, found = ("/a", "/b", "/secret"), Memo(), {}
    for name in names:
        reading = READERS["AWS::SSM::Parameter"](
            replace(request("AWS::SSM::Parameter", name, client, Value="live"), siblings=names, memo=memo)
        )
        assert reading is not None
        found[name] = reading.properties.get("Value"), reading.unread.get("/Value")
    assert found == {"/a": ("live", None), "/b": ("live", None), "/secret": (None, UnprovenReason.DENIED)}


def test_a_target_group_that_is_gone_does_not_cost_the_others_their_tags() -> None:
    """The call for all of them fails then, and each of the others is asked for alone."""
    arns = {name: f"arn:aws:elasticloadbalancing:r:1:targetgroup/{name}/1" for name in "abc"}

    def groups(**parameters: Any) -> Any:
        asked_for = parameters["TargetGroupArns"]
        if arns["c"] in asked_for:
            raise failure("TargetGroupNotFound")
        return {"TargetGroups": [{"TargetGroupArn": arn, "TargetGroupName": arn} for arn in asked_for]}

    def tags(**parameters: Any) -> Any:
        asked_for = parameters["ResourceArns"]
        if arns["c"] in asked_for:
            raise failure("TargetGroupNotFound")
        tagged = [{"ResourceArn": arn, "Tags": [{"Key": "k", "Value": arn}]} for arn in asked_for]
        return {"TagDescriptions": tagged}

    client = recorded(
        describe_target_groups=groups,
        describe_tags=tags,
        describe_target_group_attributes={"Attributes": []},
        describe_target_health={"TargetHealthDescriptions": []},
    )
    kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
    for order in ("abc", "bac"):
        memo, found = Memo(), {}
        for name in order:
            asks = replace(request(kind, arns[name], client), siblings=tuple(arns.values()), memo=memo)
            reading = READERS[kind](asks)
            found[name] = reading and reading.properties["Tags"]
        assert found == {name: [{"Key": "k", "Value": arns[name]}] for name in "ab"} | {"c": None}


def tagged() -> list[tuple[str, str]]:
    """The types that take tags, and the property."""
    found = []
    for resource_type in sorted(READERS):
        schema = SCHEMAS.schema(resource_type)
        tagging = schema.document.get("tagging") if schema else None
        pointer = tagging.get("tagProperty") if isinstance(tagging, dict) else None
        name = str(pointer or "/properties/Tags").removeprefix("/properties/")
        if schema is not None and schema.at(f"/{name}") is not None:
            found.append((resource_type, name))
    return found


@pytest.mark.parametrize(("resource_type", "name"), tagged())
def test_tags_that_aws_puts_there_are_no_difference(resource_type: str, name: str) -> None:
    """On an account every resource of a stack that takes tags has three of CloudFormation's own; moto adds none."""
    schema = SCHEMAS.schema(resource_type)
    assert schema is not None
    shape = schema.at(f"/{name}")
    assert shape is not None

    def tags(**given: str) -> JsonValue:
        as_map = "object" in str(shape.get("type"))
        return dict(given) if as_map else [{"Key": key, "Value": value} for key, value in given.items()]

    own = {"aws:cloudformation:stack-name": "s", "aws:cloudformation:logical-id": "R"}
    assert compared({name: tags(a="b")}, {name: tags(**own, a="b")}, schema).differences == ()
    assert compared({name: tags(a="b")}, {name: tags(**own, a="c")}, schema).differences
    assert compared({name: tags(a="b")}, {name: tags(**own, a="b", x="y")}, schema).differences


SHARED: dict[str, tuple[str, dict[str, JsonValue]]] = {
    "AWS::IAM::Policy": ("Roles", {"PolicyName": "p"}),
    "AWS::SNS::TopicPolicy": ("Topics", {}),
    "AWS::SQS::QueuePolicy": ("Queues", {}),
}


@pytest.mark.parametrize("resource_type", sorted(SHARED))
@pytest.mark.parametrize("tampered", ["a", "b", "c"])
def test_a_policy_that_several_share_shows_whichever_was_changed(resource_type: str, tampered: str) -> None:
    declared, changed = [{"Statement": [{"Effect": "Allow", "Action": action}]} for action in ("s:Get", "*")]

    def text_of(**asked_for: str) -> str:
        return json.dumps(changed if tampered in asked_for.values() else declared)

    client = recorded(
        get_role_policy=lambda **each: {"PolicyDocument": text_of(**each)},
        get_topic_attributes=lambda **each: {"Attributes": {"Policy": text_of(**each)}},
        get_queue_attributes=lambda **each: {
            "Attributes": {"Policy": text_of(QueueUrl=each["QueueUrl"]), "QueueArn": "q"}
        },
    )
    owners, more = SHARED[resource_type]
    expected: dict[str, Any] = {owners: ["a", "b", "c"], "PolicyDocument": declared, **more}
    asks = request(resource_type, "x", client, **expected)
    reading = READERS[resource_type](asks)
    assert reading is not None
    assert (reading.properties["PolicyDocument"], reading.properties[owners]) == (changed, ["a", "b", "c"])


def test_whatever_adds_a_permission_can_be_read_of_it() -> None:
    """A member that the table of tests lacks would count as one that somebody has written by hand."""
    shape = Session().get_service_model("lambda").operation_model("AddPermission").input_shape
    assert shape is not None
    elsewhere = {"Action", "FunctionName", "Principal", "Qualifier", "RevisionId", "StatementId"}
    tested = {test.partition(":")[2] for test in _TESTS}
    assert {member.lower() for member in shape.members if member not in elsewhere} == tested
