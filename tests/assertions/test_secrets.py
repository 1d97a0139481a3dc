"""No message of an assertion shows what may be a secret, whichever assertion it is and wherever the secret lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from stackproof.assertions import Capture, Match, Matcher, MatchOutcome, Mismatch, StackAssertionError, StackQuery
from stackproof.assertions.template import TemplateAssertions
from stackproof.template.assembly import Stack
from stackproof.template.secrets import is_secret_place
from tests.assertions.sample import KEY, SCHEMAS, template

SECRET = "hunter2hunter2"
SHORT = "4711x"
DOCUMENT = json.dumps({"username": "dba", "password": SECRET})
VARIABLES = {"DB_PASS": SECRET, "PGPASS": SHORT, "STAGE": "dev"}
DATABASE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {"Engine": "postgres", "MasterUserPassword": SECRET, "DBInstanceIdentifier": "orders"},
}
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": VARIABLES}}}
TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {"ContainerDefinitions": [{"Environment": [{"Name": "DB_PASSWORD", "Value": SECRET}]}]},
}
BROKER = {"Type": "AWS::AmazonMQ::Broker", "Properties": {"Users": [{"Username": "admin", "Password": SHORT}]}}
STORED = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": DOCUMENT, "Description": "the dba"}}
JOINED = {"Type": "AWS::RDS::DBCluster", "Properties": {"MasterUserPassword": {"Fn::Join": ["", [SECRET, SHORT]]}}}
LINKED = {
    "Type": "AWS::SSM::Parameter",
    "Properties": {"Value": f"postgres://dba:{SECRET}@db/orders", "Type": "String"},
}
PARAMETERS = {
    "Pin": {"Type": "String", "NoEcho": True, "Default": SHORT, "AllowedValues": [SECRET, SHORT]},
    "Token": {"Type": "String", "NoEcho": "true", "Default": SECRET},
    "DbPassword": {"Type": "String", "Default": SECRET},
}
TEMPLATE = template(
    {
        "Broker": BROKER,
        "Cluster": JOINED,
        "Database": DATABASE,
        "DatabaseSecret": STORED,
        "Function": FUNCTION,
        "Link": LINKED,
        "Task": TASK,
    },
    Parameters=PARAMETERS,
    Outputs={"DbPassword": {"Value": SECRET, "Description": "for people"}, "Url": {"Value": f"token={SECRET}"}},
    Mappings={"Stages": {"prod": {"DbPassword": SECRET}}, "Passwords": {"prod": {"Value": SHORT}}},
    Conditions={"IsProd": {"Fn::Equals": [{"Ref": "Pin"}, {"Password": SECRET}]}},
)
STACK = Stack(name="T", template=TEMPLATE)

Assertion = Callable[[TemplateAssertions], object]


def _of(resource_type: str, properties: Any, *, count: int = 7) -> list[Assertion]:
    """The eight assertions on resources that a pattern for their properties makes fail."""
    whole = {"Properties": properties}
    return [
        lambda found: found.has_resource(resource_type, whole),
        lambda found: found.has_resource_properties(resource_type, properties),
        lambda found: found.all_resources(resource_type, whole),
        lambda found: found.all_resources_properties(resource_type, properties),
        lambda found: found.resource_properties_count_is(resource_type, properties, count),
        lambda found: found.find_resources(resource_type, whole),
        lambda found: found.get_resource_id(resource_type, whole),
        lambda found: found.template_matches({"Resources": {_name_of(resource_type): whole}}),
    ]


def _name_of(resource_type: str) -> str:
    return next(resource.logical_id for resource in TEMPLATE.resources if resource.resource_type == resource_type)


def _in(section: str, name: str, pattern: Any) -> list[Assertion]:
    """Those on another section: that one is there, and that some are."""
    one = section.removesuffix("s").lower()
    return [
        lambda found: getattr(found, f"has_{one}")(name, pattern),
        lambda found: getattr(found, f"find_{one}s")(name, pattern),
        lambda found: found.template_matches({section: {name: pattern}}),
    ]


class Odd(Matcher):
    """A matcher of somebody who thinks of no secret."""

    def test(self, actual: object) -> MatchOutcome:
        return MatchOutcome(mismatches=(Mismatch(path="", message=f"this is odd: {actual}"),))


WRONG = {
    "text": "another",
    "itself, not": Match.not_(SECRET),
    "itself, not, by a pattern": Match.not_(Match.string_like_regexp("hunter2")),
    "pattern": Match.string_like_regexp(r"^\{\{resolve:"),
    "absent": Match.absent(),
    "number": 5,
    "object": {"Ref": "Pin"},
    "array": [SECRET],
    "some of an array": Match.array_with([SECRET]),
    "json": Match.serialized_json({"a": 1}),
    "exact": Match.exact("another"),
    "capture": Capture(Match.string_like_regexp("^nothing$")),
    "of somebody else": Odd(),
}
ASSERTIONS = [
    *(made for pattern in WRONG.values() for made in _of("AWS::RDS::DBInstance", {"MasterUserPassword": pattern})),
    *_of("AWS::RDS::DBInstance", {"MasterUserPassword": SECRET, "Engine": "mysql"}),
    *_of("AWS::RDS::DBInstance", {"TdeCredentialPassword": SECRET}),
    *_of("AWS::RDS::DBInstance", Match.object_equals({"Engine": "postgres"})),
    *_of("AWS::RDS::DBInstance", Match.not_(Match.object_like({"Engine": "postgres"}))),
    *_of("AWS::RDS::DBInstance", Odd()),
    *_of("AWS::RDS::DBCluster", {"MasterUserPassword": {"Fn::Join": ["", ["another"]]}}),
    *_of("AWS::RDS::DBCluster", {"MasterUserPassword": "another"}),
    *_of("AWS::Lambda::Function", {"Environment": {"Variables": {"DB_PASS": "another", "PGPASS": "another"}}}),
    *_of("AWS::Lambda::Function", {"Environment": Match.object_equals({"Variables": {"STAGE": "dev"}})}),
    *_of("AWS::Lambda::Function", {"Environment": "another"}),
    *_of("AWS::ECS::TaskDefinition", {"ContainerDefinitions": [{"Environment": [{"Value": "another"}]}]}),
    *_of("AWS::ECS::TaskDefinition", {"ContainerDefinitions": Match.array_with([{"Environment": []}])}),
    *_of("AWS::AmazonMQ::Broker", {"Users": [{"Password": "another"}]}),
    *_of("AWS::AmazonMQ::Broker", {"Users": Match.array_with([{"Username": "root"}])}),
    *_of("AWS::SecretsManager::Secret", {"SecretString": Match.serialized_json({"password": "another"})}),
    *_of("AWS::SecretsManager::Secret", {"SecretString": "another"}),
    *_of("AWS::SSM::Parameter", {"Value": "another"}),
    *_in("Parameters", "Pin", {"Default": "another"}),
    *_in("Parameters", "Pin", {"AllowedValues": ["another"]}),
    *_in("Parameters", "Token", {"Default": Match.absent()}),
    *_in("Parameters", "DbPassword", {"Default": "another"}),
    *_in("Parameters", "Pin", Match.object_equals({"Type": "String"})),
    *_in("Outputs", "DbPassword", {"Value": "another"}),
    *_in("Outputs", "Url", {"Value": "another"}),
    *_in("Mappings", "Stages", {"prod": {"DbPassword": "another"}}),
    *_in("Mappings", "Passwords", {"prod": {"Value": "another"}}),
    *_in("Conditions", "IsProd", {"Fn::Equals": [{"Ref": "Pin"}, {"Password": "another"}]}),
]


@pytest.mark.parametrize("number", range(len(ASSERTIONS)))
def test_no_message_of_an_assertion_shows_a_secret(number: int) -> None:
    """Neither its text nor the arguments of our frames, since pytest shows none of these frames."""
    with pytest.raises(AssertionError) as caught:
        ASSERTIONS[number](TemplateAssertions(TEMPLATE, SCHEMAS))
    assert SECRET not in str(caught.value)
    assert SHORT not in str(caught.value)
    ours = [frame for frame in caught.traceback if "src/stackproof/assertions" in str(frame.path)]
    assert ours
    assert all(frame.ishidden(caught) for frame in ours)


def test_what_is_no_secret_is_shown() -> None:
    """What a person needs to see at 3 a.m. stays: other values, references, names of resources."""
    assertions = TemplateAssertions(TEMPLATE, SCHEMAS)
    for failing, expected in (
        (_of("AWS::RDS::DBInstance", {"Engine": "mysql"})[1], 'expected "mysql", found "postgres"'),
        (_of("AWS::SecretsManager::Secret", {"Description": "x"})[7], 'expected "x", found "the dba"'),
        (_of("AWS::RDS::DBInstance", {"MasterUserPassword": {"Ref": "Pin"}})[1], 'expected an object, found "***"'),
        (_in("Parameters", "Pin", {"Type": "Number"})[0], 'expected "Number", found "String"'),
        (_in("Outputs", "DbPassword", {"Description": "x"})[0], 'expected "x", found "for people"'),
        (_of("AWS::RDS::DBInstance", {"MasterUserPassword": "another"})[1], "another value than the one found"),
        (_of("AWS::RDS::DBInstance", {"MasterUserPassword": Odd()})[1], "no value is shown"),
    ):
        with pytest.raises(StackAssertionError) as caught:
            failing(assertions)
        assert expected in str(caught.value)


def test_a_reference_to_a_secret_is_no_secret() -> None:
    resolve = "{{resolve:secretsmanager:orders:SecretString:password}}"
    found = TemplateAssertions(
        template({"D": {"Type": "AWS::RDS::DBInstance", "Properties": {"MasterUserPassword": resolve}}}), SCHEMAS
    )
    with pytest.raises(StackAssertionError, match=re.escape(f'found "{resolve}"')):
        found.has_resource_properties("AWS::RDS::DBInstance", {"MasterUserPassword": Match.absent()})
    with pytest.raises(StackAssertionError, match=r'expected \{"Ref": "Pin"\}, found nothing'):
        found.has_resource_properties("AWS::RDS::DBInstance", {"TdeCredentialPassword": {"Ref": "Pin"}})


def test_a_number_may_be_a_password_and_a_small_one_is_none() -> None:
    properties = {"MasterUserPassword": 12345678, "Timeouts": {"PasswordAge": 90}}
    found = TemplateAssertions(template({"C": {"Type": "Custom::C", "Properties": properties}}), SCHEMAS)
    with pytest.raises(StackAssertionError) as caught:
        found.has_resource_properties("Custom::C", {"MasterUserPassword": "x", "Timeouts": {"PasswordAge": 30}})
    assert "12345678" not in str(caught.value)
    assert "expected 30, found 90" in str(caught.value)


def test_a_number_that_no_echo_covers_is_masked_whatever_its_length() -> None:
    parameters = {"Pin": {"Type": "Number", "NoEcho": True, "Default": 123, "AllowedValues": [123, 77]}}
    found = TemplateAssertions(template({"K": KEY}, Parameters=parameters), SCHEMAS)
    for pattern in ({"Default": 5}, {"Default": Match.absent()}, {"AllowedValues": [1]}, Match.object_equals({})):
        with pytest.raises(StackAssertionError) as caught:
            found.has_parameter("Pin", pattern)
        assert "123" not in str(caught.value)
        assert "77" not in str(caught.value)


def test_a_long_secret_leaves_no_beginning_where_a_line_is_cut() -> None:
    resources = {"C": {"Type": "Custom::C", "Properties": {"Password": "secret-word-" * 40, "A": ["b"] * 60}}}
    found = TemplateAssertions(template(resources), SCHEMAS)
    with pytest.raises(StackAssertionError) as caught:
        found.has_resource("Custom::C", {"Properties": Match.not_(Match.object_like({}))})
    assert "secret-word" not in str(caught.value)


def test_a_captured_secret_is_not_shown_where_it_has_another_type() -> None:
    capture = Capture()
    TemplateAssertions(TEMPLATE, SCHEMAS).has_resource_properties(
        "AWS::RDS::DBInstance", {"MasterUserPassword": capture}
    )
    assert capture.as_string() == SECRET
    with pytest.raises(StackAssertionError) as caught:
        capture.as_number()
    assert SECRET not in str(caught.value)


def test_a_query_for_what_no_type_has_shows_no_secret() -> None:
    with pytest.raises(StackAssertionError) as caught:
        StackQuery(STACK, SCHEMAS).resources(where={"MasterPassword": SECRET, "NoSuchProperty": 1})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        (Match.exact("dev"), '"dev"'),
        (Match.object_like({"Engine": "x", "Password": SECRET}), '{"Engine": "x", "Password": "***"}'),
        (Match.object_equals({"Environment": [{"Name": "DB_PASS", "Value": SECRET}]}),
         '{"Environment": [{"Name": "DB_PASS", "Value": "***"}]}'),
        (Match.array_with(["a", {"Password": {"Ref": "Pin"}}]), '["a", {"Password": {"Ref": "Pin"}}]'),
        (Match.serialized_json({"password": SECRET}), 'JSON like {"password": "***"}'),
        (Match.not_(f"postgres://dba:{SECRET}@db"), 'anything but "postgres://***@db"'),
        (Match.string_like_regexp("^a"), "a string like /^a/"),
        (Match.any_value(), "any value"),
    ],
)  # fmt: skip
def test_a_matcher_shows_itself_without_secrets(matcher: Matcher, text: str) -> None:
    """Pytest quotes the patterns of a test as well."""
    assert repr(matcher) == text


@pytest.mark.parametrize(
    ("path", "is_secret"),
    [
        ("/Resources/DatabaseSecret/Type", False),
        ("/Resources/Function/Properties/Environment/Variables/DB_PASS", True),
        ("/Resources/Function/Properties/Environment/Variables/STAGE", False),
        ("/Resources/Task/Properties/ContainerDefinitions/0/Environment/0/Value", True),
        ("/Resources/Task/Properties/ContainerDefinitions/7/Environment/0/Value", False),
        ("/Resources/DatabaseSecret/Properties/SecretString/(serialized JSON)/username", True),
        ("/Resources/Link/Properties/Value", False),
        ("/Parameters/Pin/Default", True),
        ("/Parameters/Pin/Type", False),
        ("/Outputs/DbPassword", True),
        ("/Mappings/Passwords/prod/Value", True),
        ("/Metadata/Password", True),
        ("/Description", False),
        ("", False),
    ],
)
def test_a_place_is_secret_by_the_names_on_the_way_to_it(path: str, *, is_secret: bool) -> None:
    assert is_secret_place(TEMPLATE, path) is is_secret
