"""Queries tell authored from generated resources, and no loop over them passes without a look."""

from __future__ import annotations

import pytest

from stackproof.assertions import Match, StackAssertionError, StackQuery, UnknownNameError, VacuousAssertionError
from stackproof.template.assembly import Stack
from tests.assertions.sample import EMPTY, SCHEMAS, STACK, template

LAMBDA = "AWS::Lambda::Function"


@pytest.fixture
def stack() -> StackQuery:
    return StackQuery(STACK, SCHEMAS)


def test_the_stack_is_known_by_its_name_and_template(stack: StackQuery) -> None:
    assert (stack.name, stack.template, stack.looked_at) == ("T", STACK.template, 0)


def test_authored_and_generated_resources_are_told_apart(stack: StackQuery) -> None:
    assert stack.resources(LAMBDA).logical_ids == ("Function", "Handler")
    assert stack.resources(LAMBDA, authored=True).logical_ids == ("Function",)
    assert stack.resources(LAMBDA, authored=False).logical_ids == ("Handler",)
    assert len(stack.resources()) == 4
    assert len(stack.resources(authored=True)) == 3
    assert stack.looked_at > 0


def test_resources_are_found_by_their_properties(stack: StackQuery) -> None:
    assert stack.resources(LAMBDA, where={"Runtime": "python3.13"}).logical_ids == ("Function", "Handler")
    assert len(stack.resources(LAMBDA, where={"Runtime": "ruby"})) == 0
    assert stack.resources(where={"Engine": Match.string_like_regexp("^post")}).logical_ids == ("Database",)


def test_a_list_is_a_sequence(stack: StackQuery) -> None:
    found = stack.resources(LAMBDA)
    assert found[0].logical_id == "Function"
    assert [resource.logical_id for resource in found[1:]] == ["Handler"]
    assert found[0] in found
    assert repr(found) == "<2 AWS::Lambda::Function: Function, Handler>"
    assert found.or_none() == tuple(found)


def test_an_empty_list_can_be_counted_but_not_looped_over(stack: StackQuery) -> None:
    found = stack.resources("AWS::EC2::Instance", authored=True)
    assert len(found) == 0
    assert not found
    assert found.or_none() == ()
    message = "the stack has no authored AWS::EC2::Instance"
    with pytest.raises(VacuousAssertionError, match=message):
        all(resource.generated for resource in found)
    with pytest.raises(VacuousAssertionError, match=message):
        _ = found[0]
    with pytest.raises(VacuousAssertionError, match=message):
        _ = found.logical_ids


def test_names_are_checked(stack: StackQuery) -> None:
    with pytest.raises(UnknownNameError, match="did you mean AWS::Lambda::Function"):
        stack.resources("AWS::Lamda::Function")
    with pytest.raises(UnknownNameError, match="did you mean /Runtime"):
        stack.resources(LAMBDA, where={"Runtim": "x"})
    with pytest.raises(UnknownNameError, match="none of the stack's 3 resource types has all properties"):
        stack.resources(where={"Runtim": "x"})
    with pytest.raises(VacuousAssertionError, match="asserts nothing"):
        stack.resources(LAMBDA, where={})


def test_the_only_resource(stack: StackQuery) -> None:
    assert stack.resource(LAMBDA).logical_id == "Function"
    assert stack.resource(LAMBDA, authored=False).logical_id == "Handler"
    with pytest.raises(
        StackAssertionError, match=r"exactly one AWS::Lambda::Function, found 2: Function \(app.py:2\), H"
    ):
        stack.resource(LAMBDA, authored=None)
    with pytest.raises(StackAssertionError, match=r"that matches, found 0$"):
        stack.resource(LAMBDA, where={"Runtime": "ruby"})


def test_outputs(stack: StackQuery) -> None:
    assert list(stack.outputs()) == ["KeyArn", "Region"]
    assert stack.output("Region") == {"Value": {"Ref": "AWS::Region"}}
    with pytest.raises(UnknownNameError, match="no output KeyAm; did you mean KeyArn"):
        stack.output("KeyAm")
    with pytest.raises(VacuousAssertionError, match="the stack has no outputs"):
        StackQuery(Stack(name="E", template=EMPTY), SCHEMAS).outputs()


def test_values_are_given_as_written(stack: StackQuery) -> None:
    database = stack.resource("AWS::RDS::DBInstance")
    assert stack.value(database, "/Tags/0/Value") == "data"
    assert stack.value(database, "") == database.properties
    with pytest.raises(UnknownNameError, match="did you mean /StorageEncrypted"):
        stack.value(database, "/StorageEncryptd")
    for path in ("/MultiAZ", "/Tags/1", "/Engine/0"):
        with pytest.raises(StackAssertionError, match=rf"Database (does not set|has no).*{path}|no property"):
            stack.value(database, path)


def test_a_key_with_a_slash_is_written_as_json_pointers_are() -> None:
    resources = {"F": {"Type": LAMBDA, "Properties": {"Environment": {"Variables": {"a/b": "x"}}}}}
    stack = StackQuery(Stack(name="T", template=template(resources)), SCHEMAS)
    assert stack.value(stack.resource(LAMBDA), "/Environment/Variables/a~1b") == "x"


def test_references_are_logical_ids(stack: StackQuery) -> None:
    function = stack.resource(LAMBDA)
    assert stack.references(stack.resource("AWS::RDS::DBInstance"), "/KmsKeyId") == ("Key",)
    assert stack.references(function, "/Code/S3Bucket") == ("Key",)
    assert stack.references(function) == ("Key", "Role")
    assert stack.references(function, "/Runtime") == ()
