"""The function, its trigger, its dead letters, and what it may do."""

from typing import Any

import pytest

from stackproof.testing import Match, Resource, StackQuery, TemplateAssertions

FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"


@pytest.fixture
def function(stack: StackQuery) -> Resource:
    """The one function that a person wrote."""
    return stack.resource(FUNCTION)


def statements(stack: StackQuery, function: Resource) -> list[dict[str, Any]]:
    """Every statement of the policies of the function's role."""
    role = stack.references(function, "/Role")
    policies = [
        resource for resource in stack.resources("AWS::IAM::Policy") if stack.references(resource, "/Roles") == role
    ]
    assert len(policies) == 1
    return list(stack.value(policies[0], "/PolicyDocument")["Statement"])


def actions(statement: dict[str, Any]) -> list[str]:
    """The actions of a statement; IAM allows one to stand alone."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def test_one_function_is_authored_and_what_cdk_adds_is_told_apart(stack: StackQuery) -> None:
    assert len(stack.resources(FUNCTION, authored=True)) == 1
    handlers = stack.resources(FUNCTION, authored=False)
    assert [handler.logical_id for handler in handlers if "CustomResourceProvider" not in handler.logical_id] == []


@pytest.mark.parametrize(
    "properties",
    [
        {"Runtime": Match.string_like_regexp(r"^python3\.1[3-9]$"), "Handler": "handler.handle"},
        {"Architectures": ["arm64"]},
        {"TracingConfig": {"Mode": "Active"}},
        {"LoggingConfig": {"LogFormat": "JSON"}},
        {"Environment": {"Variables": {"DB_CA_BUNDLE": Match.string_like_regexp(r"\S")}}},
    ],
    ids="-".join,
)
def test_the_function_is_set_up_as_it_must_be(stack: StackQuery, properties: dict[str, object]) -> None:
    assert len(stack.resources(FUNCTION, authored=True, where=properties)) == 1


def test_concurrency_is_reserved_and_so_the_load_on_the_database_bounded(stack: StackQuery, function: Resource) -> None:
    assert 1 < stack.value(function, "/ReservedConcurrentExecutions") <= 1000


def test_the_function_runs_in_the_private_subnets(stack: StackQuery, function: Resource) -> None:
    private = Match.array_with([{"Key": "aws-cdk:subnet-type", "Value": "Private"}])
    expected = stack.resources("AWS::EC2::Subnet", where={"Tags": private}).logical_ids
    assert stack.references(function, "/VpcConfig/SubnetIds") == expected


def test_the_function_logs_to_a_group_of_the_stack(stack: StackQuery, function: Resource) -> None:
    (group,) = stack.references(function, "/LoggingConfig/LogGroup")
    assert group in stack.resources("AWS::Logs::LogGroup", authored=True).logical_ids


def test_every_log_group_is_kept_for_a_month_or_more(stack: StackQuery) -> None:
    days = [
        stack.value(resource, "/RetentionInDays") for resource in stack.resources("AWS::Logs::LogGroup", authored=True)
    ]
    assert len(days) == 2
    assert min(days) >= 30


def test_every_log_group_outlives_the_stack(template: TemplateAssertions) -> None:
    template.all_resources("AWS::Logs::LogGroup", {"DeletionPolicy": "Retain"})


def test_the_function_is_told_where_the_credentials_are_not_what_they_are(
    stack: StackQuery, function: Resource
) -> None:
    attachment = stack.resource("AWS::SecretsManager::SecretTargetAttachment").logical_id
    assert stack.value(function, "/Environment/Variables/DB_SECRET_ARN") == {"Ref": attachment}
    assert "resolve:secretsmanager" not in str(stack.value(function, "/Environment"))


def test_the_role_is_for_lambda_alone(stack: StackQuery, function: Resource) -> None:
    (name,) = stack.references(function, "/Role")
    role = next(resource for resource in stack.resources("AWS::IAM::Role") if resource.logical_id == name)
    (statement,) = stack.value(role, "/AssumeRolePolicyDocument")["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    (managed,) = stack.value(role, "/ManagedPolicyArns")
    assert "AWSLambdaENIManagementAccess" in str(managed)


def test_every_role_can_be_taken_by_its_service(stack: StackQuery) -> None:
    trusts = [stack.value(resource, "/AssumeRolePolicyDocument") for resource in stack.resources("AWS::IAM::Role")]
    statements = [statement for trust in trusts for statement in trust["Statement"]]
    assert len(statements) == len(trusts)
    assert {(statement["Effect"], statement["Action"]) for statement in statements} == {("Allow", "sts:AssumeRole")}
    assert [statement for statement in statements if {*statement["Principal"]} != {"Service"}] == []


def test_no_action_is_a_wildcard_for_a_whole_service(stack: StackQuery, function: Resource) -> None:
    found = [action for statement in statements(stack, function) for action in actions(statement)]
    assert "kinesis:GetRecords" in found
    assert [action for action in found if action == "*" or action.endswith(":*")] == []


def test_only_actions_that_know_no_resource_are_allowed_on_all(stack: StackQuery, function: Resource) -> None:
    everywhere = {
        action
        for statement in statements(stack, function)
        if statement["Resource"] == "*"
        for action in actions(statement)
    }
    assert everywhere == {"ec2:DescribeSubnets", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}


@pytest.mark.parametrize(
    ("resource_type", "needed"),
    [
        ("AWS::SecretsManager::SecretTargetAttachment", {"secretsmanager:GetSecretValue"}),
        ("AWS::Kinesis::Stream", {"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStreamSummary",
                                  "kinesis:ListShards"}),
        ("AWS::SQS::Queue", {"sqs:SendMessage"}),
        ("AWS::KMS::Key", {"kms:Decrypt", "kms:GenerateDataKey*"}),
    ],
)  # fmt: skip
def test_the_function_may_do_what_it_needs_and_on_this_alone(
    stack: StackQuery, function: Resource, resource_type: str, needed: set[str]
) -> None:
    target = stack.resource(resource_type).logical_id
    on_target = ({"Ref": target}, {"Fn::GetAtt": [target, "Arn"]})
    allowed = [statement for statement in statements(stack, function) if statement["Effect"] == "Allow"]
    assert needed <= {
        action for statement in allowed if statement["Resource"] in on_target for action in actions(statement)
    }
    elsewhere = {
        action for statement in allowed if statement["Resource"] not in on_target for action in actions(statement)
    }
    assert needed & elsewhere == set()


def test_the_function_writes_to_its_own_log_group_alone(stack: StackQuery, function: Resource) -> None:
    (group,) = stack.references(function, "/LoggingConfig/LogGroup")
    writing = [statement for statement in statements(stack, function) if "logs:PutLogEvents" in actions(statement)]
    assert [statement["Resource"] for statement in writing] == [{"Fn::GetAtt": [group, "Arn"]}]
    assert "logs:CreateLogStream" in actions(writing[0])


def test_nothing_is_denied_to_the_function(stack: StackQuery, function: Resource) -> None:
    assert {statement["Effect"] for statement in statements(stack, function)} == {"Allow"}


def test_the_stream_feeds_the_function(stack: StackQuery, function: Resource) -> None:
    mapping = stack.resource(MAPPING)
    assert stack.references(mapping, "/EventSourceArn") == (stack.resource("AWS::Kinesis::Stream").logical_id,)
    assert stack.references(mapping, "/FunctionName") == (function.logical_id,)


def test_the_trigger_is_on(template: TemplateAssertions) -> None:
    template.all_resources_properties(MAPPING, {"Enabled": Match.absent(), "StartingPosition": "TRIM_HORIZON"})


def test_a_poisoned_record_fails_alone(template: TemplateAssertions) -> None:
    template.all_resources_properties(
        MAPPING, {"BisectBatchOnFunctionError": True, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    )


def test_retries_end(stack: StackQuery) -> None:
    mapping = stack.resource(MAPPING)
    assert 1 <= stack.value(mapping, "/MaximumRetryAttempts") <= 10_000
    assert 1 <= stack.value(mapping, "/BatchSize") <= 10_000
    assert stack.value(mapping, "/MaximumRecordAgeInSeconds") >= 60


def test_what_fails_for_good_goes_to_the_dead_letters(stack: StackQuery) -> None:
    queue = stack.resource("AWS::SQS::Queue").logical_id
    assert stack.references(stack.resource(MAPPING), "/DestinationConfig/OnFailure/Destination") == (queue,)


def test_dead_letters_are_kept_as_long_as_possible(template: TemplateAssertions) -> None:
    template.all_resources_properties("AWS::SQS::Queue", {"MessageRetentionPeriod": 14 * 24 * 3600})


def test_dead_letters_travel_encrypted(stack: StackQuery) -> None:
    policy = stack.resource("AWS::SQS::QueuePolicy")
    assert stack.references(policy, "/Queues") == (stack.resource("AWS::SQS::Queue").logical_id,)
    (statement,) = stack.value(policy, "/PolicyDocument")["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "sqs:*", {"AWS": "*"})
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
