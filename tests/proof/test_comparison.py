"""The comparison: what counts as one property, what is equal, and how it differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.proof.comparison import compared, leaf_paths, matches
from stackproof.proof.equivalences import EQUAL, LISTS, SETS, TELLING
from stackproof.proof.observation import Change
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.intrinsics import Unresolved
from stackproof.template.schema import ResourceSchema

SCHEMA = ResourceSchema(
    resource_type="Test::Some::Thing",
    document={
        "properties": {
            "Count": {"type": "integer"},
            "Flag": {"type": "boolean"},
            "Name": {"type": "string"},
            "Either": {"anyOf": [{"type": "integer"}, {"$ref": "#/definitions/Text"}, 5]},
            "Many": {"type": ["string", "number"]},
            "Set": {"type": "array", "insertionOrder": False, "items": {"$ref": "#/definitions/Rule"}},
            "Unique": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
            "Ordered": {"type": "array", "uniqueItems": True, "insertionOrder": True, "items": {"type": "string"}},
            "List": {"type": "array", "items": {"$ref": "#/definitions/Rule"}},
            "Document": {"type": ["object", "string"]},
            "Map": {"type": "object", "patternProperties": {".*": {"type": "string"}}},
            "Nested": {"$ref": "#/definitions/Rule"},
            "Tags": {"type": "array", "items": {"type": "object"}},
            "Lower": {"type": "string"},
            "Upper": {"type": "string"},
            "Version": {"type": "string"},
            "Arn": {"type": "string"},
            "Function": {"type": "string"},
            "Broken": {"type": "string"},
            "Worse": {"type": "string"},
            "Worst": {"type": "string"},
        },
        "definitions": {
            "Rule": {"type": "object", "properties": {"Port": {"type": "integer"}, "Peer": {"type": "string"}}},
            "Text": {"type": "string"},
        },
        "propertyTransform": {
            "/properties/Lower": "$lowercase(Lower)",
            "/properties/Upper": "$lowercase(Upper) $OR $uppercase(Upper)",
            "/properties/Version": '$join([$string(Version), ".*"])',
            "/properties/Arn": r'$join(["arn:.+?:key\/", Arn])',
            "/properties/Function": '$split(Function, ":")[-1] $OR Function',
            "/properties/Broken": '$join(["(", Broken])',
            "/properties/Worse": "Worse~>function($x){$x}",
            "/properties/Worst": "($x := Worst; $x)",
        },
    },
)


def differs(expected: Any, actual: Any, schema: ResourceSchema | None = SCHEMA) -> list[tuple[str, str]]:
    return [(difference.path, difference.change.value) for difference in compared(expected, actual, schema).differences]


def test_a_property_is_a_leaf_path_and_a_set_counts_once() -> None:
    properties: dict[str, Any] = {
        "Count": 1,
        "Set": [{"Port": 1, "Peer": "a"}, {"Port": 2}],
        "Unique": ["a"],
        "Ordered": ["a", "b"],
        "List": [{"Port": 1, "Peer": "a"}, {"Port": 2}],
        "Document": {"Version": "1", "Statement": [{"a": 1}]},
        "Map": {"A": "1", "B": "2"},
        "Nested": {"Port": 1},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert leaf_paths(properties, SCHEMA) == (
        "/Count",
        "/Document",
        "/List/0/Peer",
        "/List/0/Port",
        "/List/1/Port",
        "/Map/A",
        "/Map/B",
        "/Nested/Port",
        "/Ordered/0",
        "/Ordered/1",
        "/Set",
        "/Tags",
        "/Unique",
    )
    assert leaf_paths({}, SCHEMA) == ()
    assert leaf_paths({"Map": {}, "List": [], "Name": Unresolved(reason="x")}, SCHEMA) == ("/List", "/Map", "/Name")


def test_without_a_schema_documents_are_known_by_name() -> None:
    properties: dict[str, Any] = {
        "PolicyDocument": {"Statement": []},
        "Other": {"a": [1, 2]},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert leaf_paths(properties, None) == ("/Other/a/0", "/Other/a/1", "/PolicyDocument", "/Tags")


def test_known_sets_and_lists_of_real_types() -> None:
    schemas = CfnLintSchemas()
    function: dict[str, Any] = {
        "VpcConfig": {"SubnetIds": ["a", "b"]},
        "Layers": ["x", "y"],
        "Architectures": ["arm64"],
    }
    assert leaf_paths(function, schemas.schema("AWS::Lambda::Function")) == (
        "/Architectures",
        "/Layers/0",
        "/Layers/1",
        "/VpcConfig/SubnetIds",
    )


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"Count": "100"}, {"Count": 100}),
        ({"Count": 100.0}, {"Count": 100}),
        ({"Count": "1e2"}, {"Count": 100}),
        ({"Flag": "true"}, {"Flag": True}),
        ({"Flag": "True"}, {"Flag": True}),
        ({"Name": 5432}, {"Name": "5432"}),
        ({"Name": True}, {"Name": "true"}),
        ({"Either": "7.0"}, {"Either": 7}),
        ({"Many": "7.0"}, {"Many": 7}),
        ({"Name": '{"a": 1, "b": 2}'}, {"Name": '{"b":2,"a":1}'}),
        ({"Name": "[1, 2]"}, {"Name": [1, 2]}),
        ({"Document": '{"a": 1}'}, {"Document": {"a": 1.0}}),
        ({"Document": "text"}, {"Document": "text"}),
        ({"Set": [{"Port": 1}, {"Port": 2}]}, {"Set": [{"Port": 2, "Peer": "default"}, {"Port": "1"}]}),
        ({"Set": []}, {}),
        ({"Unique": ["a", "b"]}, {"Unique": ["b", "a"]}),
        (
            {"Tags": [{"Key": "a", "Value": "b"}]},
            {"Tags": [{"Key": "aws:x", "Value": "y"}, {"Key": "a", "Value": "b"}]},
        ),
        ({"Map": {"A": "1"}}, {"Map": {"A": "1"}}),
        ({"Map": {}}, {}),
        ({"List": []}, {}),
        ({"Name": None}, {}),
        ({"Name": ""}, {}),
        ({"Nested": {}}, {"Nested": {"Port": 1}}),
        ({"StartDate": "2027-01-01"}, {"StartDate": "2027-01-01T00:00:00Z"}),
        ({"EndTime": "2027-06-01T02:00:00+02:00"}, {"EndTime": "2027-06-01T00:00:00.000Z"}),
        ({"Nested": {"Port": 1}}, {"Nested": '{"Port": 1}'}),
        ({"Nested": {"Port": 1}}, {"Nested": {"Port": 1, "Peer": "not set by the template"}}),
        ({"Lower": "ABC"}, {"Lower": "abc"}),
        ({"Upper": "aBc"}, {"Upper": "ABC"}),
        ({"Version": "15"}, {"Version": "15.8"}),
        ({"Arn": "1-2"}, {"Arn": "arn:aws:kms:key/1-2"}),
        ({"Function": "arn:a:b"}, {"Function": "b"}),
        ({"Function": "b"}, {"Function": "b"}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_equal_in_the_schemas_sense(expected: Any, actual: Any) -> None:
    found = compared(expected, actual, SCHEMA)
    assert found.differences == ()
    assert found.proven == leaf_paths(expected, SCHEMA)


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ({"Count": 1}, {"Count": 2}, [("/Count", "NOT_EQUAL")]),
        ({"Count": True}, {"Count": 1}, [("/Count", "NOT_EQUAL")]),
        ({"Count": "many"}, {"Count": 1}, [("/Count", "NOT_EQUAL")]),
        ({"Count": 1}, {}, [("/Count", "REMOVE")]),
        ({"Name": "True"}, {"Name": "true"}, [("/Name", "NOT_EQUAL")]),
        ({"Name": "1.0"}, {"Name": "1"}, [("/Name", "NOT_EQUAL")]),
        ({"Name": '{"a": true}'}, {"Name": '{"a": 1}'}, [("/Name", "NOT_EQUAL")]),
        ({"Name": '{"a": true}'}, {"Name": {"a": 1}}, [("/Name", "NOT_EQUAL")]),
        ({"Name": '{"a": 1}'}, {"Name": '{"a": 2, "a": 1}'}, [("/Name", "NOT_EQUAL")]),
        ({"Map": {"A": ""}}, {"Map": {}}, [("/Map/A", "REMOVE")]),
        ({"Nested": {}}, {"Nested": "text"}, [("/Nested", "NOT_EQUAL")]),
        ({"StartDate": "2027-01-01"}, {"StartDate": "2027-01-01T00:00:01Z"}, [("/StartDate", "NOT_EQUAL")]),
        ({"StartDate": "2027-01-01"}, {"StartDate": "soon"}, [("/StartDate", "NOT_EQUAL")]),
        ({"Name": "2027-01-01"}, {"Name": "2027-01-01T00:00:00Z"}, [("/Name", "NOT_EQUAL")]),
        ({"Name": "{broken"}, {"Name": {"a": 1}}, [("/Name", "NOT_EQUAL")]),
        ({"Set": [{"Port": 1}]}, {"Set": [{"Port": 1}, {"Port": 2}]}, [("/Set", "ADD")]),
        ({"Set": [{"Port": 1}, {"Port": 2}]}, {"Set": [{"Port": 1}]}, [("/Set", "REMOVE")]),
        ({"Set": [{"Port": 1}]}, {"Set": [{"Port": 2}]}, [("/Set", "NOT_EQUAL")]),
        ({"Set": [{"Port": 1}]}, {}, [("/Set", "REMOVE")]),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, {"Tags": [{"Key": "a", "Value": "c"}]}, [("/Tags", "NOT_EQUAL")]),
        ({"Ordered": ["a", "b"]}, {"Ordered": ["b", "a"]}, [("/Ordered/0", "NOT_EQUAL"), ("/Ordered/1", "NOT_EQUAL")]),
        ({"List": [{"Port": 1}]}, {"List": [{"Port": 1}, {"Port": 2}]}, [("/List/1", "ADD")]),
        ({"List": [{"Port": 1}, {"Port": 2}]}, {"List": [{"Port": 1}]}, [("/List/1/Port", "REMOVE")]),
        ({"List": [{"Port": 1}]}, {"List": "text"}, [("/List/0/Port", "REMOVE")]),
        ({"Map": {"A": "1"}}, {"Map": {"A": "1", "B": "2"}}, [("/Map/B", "ADD")]),
        ({"Map": {}}, {"Map": {"A": "1"}}, [("/Map", "NOT_EQUAL")]),
        ({"Nested": {"Port": 1}}, {"Nested": 5}, [("/Nested/Port", "REMOVE")]),
        ({"Document": {"a": 1}}, {"Document": {"a": 2}}, [("/Document", "NOT_EQUAL")]),
        ({"Version": "15"}, {"Version": "16.1"}, [("/Version", "NOT_EQUAL")]),
        ({"Broken": "x"}, {"Broken": "y"}, [("/Broken", "NOT_EQUAL")]),
        ({"Worse": "x"}, {"Worse": "y"}, [("/Worse", "NOT_EQUAL")]),
        ({"Worst": "x"}, {"Worst": "y"}, [("/Worst", "NOT_EQUAL")]),
        ({"Name": []}, {"Name": [1]}, [("/Name", "NOT_EQUAL")]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_different(expected: Any, actual: Any, found: Any) -> None:
    assert differs(expected, actual) == found


def test_tags_of_aws_itself_mean_nothing_in_a_map_either() -> None:
    schema = ResourceSchema(
        resource_type="Test::Some::Thing",
        document={"properties": {"Tags": {"type": "object", "patternProperties": {".*": {"type": "string"}}}}},
    )
    assert differs({"Tags": {"a": "b"}}, {"Tags": {"a": "b", "aws:x": "y"}}, schema) == []
    assert differs({"Tags": {"a": "b"}}, {"Tags": {"a": "b", "x": "y"}}, schema) == [("/Tags/x", "ADD")]


def test_the_largest_matching_counts() -> None:
    """The first element fits both live ones, the second only the first: neither is missing."""
    assert (
        differs({"Set": [{"Port": 1}, {"Port": 1, "Peer": "a"}]}, {"Set": [{"Port": 1, "Peer": "a"}, {"Port": 1}]})
        == []
    )
    three = {"Set": [{"Port": 1}, {"Port": 1}, {"Port": 1}]}
    assert differs(three, {"Set": [{"Port": 1}, {"Port": 1}]}) == [("/Set", "REMOVE")]


def test_a_difference_shows_both_sides() -> None:
    (found,) = compared({"Count": 1}, {"Count": 2}, SCHEMA).differences
    assert (found.expected, found.actual, found.change) == (1, 2, Change.NOT_EQUAL)
    (found,) = compared({"Name": "x"}, {}, SCHEMA).differences
    assert (found.expected, found.actual, found.change) == ("x", None, Change.REMOVE)


def test_what_is_not_resolved_is_neither_proven_nor_different() -> None:
    unknown = Unresolved(reason="why")
    found = compared({"Name": unknown, "Unique": ["a", unknown], "Nested": {"Port": unknown, "Peer": "a"}}, {}, SCHEMA)
    assert found.unresolved == (("/Name", "why"), ("/Nested/Port", "why"), ("/Unique", "why"))
    assert [difference.path for difference in found.differences] == ["/Nested/Peer"]
    assert not matches(unknown, "a", SCHEMA, "/Name")
    assert matches({"Port": "1"}, {"Port": 1, "Peer": "x"}, SCHEMA, "/Set/*")


_KEYS = "arn:aws:kms:us-east-1:123456789012:key/"
_FUNCTIONS = "arn:aws:lambda:us-east-1:123456789012:function:"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "a", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a"], "Principal": "*"},
        {
            "Effect": "Deny",
            "NotAction": ["s3:*", "ec2:*"],
            "NotResource": "*",
            "NotPrincipal": {"AWS": "123456789012", "Service": ["x", "y"]},
            "Condition": {"Bool": {"aws:SecureTransport": False}, "Odd": "text"},
        },
    ],
}
REWRITTEN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "NotAction": ["ec2:*", "S3:*"],
            "NotResource": ["*"],
            "NotPrincipal": {"AWS": ["arn:aws:iam::123456789012:root"], "Service": ["y", "x"]},
            "Condition": {"Bool": {"aws:SecureTransport": ["false"]}, "Odd": "text"},
        },
        {"Sid": "a", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["a", "b"], "Principal": {"AWS": "*"}},
    ],
}


def test_policies_are_equal_however_a_service_writes_them() -> None:
    assert differs({"Document": POLICY}, {"Document": REWRITTEN}) == []
    single = {"Statement": {"Effect": "Allow", "Action": "a", "Resource": "*"}}
    listed = {"Statement": [{"Effect": "Allow", "Action": ["a"], "Resource": ["*"]}]}
    assert differs({"Document": single}, {"Document": listed}) == []
    assert differs({"Document": {"Statement": ["odd"]}}, {"Document": {"Statement": ["odd"]}}) == []
    conditions = [{"Statement": {"Condition": {"Bool": {"x": value}}}} for value in (True, "true")]
    assert differs({"Document": conditions[0]}, {"Document": conditions[1]}) == []


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (True, "true"), (True, 1), (None, "null")])
def test_outside_of_policies_a_number_is_no_text(one: Any, other: Any) -> None:
    """An event pattern or a filter of messages matches other events then."""
    assert differs({"Document": {"a": [one]}}, {"Document": {"a": [other]}}) == [("/Document", "NOT_EQUAL")]
    assert differs({"Document": {"a": [one]}}, {"Document": {"a": [one]}}) == []


def test_the_numbers_of_a_redrive_policy_come_back_as_texts() -> None:
    schema = CfnLintSchemas().schema("AWS::SQS::Queue")
    given, live = ({"RedrivePolicy": {"maxReceiveCount": count}} for count in (3, "3"))
    assert differs(given, live, schema) == []


@pytest.mark.parametrize(
    ("resource_type", "expected", "live", "is_same"),
    [
        ("AWS::RDS::DBInstance", {"EngineVersion": "15.1"}, {"EngineVersion": "15.1"}, True),
        ("AWS::RDS::DBInstance", {"EngineVersion": "15"}, {"EngineVersion": "15.13"}, True),
        ("AWS::RDS::DBInstance", {"EngineVersion": "15.1"}, {"EngineVersion": "15.13"}, False),
        ("AWS::RDS::DBInstance", {"EngineVersion": "8.0.3"}, {"EngineVersion": "8.0.35"}, False),
        ("AWS::RDS::DBInstance", {"EngineVersion": "1"}, {"EngineVersion": "16.4"}, False),
        ("AWS::RDS::DBCluster", {"EngineVersion": "13.1"}, {"EngineVersion": "13.18"}, False),
        ("AWS::EFS::FileSystem", {"KmsKeyId": f"{_KEYS}a"}, {"KmsKeyId": f"{_KEYS}a"}, True),
        ("AWS::EFS::FileSystem", {"KmsKeyId": f"{_KEYS}a"}, {"KmsKeyId": f"{_KEYS}b"}, False),
        ("AWS::RDS::DBInstance", {"KmsKeyId": "1-2"}, {"KmsKeyId": f"{_KEYS}1-2"}, True),
        ("AWS::RDS::DBInstance", {"KmsKeyId": "1-2"}, {"KmsKeyId": f"{_KEYS}1-3"}, False),
        ("AWS::Lambda::EventSourceMapping", {"FunctionName": f"{_FUNCTIONS}f"}, {"FunctionName": "f"}, True),
        ("AWS::Lambda::EventSourceMapping", {"FunctionName": f"{_FUNCTIONS}f:prod"}, {"FunctionName": "prod"}, False),
        (
            "AWS::Lambda::EventSourceMapping",
            {"FunctionName": f"{_FUNCTIONS}f:prod"},
            {"FunctionName": f"{_FUNCTIONS}prod"},
            False,
        ),
    ],
)
def test_what_a_schema_says_may_stand_for_a_value_is_not_any_other_value(
    resource_type: str,
    expected: dict[str, Any],
    live: dict[str, Any],
    is_same: bool,  # noqa: FBT001
) -> None:
    found = differs(expected, live, CfnLintSchemas().schema(resource_type))
    assert (found == []) is is_same


def test_tags_of_the_stack_are_no_difference_unless_they_are_changed() -> None:
    own = {"team": "x"}

    def found(live: list[dict[str, str]]) -> int:
        given = {"Tags": [{"Key": "a", "Value": "b"}]}
        return len(compared(given, {"Tags": live}, SCHEMA, inherited=own).differences)

    both = [{"Key": "a", "Value": "b"}, {"Key": "team", "Value": "x"}]
    assert found(both) == 0
    assert found([{"Key": "a", "Value": "b"}, {"Key": "team", "Value": "y"}]) == 1
    assert found([{"Key": "team", "Value": "x"}]) == 1


def test_policies_that_say_something_else_differ() -> None:
    other = {**POLICY, "Statement": POLICY["Statement"][:1]}
    assert differs({"Document": POLICY}, {"Document": other}) == [("/Document", "NOT_EQUAL")]


def test_a_type_without_a_schema_is_compared_loosely() -> None:
    assert differs({"Any": "5.0", "Deep": {"a": [1]}}, {"Any": 5, "Deep": {"a": ["1"]}}, None) == []
    assert differs({"Deep": {"a": [1]}}, {"Deep": {"a": [2]}}, None) == [("/Deep/a/0", "NOT_EQUAL")]


_SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)
_PROPERTIES = st.dictionaries(
    st.sampled_from([*SCHEMA.document["properties"], "Unknown"]),  # type: ignore[misc]
    _JSON,
    max_size=5,
)


@given(_PROPERTIES, st.sampled_from([SCHEMA, None]))
def test_equal_values_do_not_differ(properties: dict[str, Any], schema: ResourceSchema | None) -> None:
    """Tags of AWS itself do not belong to the live state, so they are left out here."""
    properties.pop("Tags", None)
    found = compared(properties, properties, schema)
    assert found.differences == ()
    assert found.proven == leaf_paths(properties, schema)


@given(_PROPERTIES, _PROPERTIES)
def test_every_leaf_is_accounted_for_once(expected: dict[str, Any], actual: dict[str, Any]) -> None:
    found = compared(expected, actual, SCHEMA)
    changed = [
        difference.path
        for difference in found.differences
        if difference.change is not Change.ADD or difference.expected is not None
    ]
    assert sorted([*found.proven, *changed]) == list(leaf_paths(expected, SCHEMA))


@given(st.lists(st.text(max_size=3), max_size=5, unique=True), st.randoms())
def test_the_order_of_a_set_means_nothing(items: list[str], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert differs({"Unique": items}, {"Unique": shuffled}) == []


_KEY_ID = "11111111-2222-3333-4444-555555555555"
_KEY_ARN = f"arn:aws:kms:us-east-1:123456789012:key/{_KEY_ID}"
EQUAL_EXAMPLES: dict[tuple[str, str], tuple[str, str, str]] = {
    ("AWS::EC2::SecurityGroup", "/SecurityGroupEgress/*/IpProtocol"): ("6", "tcp", "udp"),
    ("AWS::EC2::SecurityGroup", "/SecurityGroupIngress/*/IpProtocol"): ("TCP", "tcp", "icmp"),
    ("AWS::EC2::SecurityGroupEgress", "/IpProtocol"): ("17", "udp", "tcp"),
    ("AWS::EC2::SecurityGroupIngress", "/IpProtocol"): ("58", "icmpv6", "icmp"),
    ("AWS::ECR::Repository", "/EncryptionConfiguration/KmsKey"): (_KEY_ID, _KEY_ARN, f"{_KEY_ARN}0"),
    ("AWS::ECS::Service", "/PlatformVersion"): ("LATEST", "1.4.0", ""),
    ("AWS::ElastiCache::CacheCluster", "/EngineVersion"): ("1.6", "1.6.22", "1.66.1"),
    ("AWS::ElastiCache::ReplicationGroup", "/EngineVersion"): ("7", "7.1.0", "6.2.6"),
    ("AWS::Events::EventBus", "/KmsKeyIdentifier"): (_KEY_ARN, _KEY_ID, "other"),
    **{
        ("AWS::S3::Bucket", f"/NotificationConfiguration/{receiver}Configurations/*/Filter/S3Key/Rules/*/Name"): (
            "prefix",
            "Prefix",
            "Suffix",
        )
        for receiver in ("Lambda", "Queue", "Topic")
    },
    ("AWS::StepFunctions::StateMachine", "/EncryptionConfiguration/KmsKeyId"): (_KEY_ID, _KEY_ARN, "other"),
}


def _nested(pointer: str, value: Any) -> Any:
    """The value at the pointer of an otherwise empty object."""
    for name in reversed(pointer.split("/")[1:]):
        value = [value] if name == "*" else {name: value}
    return value


@pytest.mark.parametrize("row", sorted(EQUAL), ids=" ".join)
def test_each_equivalence_has_an_example_that_is_equal_and_one_that_is_not(row: tuple[str, str]) -> None:
    resource_type, pointer = row
    schema = CfnLintSchemas().schema(resource_type)
    assert schema is not None
    assert schema.at(pointer) is not None
    expected, equal, other = (_nested(pointer, example) for example in EQUAL_EXAMPLES[row])
    assert differs(expected, equal, schema) == []
    assert differs(expected, other, schema) != []


@pytest.mark.parametrize(
    ("row", "member"), [(row, member) for row in sorted(TELLING) for member in sorted(TELLING[row])], ids=str
)
def test_a_telling_member_that_the_template_leaves_out_is_no_detail_of_its_element(
    row: tuple[str, str], member: str
) -> None:
    resource_type, pointer = row
    schema = CfnLintSchemas().schema(resource_type)
    assert schema is not None
    names = (member, *TELLING[row][member])
    assert [name for name in names if schema.at(f"{pointer}/{name}") is None] == []
    bare, more = _nested(pointer, {"Id": "one"}), _nested(pointer, {"Id": "one", member: "set"})
    assert differs(bare, more, schema) != []
    assert differs(more, more, schema) == []
    assert differs(bare, _nested(pointer, {"Id": "one", member: ""}), schema) == []
    assert differs(bare, _nested(pointer, {"Id": "one", "Other": "set"}), schema) == []
    for former in TELLING[row][member]:
        both = _nested(pointer, {"Id": "one", member: "set", former: "set"})
        assert differs(_nested(pointer, {"Id": "one", former: "set"}), both, schema) == []


@pytest.mark.parametrize("row", sorted(SETS | LISTS), ids=" ".join)
def test_each_set_and_list_is_an_array_of_which_the_schema_says_otherwise(row: tuple[str, str]) -> None:
    resource_type, pointer = row
    schema = CfnLintSchemas().schema(resource_type)
    assert schema is not None
    here = schema.at(pointer) or {}
    assert here.get("type") == "array"
    two, turned = _nested(pointer, ["a", "b"]), _nested(pointer, ["b", "a"])
    assert (differs(two, turned, schema) == []) is (row in SETS)


def test_the_key_of_an_alias_is_what_counts_where_it_is_known() -> None:
    keys = {"alias/app": _KEY_ARN}.get
    for live in (_KEY_ARN, _KEY_ID):
        assert compared({"Name": "alias/app"}, {"Name": live}, SCHEMA, keys=keys).proven == ("/Name",)
    other = _KEY_ARN.replace(_KEY_ID, _KEY_ID[::-1])
    [difference] = compared({"Name": "alias/app"}, {"Name": other}, SCHEMA, keys=keys).differences
    assert (difference.expected, difference.actual) == ("alias/app", other)
    sets: list[tuple[Any, Any]] = [
        (["alias/app", "x"], ["x", _KEY_ARN]),
        ([{"Key": "alias/app"}, {"Key": "x"}], [{"Key": "x"}, {"Key": _KEY_ARN}]),
        ([{"Port": 1, "Key": "alias/app"}], [{"Port": 1, "Key": _KEY_ID}]),
    ]
    for wanted, seen in sets:
        assert compared({"Unique": wanted}, {"Unique": seen}, SCHEMA, keys=keys).proven == ("/Unique",)
    assert compared({"Unique": ["alias/app"]}, {"Unique": [other]}, SCHEMA, keys=keys).proven == ()
    [more] = compared(
        {"Unique": [{"Key": "alias/app"}]}, {"Unique": [{"Key": _KEY_ARN}, {}]}, SCHEMA, keys=keys
    ).differences
    assert (more.path, more.change) == ("/Unique", Change.ADD)


def test_a_key_by_its_alias_and_by_its_id_is_neither_equal_nor_different_where_nobody_knows_it() -> None:
    for live in (_KEY_ARN, _KEY_ID):
        found = compared({"Name": "alias/app"}, {"Name": live}, SCHEMA)
        assert [path for path, _ in found.unresolved] == ["/Name"]
        assert (found.proven, found.differences) == ((), ())
    listed = compared({"Unique": ["alias/app"]}, {"Unique": [_KEY_ARN]}, SCHEMA)
    assert [path for path, _ in listed.unresolved] == ["/Unique"]
    assert differs({"Name": "alias/app"}, {"Name": "alias/other"}) == [("/Name", "NOT_EQUAL")]
    assert differs({"Document": {"a": "alias/app"}}, {"Document": {"a": _KEY_ARN}}) == [("/Document", "NOT_EQUAL")]
