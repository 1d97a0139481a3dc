"""What may be the value of a secret is found in the template, and taken out of every text."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonObject, JsonValue, canonical
from stackproof.core.notification import Level, Notification
from stackproof.core.redaction import text_without
from stackproof.core.secret_values import MASK, masked
from stackproof.policy.finding import EngineAnswer
from stackproof.policy.redaction import answer_without, masked_finding
from stackproof.proof.observation import Change, PropertyDifference
from stackproof.proof.redaction import mask_difference
from stackproof.template.loading.template import parse_bytes
from stackproof.template.secrets import (
    embedded_secrets,
    is_no_echo,
    is_secret_place,
    parameter_secrets,
    quotable_secrets,
    secret_texts,
    secret_values,
)
from tests.fakes import finding


def values(properties: JsonValue, **sections: Any) -> frozenset[str]:
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
        {"Body": '{"users": [{"password": "hunter2hunter2"}]}'},
        {"Options": [{"OptionName": "DBPassword", "Value": "hunter2hunter2"}]},
        {"Password": {"Fn::Join": ["", ["hunter2hunter2", {"Ref": "A"}]]}},
        {"Password": {"Fn::Sub": "${A}hunter2hunter2${B}"}, "Other": "${A}hunter2hunter2${B}"},
        {"Password": {"Fn::Sub": ["${A}", {"A": "hunter2hunter2"}]}},
        {"Password": {"Fn::If": ["IsProduction", "hunter2hunter2", {"Ref": "AWS::NoValue"}]}},
        {"Environment": {"Fn::If": ["IsProduction", {"DB_PASS": "hunter2hunter2"}, {"Ref": "AWS::NoValue"}]}},
        {"Password": {"Fn::Select": [0, ["hunter2hunter2"]]}, "Token": {"Fn::Base64": "hunter2hunter2"}},
    ],
)
def test_a_value_below_or_beside_the_name_of_a_secret_is_one(properties: JsonValue) -> None:
    found = values(properties)
    assert {text for text in found if "$" not in text} == {"hunter2hunter2"}


@pytest.mark.parametrize(
    "properties",
    [
        {"MasterUserPassword": {"Ref": "Password1"}},
        {"MasterUserPassword": {"Fn::Sub": "${Password1}"}},
        {"MasterUserPassword": "{{resolve:secretsmanager:x}}"},
        {"SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:x"},
        {"GenerateSecretString": {"SecretStringTemplate": '{"username": "someone"}'}},
        {"Variables": [{"Name": "STAGE", "Value": "production"}]},
        {"Password": "short", "Token": 12345, "Secret": True},
        {"Password": {"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "A"}, ":SecretString:password::}}"]]}},
        {"SecretId": {"Fn::Join": [":", ["arn", {"Ref": "AWS::Partition"}, "secretsmanager"]]}},
        {"Password": {"Fn::GetAtt": ["Database", "Password"]}, "Token": {"Fn::ImportValue": "exported-token"}},
        {"Password": {"Fn::FindInMap": ["Passwords", "production", "password"]}},
        {"Secrets": [{"Name": "DB_PASSWORD", "ValueFrom": "/database/password"}]},
        {"Bypass": "production", "PassRole": "production", "Compass": "production"},
        {"Name": "password-policy"},
        {"MetadataOptions": {"HttpTokens": "required"}},
    ],
)
def test_what_only_names_a_secret_is_none(properties: JsonValue) -> None:
    assert values(properties) == frozenset()


def test_the_values_of_a_parameter_without_echo_are_secrets_whatever_their_length() -> None:
    given = {"P": {"Type": "String", "NoEcho": True, "Default": "defaulted1"}, "Q": {"Type": "String"}, "R": 3}
    assert values({}, Parameters=given) == {"defaulted1"}
    assert values({}, Parameters={"P": {"NoEcho": True, "Default": 12345678}}) == {"12345678"}
    listed: JsonValue = {
        "NoEcho": "true",
        "AllowedValues": ["a", 12, "{{resolve:ssm:x}}", "true", None],
        "Description": "said",
    }
    assert values({}, Parameters={"P": listed}) == {"a", "12"}
    several: JsonValue = {"NoEcho": True, "Type": "CommaDelimitedList", "Default": "one, two"}
    assert values({}, Parameters={"P": several}) == {"one, two", "one", "two"}
    assert values({}, Parameters={"P": {"NoEcho": False, "Default": "defaulted1"}}) == frozenset()
    assert [is_no_echo(element) for element in (listed, several, {"NoEcho": False}, {}, 3, None)] == [
        True,
        True,
        *4 * [False],
    ]


def test_a_number_with_a_secrets_name_is_one_as_it_is_written() -> None:
    assert values({"Password": 12345678, "Token": 7}) == {"12345678"}
    template = parse_bytes(b"Resources: {A: {Type: T, Properties: {Pin: 1, Password: 0012345678}}}", path="t", file="t")
    assert secret_values(template) == {"0012345678"}


def test_of_what_has_a_secrets_name_in_a_section_only_the_value_is_one() -> None:
    body: JsonValue = {
        "Parameters": {"DbPassword": {"Type": "String", "Description": "The password of it", "Default": "hunter2-1"}},
        "Resources": {
            "DbSecret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": "Keeps a password"}},
            "Token": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "hunter2-2"}},
            "Fn::ForEach::Passwords": ["A", ["B"], {"${A}": {"Properties": {"Password": "hunter2-3"}}}],
        },
        "Outputs": {"Password": {"Description": "The password", "Value": "hunter2-4", "Export": {"Name": "exported"}}},
        "Metadata": {"AWS::CloudFormation::Interface": {"ParameterLabels": {"DbPassword": {"default": "the label"}}}},
        "Mappings": {"Passwords": {"production": {"Value": "hunter2-5"}}},
    }
    assert secret_texts(body) == {f"hunter2-{number}" for number in range(1, 6)}
    assert secret_texts([{"Password": "hunter2-1"}, 3]) == {"hunter2-1"}
    assert secret_texts({"name": "TOKEN", "value": "hunter2-1", "Parameters": {}}) == {"hunter2-1"}


def test_what_is_given_for_a_parameter_without_echo_or_with_a_secrets_name_is_a_secret() -> None:
    body: JsonObject = {"Parameters": {"A": {"NoEcho": True, "Type": "List<String>"}, "B": {"Type": "String"}}}
    assert parameter_secrets(body, {"A": "x,y", "B": "z", "DbPassword": "w"}) == {"x,y", "x", "y", "w"}


@pytest.mark.parametrize(
    ("secret", "said", "shown"),
    [
        ("hunter2", "it is xhunter2x", "it is x***x"),
        ("4711x", "'4711x' is not 4711xy, but 4711X", "'***' is not 4711xy, but ***"),
        (
            "ab",
            "ab: 'ab' is not cab, [ab, c], ['x', \"ab\"], (ab)",
            "ab: '***' is not cab, [***, c], ['x', \"***\"], (ab)",
        ),
        ("1", "1 of '1', [1], 11", "1 of '***', [***], 11"),
        ("5", "Parameter 'A' Default 5 exceeds MaxValue 5", "Parameter 'A' Default *** exceeds MaxValue 5"),
        ("a.c*(", "abc and 'a.c*('", "abc and '***'"),
        ('it\'s\n"é"x', "was 'it\\'s\\n\"é\"x'", "was '***'"),
        ('it\'s\n"é"x', 'was "it\'s\\n\\"\\u00e9\\"x"', 'was "***"'),
        ('it\'s\n"é"x', 'was "it\'s\\n\\"é\\"x"', 'was "***"'),
        ('a"long"one', 'in "{\\"p\\": \\"a\\\\\\"long\\\\\\"one\\"}"', 'in "{\\"p\\": \\"***\\"}"'),
        ("first-line\nsecond-line", "first-line second-line; second-line", "***; ***"),
        ("back\\slash1", "'back\\\\slash1' back\\slash1", "'***' ***"),
        # A plain word or number: its own letter case, and boundaries below 12 characters.
        (
            "postgres",
            "postgres, Postgres, postgresql, my_postgres and \\npostgres",
            "***, Postgres, postgresql, my_postgres and \\n***",
        ),
        ("resource", "Resources/resource/Resource", "Resources/***/Resource"),
        ("123456", "123456 and 1234567", "*** and 1234567"),
        ("correcthorse", "xcorrecthorsex, CorrectHorse", "x***x, CorrectHorse"),
        ("root", "root of Root", "*** of Root"),
        # Letters with digits or symbols: any letter case, and boundaries below 6 characters.
        ("abc-def", "xABC-DEFx", "x***x"),
        ("a1-b2", "A1-B2 of a1-b2x", "*** of a1-b2x"),
        ("zq7", "was ZQ7, not zq7x", "was ***, not zq7x"),
        # Up to 3 characters: in quotes, in a list, and alone on a line.
        ("q", "q is 'q' or Q, 'Q', {\\\"a\\\": \\\"q\\\"}", "q is '***' or Q, 'Q', {\\\"a\\\": \\\"***\\\"}"),
        (
            "q",
            "assert x\nE         - q\nE         + w\n+ q\n- q x\nq",
            "assert x\nE         - ***\nE         + w\n+ ***\n- q x\n***",
        ),
        ("zq7", "+ zq7\n- zq7", "+ ***\n- ***"),
        # As pytest and Python print letters that are not ASCII.
        ("Tröpfchen", "'Tr\\xf6pfchen' b'Tr\\xc3\\xb6pfchen' 'Tröpfchen'", "'***' b'***' '***'"),
        ("\ud83dhunter2", "a\\ud83dhunter2", "a***"),
        (" ", "' ' stays", "' ' stays"),
    ],
)
def test_a_secret_is_masked_as_programs_quote_it(secret: str, said: str, shown: str) -> None:
    assert text_without({secret})(said) == shown


@given(st.text(min_size=6, max_size=20).filter(lambda text: text.strip() == text and len(text.split()) > 0))
def test_no_quotation_of_a_secret_shows_it(secret: str) -> None:
    without = text_without({secret})
    for quoted in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert without(f"<{quoted}>") == "<***>"


def test_names_that_are_kept_stay_and_a_secret_that_reaches_beyond_one_does_not() -> None:
    without = text_without({"Client", "Client-hunter2", "ent/hunter2", "Q", "t"})
    assert without("'Client' of 'Q'") == "'***' of '***'"
    assert without("Client of 'Q', Clients", keep={"Client", "Q", ""}) == "Client of 'Q', Clients"
    assert without("Client-hunter2, Client/hunter2", keep={"Client"}) == "***, Cli***"
    assert without("- t\n- Q", keep={"t", "Client"}) == "- t\n- ***"


WORDS: JsonObject = {
    "Parameters": {
        "Database": {"Type": "String", "NoEcho": True, "Default": "postgres"},
        "Letter": {"Type": "String", "NoEcho": True, "Default": "q"},
        "Name": {"Type": "String", "NoEcho": True, "Default": "Client"},
    },
    "Resources": {
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"AccessTokenValidity": 5, "TokenValidityUnits": {"AccessToken": "minutes"}},
        },
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"ApiKeySourceType": "HEADER"}},
    },
}


def test_a_message_keeps_its_words_and_the_names_of_its_own_place() -> None:
    assert secret_texts(WORDS) == {"postgres", "q", "Client"}
    said = (
        "'Client' at Resources/Client/Properties/UserPoolId of Q in AWS::Cognito::UserPoolClient (Client.yaml) has the "
        "HEADER for minutes; 'postgres' of postgresql, password: Client"
    )
    answer = EngineAnswer(
        findings=(
            finding(
                "E1",
                message=said,
                logical_id="Client",
                resource_type="AWS::Cognito::UserPoolClient",
                property_path="/UserPoolId/0",
                template_file="a/Client.yaml",
            ),
        )
    )
    found = answer_without(answer, secret_texts(WORDS))
    assert found.findings[0].message == said.replace("'postgres'", "'***'")


def test_at_a_secret_a_message_keeps_the_path_to_it_and_loses_all_other_quotations() -> None:
    said = "'Resources/Db/Properties/Logins/0/Password' is 'hunter', '0', 'Password', 'Db', 'Db/hunter'"
    quoted = finding("E1", message=said, logical_id="Db", property_path="/Logins/0/Password")
    assert masked_finding(quoted).message == (
        "'Resources/Db/Properties/Logins/0/Password' is '***', '***', 'Password', 'Db', '***'"
    )
    measured = finding("E1", message="'fortnights' is not 'days'", property_path="/TokenValidityUnits/AccessToken")
    assert masked_finding(measured).message == "'fortnights' is not 'days'"


def test_below_a_measure_words_and_numbers_are_not_secrets_and_others_are() -> None:
    assert values({"TokenValidityUnits": {"AccessToken": "minutes", "IdToken": 4711471147, "Key": "x"}}) == frozenset()
    assert values({"TokenType": {"Password": {"Fn::Join": ["", ["hunter2-1", "bearer"]]}}}) == {"hunter2-1"}
    template = parse_bytes(canonical(WORDS).encode(), path="t.json", file="t.json")
    path = "/Resources/Client/Properties/TokenValidityUnits/AccessToken"
    assert not is_secret_place(template, path)
    assert is_secret_place(template, "/Resources/Client/Properties/AccessToken")
    given = PropertyDifference(
        path="/TokenValidityUnits/AccessToken", expected="minutes", actual="hunter2", change=Change.NOT_EQUAL
    )
    assert (mask_difference(given).expected, mask_difference(given).actual) == ("minutes", MASK)


def test_short_values_count_where_they_mix_letters_with_digits_or_symbols() -> None:
    body: JsonObject = {"A_PASSWORD": "abc1", "B_PASSWORD": "a-b!", "C_PASSWORD": "abcde", "D_PASSWORD": "ab1"}
    assert secret_texts({**body, "E_PASSWORD": "12345", "F_PASSWORD": "1.25"}) == {"abc1", "a-b!"}
    assert set(embedded_secrets({"Url": ["https://x?token=abc1", "https://x?token=abcde"]})) == {"abc1"}


def test_the_value_of_an_option_in_a_list_of_words_is_a_secret() -> None:
    command: list[JsonValue] = [
        "run",
        "--db-password",
        "hunter2-1",
        "--name",
        "production",
        "--no-secret",
        {"Ref": "A"},
    ]
    assert values({"Command": command}) == {"hunter2-1"}
    assert masked({"Command": command}) == {"Command": [*command[:2], MASK, *command[3:]]}


def test_the_longest_secret_goes_first_and_many_take_no_time_to_speak_of() -> None:
    many = {f"secret-number-{number}" for number in range(2000)}
    assert text_without(many)("it is secret-number-1999, no secret-number") == "it is ***, no secret-number"
    assert text_without(())("as it is") == "as it is"


@pytest.mark.parametrize("part", ["pass:", "password=", '"a":', "://", " ", "'", '"', "\\", "\n", "- q\n", "hunter2"])
def test_a_text_that_is_long_takes_no_time_to_speak_of(part: str) -> None:
    text = part * (200_000 // len(part))
    started = time.perf_counter()
    text_without({"hunter2", "postgres", "q", "pass", "two\nlines-of-it"})(text, keep={"Q", "Client"})
    masked_finding(finding("E1", message=f'"{text}', property_path="/Password"))
    assert time.perf_counter() - started < 10


def test_what_a_message_itself_betrays_is_taken_out_before_anyone_keeps_it() -> None:
    said = EngineAnswer(
        findings=(finding("E1", message="'Server=db;Password=hunter2' is too long"),),
        notifications=(
            Notification(level=Level.NOTE, message='cannot parse \'{"password": "hunter2"}\' token: words'),
        ),
    )
    found = answer_without(said, frozenset())
    assert "hunter2" not in canonical(found.to_dict())
    assert found.notifications[0].message.endswith("token: words")
    quoted = finding("E1", message="'hunter2' of 'Password' is wrong", property_path="/Password")
    assert masked_finding(quoted).message == "'***' of 'Password' is wrong"


def test_nothing_that_is_said_keeps_a_secret() -> None:
    said = EngineAnswer(
        findings=(finding("E1", message="'abcdef-long' and 'abcdef' are bad"), finding("E2", message="fine")),
        notifications=(Notification(level=Level.NOTE, message="saw abcdef"),),
    )
    found = answer_without(said, {"abcdef", "abcdef-long"})
    assert "abcdef" not in canonical(found.to_dict())
    assert sorted(finding.message for finding in found.findings) == ["'***' and '***' are bad", "fine"]
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
    assert mask_difference(given, properties, {}) == PropertyDifference(
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
        assert mask_difference(given).actual == {"STRIPE": "***", "LEVEL": level}
    odd = PropertyDifference(path="/Environment/Variables", expected={}, actual="x", change=Change.NOT_EQUAL)
    assert mask_difference(odd).actual == "x"


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
    seen = mask_difference(PropertyDifference(path=path, expected=expected, actual=actual, change=change), {}, {})
    assert seen.actual == shown


def test_what_a_rule_hands_to_a_task_is_masked_as_apis_write_it() -> None:
    given = '{"containerOverrides":[{"environment":[{"name":"DB_PASSWORD","value":"hunter2"}]}]}'
    assert "hunter2" not in str(masked({"Id": "1", "Input": given}))


def test_a_test_may_quote_parts_that_it_takes_out_of_a_secret() -> None:
    """The members of a JSON text, and the password in a URL."""
    body: JsonObject = {
        "Resources": {
            "Login": {
                "Type": "T",
                "Properties": {
                    "SecretString": '{"username": "dba", "pw": "Geheim22zz", "more": [["Geheim23zz"]]}',
                    "Url": "postgres://dba:Geheim03zz@db/orders",
                },
            }
        }
    }
    assert {"Geheim22zz", "Geheim23zz", "dba:Geheim03zz", "Geheim03zz"} <= quotable_secrets(body)
    assert "dba" not in quotable_secrets(body)
