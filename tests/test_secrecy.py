"""What may be the value of a secret is found in the template, and taken out of all that is said."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.loading.template import parse_bytes
from stackproof.model.finding import EngineAnswer, Level, Notification
from stackproof.model.json import JsonValue, canonical
from stackproof.model.observation import Change, PropertyDifference
from stackproof.model.secret_values import MASK, masked
from stackproof.secrecy import answer_without, secret_values, without_secrets
from tests.fakes import finding


def values(properties: JsonValue, **sections: Any) -> frozenset[str]:  # noqa: ANN401
    body = {"Resources": {"A": {"Type": "T", "Properties": properties}}, **sections}
    return secret_values(parse_bytes(canonical(body).encode(), path="t.json", file="t.json"))


@pytest.mark.parametrize(
    "properties",
    [
        {"MasterUserPassword": "hunter2hunter2"},
        {"Login": {"Password": ["hunter2hunter2"]}},
        {"Variables": [{"Name": "DB_PASSWORD", "Value": "hunter2hunter2"}]},
        {"Parameters": [{"ParameterKey": "ApiKey", "ParameterValue": "hunter2hunter2"}]},
        {"Token": {"Deep": {"er": "hunter2hunter2"}}},
    ],
)
def test_a_value_below_or_beside_the_name_of_a_secret_is_one(properties: JsonValue) -> None:
    assert values(properties) == {"hunter2hunter2"}


@pytest.mark.parametrize(
    "properties",
    [
        {"MasterUserPassword": {"Ref": "Password1"}},
        {"MasterUserPassword": {"Fn::Sub": "${Password1}"}},
        {"MasterUserPassword": "{{resolve:secretsmanager:x}}"},
        {"SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:x"},
        {"GenerateSecretString": {"SecretStringTemplate": '{"username": "someone"}'}},
        {"Variables": [{"Name": "STAGE", "Value": "production"}]},
        {"Password": "short", "Token": 1234567},
        {"Name": "password-policy"},
        {"MetadataOptions": {"HttpTokens": "required"}},
    ],
)
def test_what_only_names_a_secret_is_none(properties: JsonValue) -> None:
    assert values(properties) == frozenset()


def test_the_default_of_a_parameter_without_echo_is_one() -> None:
    given = {"P": {"Type": "String", "NoEcho": True, "Default": "defaulted1"}, "Q": {"Type": "String"}, "R": 3}
    assert values({}, Parameters=given) == {"defaulted1"}
    assert values({}, Parameters={"P": {"NoEcho": True, "Default": 12345678}}) == frozenset()


def test_nothing_that_is_said_keeps_a_secret() -> None:
    said = EngineAnswer(
        findings=(finding("E1", message="'abcdef-long' and 'abcdef' are bad"), finding("E2", message="fine")),
        notifications=(Notification(level=Level.NOTE, message="saw abcdef"),),
    )
    found = answer_without(said, {"abcdef", "abcdef-long"})
    assert "abcdef" not in canonical(found.to_dict())
    assert sorted(each.message for each in found.findings) == ["'***' and '***' are bad", "fine"]
    assert answer_without(said, frozenset()) is said


@pytest.mark.parametrize(
    ("properties", "path", "value", "masked"),
    [
        ({"MasterUserPassword": "x"}, "/MasterUserPassword", "hunter2", "***"),
        ({"Env": [{"Name": "DB_PASSWORD", "Value": "x"}]}, "/Env/0/Value", "hunter2", "***"),
        ({"Env": [{"Name": "STAGE", "Value": "x"}]}, "/Env/0/Value", "prod", "prod"),
        ({"Env": []}, "/Env/0/Value", "prod", "prod"),
        ({}, "/Env", [{"Name": "Token", "Value": "t"}], [{"Name": "Token", "Value": "***"}]),
        ({}, "/Env", {"a/b": {"ApiKey": "t", "n": 1}}, {"a/b": {"ApiKey": "***", "n": 1}}),
        ({}, "/My~1Token/Deep", "t", "***"),
        ({}, "/SecretArn", "arn:aws:secretsmanager:x", "arn:aws:secretsmanager:x"),
        ({}, "/AccessTokenValidity", 5, 5),
        ({}, "/Value", "Server=db;Password=hunter2", "Server=db;Password=***"),
        ({}, "/Value", '{"user": "app", "password": "hunter2"}', '{"user":"app","password":"***"}'),
        ({}, "/Headers/Authorization", "hunter2", "***"),
        ({}, "/Token", None, None),
    ],
)
def test_a_difference_has_a_mask_in_place_of_a_secret(
    properties: JsonValue, path: str, value: JsonValue, masked: JsonValue
) -> None:
    given = PropertyDifference(path=path, expected=None, actual=value, change=Change.ADD)
    assert without_secrets(given, properties, {}) == PropertyDifference(
        path=path, expected=None, actual=masked, change=Change.ADD
    )


def test_all_variables_at_once_show_those_alone_that_the_template_sets() -> None:
    for expected in (None, {}, {"LEVEL": "INFO"}):
        given = PropertyDifference(
            path="/Environment/Variables",
            expected=expected,
            actual={"STRIPE": "hush", "LEVEL": "DEBUG"},
            change=Change.ADD if expected is None else Change.NOT_EQUAL,
        )
        level = "DEBUG" if expected else "***"
        assert without_secrets(given).actual == {"STRIPE": "***", "LEVEL": level}
    odd = PropertyDifference(path="/Environment/Variables", expected={}, actual="x", change=Change.NOT_EQUAL)
    assert without_secrets(odd).actual == "x"


@pytest.mark.parametrize(
    ("path", "change", "expected", "actual", "shown"),
    [
        ("/X/EnvironmentVariables/1", Change.ADD, None, {"Name": "B", "Value": "v"}, {"Name": "B", "Value": MASK}),
        ("/EnvironmentVariables/1", Change.ADD, None, {"Name": "B", "Value": "v"}, {"Name": "B", "Value": MASK}),
        (
            "/Environment/EnvironmentVariables",
            Change.NOT_EQUAL,
            [{"Name": "A", "Value": "1"}],
            [{"Name": "A", "Value": "2"}, {"Name": "B", "Value": "v"}],
            [{"Name": "A", "Value": "2"}, {"Name": "B", "Value": MASK}],
        ),
    ],
)
def test_a_variable_of_a_list_that_no_template_sets_is_hidden(
    path: str, change: Change, expected: JsonValue, actual: JsonValue, shown: JsonValue
) -> None:
    seen = without_secrets(PropertyDifference(path=path, expected=expected, actual=actual, change=change), {}, {})
    assert seen.actual == shown


def test_what_a_rule_hands_to_a_task_is_masked_as_apis_write_it() -> None:
    given = '{"containerOverrides":[{"environment":[{"name":"DB_PASSWORD","value":"hunter2"}]}]}'
    assert "hunter2" not in str(masked({"Id": "1", "Input": given}))
