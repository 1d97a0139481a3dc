"""What a run's own stacks would attach to something real is found, and what is theirs is not taken for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stackproof.deployment.attachments import ACCOUNT_WIDE, ATTACHED_BY, attached_outside
from stackproof.deployment.ephemeral import ephemeral
from stackproof.template.assembly import Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from tests.live_fakes import ACCOUNT, REGION, stack

POLICY = "AWS::S3::BucketPolicy"
ATTACHED = [(kind, key) for kind, keys in ATTACHED_BY.items() for key in keys]
SWITCHED = {"AWS::EC2::VPCEndpoint": {"PrivateDnsEnabled": True}}
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "fixed"}}


def outside(*stacks: Stack) -> tuple[str, ...]:
    return attached_outside(stacks, account=ACCOUNT, region=REGION, partition="aws")


def policy(bucket: Any, **more: Any) -> dict[str, Any]:
    return {"Type": POLICY, "Properties": {"Bucket": bucket}, **more}


def attaching(kind: str, key: str, name: Any) -> dict[str, Any]:
    """A resource that names something at a place."""
    value: Any = [name] if key.endswith("s") else name
    first, *below = key.split("/")
    for step in reversed(below):
        value = [value] if step == "*" else {step: value}
    return {"Type": kind, "Properties": {first: value, **SWITCHED.get(kind, {})}}


def properties_at(document: Any, key: str) -> Any:
    """The properties that a schema has where the last part of a key is looked for."""
    here = document
    for part in key.split("/")[:-1]:
        here = here["items"] if part == "*" else here["properties"][part]
        while "$ref" in here:
            here = document["definitions"][here["$ref"].rpartition("/")[2]]
    return here["properties"]


@pytest.mark.parametrize(("kind", "key"), [row for row in ATTACHED if not row[0].startswith("Custom::")])
def test_what_an_attachment_names_is_a_property_of_its_type(kind: str, key: str) -> None:
    schema = CfnLintSchemas().schema(kind)
    assert schema is not None
    assert key.rpartition("/")[2] in properties_at(schema.document, key)


@pytest.mark.parametrize(("kind", "key"), ATTACHED)
def test_an_attachment_to_what_is_not_of_the_stacks_is_named(kind: str, key: str) -> None:
    said = outside(stack({"Resources": {"R": attaching(kind, key, "the-real-one")}}))
    assert [line for line in said if line.endswith(f": R ({kind}): {key} is the-real-one")]


@pytest.mark.parametrize(("kind", "key"), ATTACHED)
def test_an_attachment_to_a_resource_of_the_stacks_is_fine(kind: str, key: str) -> None:
    name = {"Ref": "T"} if key.endswith("s") else {"Fn::GetAtt": ["T", "Arn"]}
    said = outside(stack({"Resources": {"R": attaching(kind, key, name), "T": {"Type": "AWS::SNS::Topic"}}}))
    assert not [line for line in said if f": {key} is " in line and "default" not in line]


@pytest.mark.parametrize("kind", sorted(ACCOUNT_WIDE))
def test_a_setting_of_the_whole_account_is_named(kind: str) -> None:
    assert CfnLintSchemas().schema(kind) is not None
    [said] = outside(stack({"Resources": {"R": {"Type": kind}}}))
    assert said.endswith(f": R ({kind}): it is a setting of the whole account")


OURS: list[Any] = [
    {"Ref": "Bucket"},
    {"Fn::GetAtt": "Bucket.Arn"},
    {"Fn::Sub": "${Bucket}"},
    {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Ref": "Bucket"}]]},
    {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Bucket", "Arn"]}]}]},
    {"Fn::If": ["Never", "prod-data", {"Ref": "Bucket"}]},
    {"Fn::ImportValue": "ours"},
    {"Ref": "AWS::NoValue"},
    None,
]
UNKNOWN = "not known to be of these stacks"
NOT_OURS: list[tuple[Any, str]] = [
    ("prod-data", "prod-data"),
    ("fixed", "fixed"),  # nothing says that ours is there first
    ({"Ref": "Given"}, "prod-data"),
    ({"Ref": "Open"}, f"{UNKNOWN} (the value of parameter Open is not known)"),
    ({"Ref": "Stored"}, f"{UNKNOWN} (the value of parameter Stored is not known)"),
    ({"Fn::Sub": "prod-${AWS::Region}"}, f"prod-{REGION}"),
    ({"Fn::Sub": "prod-${Given}"}, "prod-prod-data"),
    ({"Fn::Join": ["", ["prod-", {"Ref": "AWS::Region"}]]}, f"prod-{REGION}"),
    ({"Fn::Join": ["", ["prod-", {"Ref": "Bucket"}]]}, "prod-${Bucket}"),
    ({"Fn::FindInMap": ["Names", "prod", "bucket"]}, "prod-data"),
    ({"Fn::If": ["Always", "prod-data", {"Ref": "Bucket"}]}, "prod-data"),
    ({"Fn::If": ["Depends", {"Ref": "Bucket"}, "prod-data"]}, f"{UNKNOWN} (condition Depends is not known)"),
    ({"Fn::ImportValue": "elsewhere"}, f"{UNKNOWN} (there is no export 'elsewhere')"),
    ({"Fn::ImportValue": {"Fn::Sub": "ou${AWS::Region}"}}, f"{UNKNOWN} (there is no export 'ou{REGION}')"),
    ({"Fn::ImportValue": "handed-on"}, "prod-data"),
    ({"Fn::ImportValue": "circular"}, f"{UNKNOWN} (there is no export 'circular')"),
    ({"Fn::GetAtt": ["Custom", "Name"]}, f"{UNKNOWN} (Custom.Name is not known)"),
    ({"Fn::GetAtt": ["Noted", "Value"]}, "prod-data"),
    ({"Ref": "Noted"}, f"{UNKNOWN} (Ref of Noted is not known)"),
    ("{{resolve:ssm:/prod/bucket}}", f"{UNKNOWN} (dynamic reference)"),
]


def whole(bucket: Any, **more: Any) -> Stack:
    given = {"Type": "String", "Default": "prod-data"}
    stored = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/prod/bucket"}
    return stack(
        {
            "Parameters": {"Given": given, "Open": {"Type": "String"}, "Stored": stored},
            "Mappings": {"Names": {"prod": {"bucket": "prod-data"}}},
            "Conditions": {
                "Always": {"Fn::Equals": ["a", "a"]},
                "Never": {"Fn::Equals": [{"Ref": "AWS::Region"}, "elsewhere"]},
                "Depends": {"Fn::Equals": [{"Ref": "Open"}, "a"]},
            },
            "Resources": {
                "Bucket": BUCKET,
                "Custom": {"Type": "Custom::Anything"},
                "Noted": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": "prod-data"}},
                "Policy": policy(bucket, **more),
            },
            "Outputs": {
                "A": {"Value": {"Ref": "Bucket"}, "Export": {"Name": "ours"}},
                "B": {"Value": {"Ref": "Given"}, "Export": {"Name": "handed-on"}},
                "C": {"Value": {"Fn::ImportValue": "circular"}, "Export": {"Name": "circular"}},
            },
        }
    )


@pytest.mark.parametrize("bucket", OURS)
def test_what_refers_to_a_resource_of_the_stacks_is_theirs(bucket: Any) -> None:
    assert outside(whole(bucket)) == ()


@pytest.mark.parametrize(("bucket", "named"), NOT_OURS)
def test_what_names_something_else_or_is_not_known_is_outside(bucket: Any, named: str) -> None:
    assert [line.partition("Bucket is ")[2] for line in outside(whole(bucket))] == [named]


def test_without_an_account_what_depends_on_it_is_outside() -> None:
    [said] = attached_outside([whole({"Fn::Sub": "prod-${AWS::Region}"})])
    assert said.endswith("(Ref of AWS::Region is not known)")


def test_a_fixed_name_is_of_the_stacks_if_theirs_is_made_before() -> None:
    assert outside(whole("fixed", DependsOn="Bucket")) == ()
    assert outside(whole("fixed", DependsOn=["Custom", "Bucket"])) == ()
    assert outside(whole("fixed", DependsOn=["Custom"])) != ()


def test_a_fixed_name_of_another_stack_is_theirs_if_that_one_comes_first() -> None:
    makes = stack({"Resources": {"Bucket": BUCKET}})
    uses = stack({"Resources": {"Policy": policy("fixed")}}, name="App")
    assert outside(makes, uses) != ()
    assert outside(makes, replace(uses, dependencies=("Net", "Gone"))) == ()


@pytest.mark.parametrize(
    ("queue", "is_ours"),
    [
        ("jobs", True),
        (f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs", True),
        (f"https://sqs.{REGION}.amazonaws.com/210987654321/jobs", False),
        (f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs", False),
        (f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs", True),
        (f"arn:aws:sqs:{REGION}:210987654321:jobs", False),
        ("other-jobs", False),
        ("topic", False),
    ],
)
def test_a_fixed_name_is_one_of_its_kind_in_the_same_place(queue: str, is_ours: bool) -> None:  # noqa: FBT001
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "topic"}},
        "P": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [queue]}, "DependsOn": ["Queue", "Topic"]},
    }
    assert (outside(stack({"Resources": resources})) == ()) is is_ours


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ('{"service":"S3","action":"deleteBucket","parameters":{"Bucket":"prod-data"}}', ["deleteBucket"]),
        ('{"service":"S3","action":"listBuckets"}', []),
        (
            {
                "Fn::Join": [
                    "",
                    ['{"service":"SSM","action":"putParameter","parameters":{"Name":"', {"Ref": "B"}, '"}}'],
                ]
            },
            ["putParameter"],
        ),
        ({"Ref": "Call"}, ["what is not known"]),
        (None, []),
    ],
)
def test_a_call_that_is_a_resource_is_named_unless_it_reads(call: Any, named: list[str]) -> None:
    made = stack({"Resources": {"Call": {"Type": "Custom::AWS", "Properties": {"Delete": call}}}})
    said = [f": Call (Custom::AWS): Delete calls {name} on resources that are not checked" for name in named]
    assert [line[line.index(": Call") :] for line in outside(made)] == said


def test_a_resource_in_the_hands_of_a_function_that_is_not_of_the_stacks_is_named() -> None:
    function = {"Type": "AWS::Lambda::Function"}
    own, other = ({"Fn::GetAtt": ["Provider", "Arn"]}, "arn:aws:lambda:eu-central-1:123456789012:function:shared")
    for kind in ("Custom::Thing", "AWS::CloudFormation::CustomResource"):
        for token, count in ((own, 0), (other, 1)):
            thing = {"Type": kind, "Properties": {"ServiceToken": token}}
            assert len(outside(stack({"Resources": {"Provider": function, "Thing": thing}}))) == count


def test_what_has_no_name_or_a_number_for_one_is_outside() -> None:
    assert [line.partition("Bucket is ")[2] for line in outside(whole({"Name": "prod-data"}))] == [
        f"{UNKNOWN} (it is not a name)"
    ]
    assert [line.partition("Bucket is ")[2] for line in outside(whole(42))] == ["42"]


def test_a_part_of_what_is_none_of_the_stacks_is_that_part() -> None:
    for source in ("a/prod-data", {"Fn::Join": ["/", ["a", "prod-data"]]}):
        part = {"Fn::Select": [1, {"Fn::Split": ["/", source]}]}
        assert [line.partition("Bucket is ")[2] for line in outside(whole(part))] == ["prod-data"]


def test_a_fixed_name_of_a_nested_stack_is_theirs_if_its_root_comes_first() -> None:
    parent, inner = stack({"Resources": {"Inner": nest()}}), nested({"Resources": {"Bucket": BUCKET}})
    uses = stack({"Resources": {"Policy": policy("fixed")}}, name="App")
    assert outside(parent, inner, replace(uses, dependencies=("Net",))) == ()
    assert outside(parent, inner, uses) != ()


def test_what_no_condition_lets_be_made_attaches_nothing() -> None:
    assert outside(whole("prod-data", Condition="Never")) == ()
    assert outside(whole("prod-data", Condition="Depends")) != ()


def test_a_policy_of_a_bus_that_names_none_is_one_of_the_default_bus() -> None:
    [said] = outside(stack({"Resources": {"P": {"Type": "AWS::Events::EventBusPolicy", "Properties": {}}}}))
    assert said.endswith("EventBusName is default")


@pytest.mark.parametrize(
    ("kind", "key", "value", "is_ours"),
    [
        ("AWS::ApplicationAutoScaling::ScalableTarget", "ResourceId", "table/${T}/index/by-day", True),
        ("AWS::ApplicationAutoScaling::ScalableTarget", "ResourceId", "service/prod/web", False),
        ("AWS::Lambda::Permission", "FunctionName", "${T}:live", True),
        ("Custom::LogRetention", "LogGroupName", "/aws/lambda/${T}", True),
        ("Custom::LogRetention", "LogGroupName", "/aws/lambda/prod", False),
    ],
)
def test_what_is_named_may_have_something_around_it(kind: str, key: str, value: str, is_ours: bool) -> None:  # noqa: FBT001
    resources = {
        "R": {"Type": kind, "Properties": {key: {"Fn::Sub": value}}},
        "T": {"Type": "AWS::DynamoDB::Table"},
    }
    assert (outside(stack({"Resources": resources})) == ()) is is_ours


@pytest.mark.parametrize(
    ("switch", "is_ours"), [(None, True), (False, True), ("false", True), ("true", False), ({"Ref": "Open"}, False)]
)
def test_an_endpoint_in_the_network_of_others_is_theirs_unless_it_answers_dns(switch: Any, is_ours: bool) -> None:  # noqa: FBT001
    endpoint = {"VpcId": "vpc-prod", "VpcEndpointType": "Interface", "ServiceName": "x", "PrivateDnsEnabled": switch}
    resources = {"E": {"Type": "AWS::EC2::VPCEndpoint", "Properties": endpoint}}
    made = stack({"Parameters": {"Open": {"Type": "String"}}, "Resources": resources})
    assert (outside(made) == ()) is is_ours


@pytest.mark.parametrize(
    ("balancers", "named"),
    [
        ([], []),
        ([{"ContainerName": "a"}], []),
        ([{"TargetGroupArn": {"Ref": "Own"}}, {"TargetGroupArn": "arn:prod"}], ["arn:prod"]),
        ({"TargetGroupArn": "arn:prod"}, ["arn:prod"]),
        ({"Fn::If": ["Depends", [], []]}, [f"{UNKNOWN} (condition Depends is not known)"]),
        ("text", [f"{UNKNOWN} (it is not a name)"]),
    ],
)
def test_what_is_named_in_the_elements_of_a_list_is_looked_at_there(balancers: Any, named: list[str]) -> None:
    service = {"Type": "AWS::ECS::Service", "Properties": {"LoadBalancers": balancers}}
    own = {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}
    said = outside(stack({"Resources": {"Service": service, "Own": own}}))
    assert [line.partition("/TargetGroupArn is ")[2] for line in said if "/TargetGroupArn is " in line] == named


GIVEN_BACK: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("AWS::EC2::SecurityGroup", {"VpcId": "vpc-prod"}, "VpcId", ["vpc-prod"]),
    ("AWS::EC2::Subnet", {"VpcId": {"Ref": "Given"}}, "VpcId", ["vpc-prod"]),
    ("AWS::EC2::Subnet", {"VpcId": {"Ref": "Vpc"}}, "VpcId", []),
    ("AWS::EC2::Subnet", {"VpcId": {"Ref": "Open"}}, "VpcId", [f"{UNKNOWN} (R.VpcId is not known)"]),
    ("AWS::EC2::Subnet", {"VpcId": {"Fn::GetAtt": ["R", "VpcId"]}}, "VpcId", [f"{UNKNOWN} (R.VpcId is not known)"]),
    ("AWS::EC2::SecurityGroup", {}, "VpcId", [f"{UNKNOWN} (R.VpcId is not known)"]),  # of the default network
    ("AWS::EC2::Instance", {"SubnetId": "subnet-prod"}, "VpcId", [f"{UNKNOWN} (R.VpcId is not known)"]),
    ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, "VpcId", []),
    ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, "DefaultSecurityGroup", []),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", {"SecurityGroups": ["sg-prod"]}, "SecurityGroups", ["sg-prod"]),
    ("AWS::SNS::Topic", {"TopicName": "fixed"}, "TopicName", []),
    ("AWS::SSO::Instance", {"Name": "fixed"}, "Name", []),
    ("AWS::RDS::DBCluster", {"MasterUserSecret": {"KmsKeyId": "k"}}, "MasterUserSecret.SecretArn", []),
    ("AWS::X::Y", {"Endpoint": {"Address": "prod"}}, "Endpoint.Address", ["prod"]),
]


@pytest.mark.parametrize(("kind", "properties", "attribute", "named"), GIVEN_BACK)
def test_an_attribute_that_gives_back_what_the_resource_was_given_is_that(
    kind: str, properties: dict[str, Any], attribute: str, named: list[str]
) -> None:
    resources = {
        "R": {"Type": kind, "Properties": properties},
        "Vpc": {"Type": "AWS::EC2::VPC"},
        "A": {"Type": "AWS::EC2::VPCDHCPOptionsAssociation", "Properties": {"VpcId": {"Fn::GetAtt": ["R", attribute]}}},
    }
    parameters = {"Given": {"Type": "String", "Default": "vpc-prod"}, "Open": {"Type": "String"}}
    said = outside(stack({"Parameters": parameters, "Resources": resources}))
    assert [line.partition("Association): VpcId is ")[2] for line in said] == named


@pytest.mark.parametrize(("function", "is_ours"), [({"Ref": "F"}, True), ("prod", False)])
def test_the_log_group_of_a_function_is_whose_the_function_is(function: Any, is_ours: bool) -> None:  # noqa: FBT001
    group = {"Fn::Join": ["", ["/aws/lambda/", function]]}
    resources = {
        "F": {"Type": "AWS::Lambda::Function"},
        "Retention": {"Type": "Custom::LogRetention", "Properties": {"LogGroupName": group, "RetentionInDays": 1}},
        "Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {"LogGroupName": {"Fn::GetAtt": ["Retention", "LogGroupName"]}},
        },
    }
    said = outside(stack({"Resources": resources}))
    assert len(said) == (0 if is_ours else 2)


LATER = "what it makes is not known before it is deployed"
PERMISSION = {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": "prod-fn"}}
LOOP: list[Any] = ["Name", ["a"], {"Perm${Name}": PERMISSION}]
MADE_LATER: list[tuple[dict[str, Any], list[str]]] = [
    ({"Transform": "AWS::Serverless-2016-10-31"}, [f"Transform AWS::Serverless-2016-10-31: {LATER}"]),
    ({"Transform": ["AWS::LanguageExtensions", "Ours"]}, [f"Transform Ours: {LATER}"]),
    ({"Transform": {"Name": "AWS::Include"}}, [f"Transform AWS::Include: {LATER}"]),
    ({"Transform": "AWS::LanguageExtensions"}, []),
    ({"Fn::Transform": {"Name": "Ours"}}, [f"/Fn::Transform: {LATER}"]),
    ({"Outputs": {"Fn::ForEach::X": []}}, [f"/Outputs/Fn::ForEach::X: {LATER}"]),
    (
        {"Resources": {"B": {"Type": POLICY, "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}}}},
        [f"/Resources/B/Properties/Fn::Transform: {LATER}"],
    ),
    (
        {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Fn::Transform": {"Name": "X"}}]}}}},
        [f"/Resources/B/Properties/Tags/0/Fn::Transform: {LATER}"],
    ),
]


@pytest.mark.parametrize(("body", "named"), MADE_LATER)
def test_what_is_made_by_a_macro_or_a_loop_is_not_known_to_attach_nothing(
    body: dict[str, Any], named: list[str]
) -> None:
    assert [line.partition(": ")[2] for line in outside(stack({"Resources": {}, **body}))] == named


def test_a_loop_over_resources_is_named_though_it_is_none() -> None:
    made = stack({"Resources": {}})
    looped = replace(made.template, body={"Resources": {"Fn::ForEach::Permissions": LOOP}})
    [said] = outside(replace(made, template=looped))
    assert said.endswith(f": /Resources/Fn::ForEach::Permissions: {LATER}")


def nest(**parameters: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Metadata": {"aws:asset:path": "Inner.json"},
        "Properties": {"TemplateURL": "https://s3/Inner.json", "Parameters": parameters},
    }


def nested(body: dict[str, Any]) -> Stack:
    return stack(body, name="Net/Inner", path="cdk.out/Inner.json", parent="Net")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"Ref": "Bucket"}, []),
        ("prod-data", ["prod-data"]),
        ({"Ref": "Open"}, [f"{UNKNOWN} (the value of parameter Name is not known)"]),
    ],
)
def test_a_nested_stack_attaches_to_what_it_is_given(given: Any, named: list[str]) -> None:
    parameters = {"Open": {"Type": "String"}}
    parent = stack({"Parameters": parameters, "Resources": {"Bucket": BUCKET, "Inner": nest(Name=given)}})
    declared = {"Name": {"Type": "String", "Default": "unused"}}
    inner = nested({"Parameters": declared, "Resources": {"Policy": policy({"Ref": "Name"})}})
    assert [line.partition("Bucket is ")[2] for line in outside(parent, inner)] == named


@pytest.mark.parametrize(
    ("put_out", "named"),
    [({"Ref": "Bucket"}, []), ("prod-data", ["prod-data"]), ({"Ref": "Name"}, ["prod-data"])],
)
def test_what_a_nested_stack_puts_out_is_what_it_is_there(put_out: Any, named: list[str]) -> None:
    resources = {"Inner": nest(Name="prod-data"), "Policy": policy({"Fn::GetAtt": ["Inner", "Outputs.Name"]})}
    declared = {"Name": {"Type": "String"}}
    outputs = {"Name": {"Value": put_out}}
    inner = nested({"Parameters": declared, "Resources": {"Bucket": BUCKET}, "Outputs": outputs})
    assert [line.partition("Bucket is ")[2] for line in outside(stack({"Resources": resources}), inner)] == named


def test_a_nested_stack_whose_template_is_not_at_hand_may_attach_anything() -> None:
    [said] = outside(stack({"Resources": {"Inner": nest()}}))
    assert said.endswith("Inner (AWS::CloudFormation::Stack): TemplateURL is of a template that is not at hand")


def test_a_nested_stack_that_nobody_nests_is_given_nothing_that_is_known() -> None:
    declared = {"Name": {"Type": "String", "Default": "prod-data"}}
    inner = nested({"Parameters": declared, "Resources": {"Policy": policy({"Ref": "Name"})}})
    [said] = outside(stack({"Resources": {"Bucket": BUCKET}}), inner)
    assert said.endswith("(the value of parameter Name is not known)")


def test_an_ephemeral_nested_stack_belongs_to_its_parent_under_the_new_name() -> None:
    parent = stack({"Resources": {"Bucket": BUCKET, "Inner": nest(Name={"Ref": "Bucket"})}})
    inner = nested({"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Policy": policy({"Ref": "Name"})}})
    made = ephemeral([parent, inner], "x").stacks
    assert [stack.name for stack in made] == ["Net-x", "Net-x/Inner"]
    assert outside(*made) == ()
