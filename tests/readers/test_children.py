"""Families of children over recorded answers: what AWS puts there by itself is none, and each is read page by page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session

from stackproof.drift.audit.children import Claims
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.readers.children import FAMILIES
from stackproof.targets.guard import reads_only
from tests.drift.fakes import live_stack
from tests.live_fakes import ACCOUNT, FakeSchemas, FakeTarget, failure, lone_prover, recorded, request

BY_NAME = {family.name: family for family in FAMILIES}


def children(name: str, physical_id: Any = "x", expected: Any = None, **answers: Any) -> list[Child]:
    family: ChildFamily = BY_NAME[name]
    return list(family.read(request(family.owners[0], physical_id, recorded(**answers), **(expected or {}))))


def ids(name: str, *arguments: Any, **answers: Any) -> list[str]:
    return [child.child_id for child in children(name, *arguments, **answers)]


def test_names_are_unique_and_every_action_is_one_that_only_reads() -> None:
    assert len(BY_NAME) == len(FAMILIES) >= 12
    services = set(Session().get_available_services())
    for family in FAMILIES:
        for action in family.actions:
            service, _, operation = action.partition(":")
            assert reads_only(operation, {}), action
            assert service in services | {"elasticloadbalancing"}


def test_the_way_out_that_every_group_has_is_no_child() -> None:
    anywhere = {
        "SecurityGroupRuleId": "sgr-1",
        "GroupId": "x",
        "IsEgress": True,
        "IpProtocol": "-1",
        "FromPort": -1,
        "ToPort": -1,
        "CidrIpv4": "0.0.0.0/0",
    }
    narrow = {**anywhere, "SecurityGroupRuleId": "sgr-2", "CidrIpv4": "10.0.0.0/8"}
    coming = {**anywhere, "SecurityGroupRuleId": "sgr-3", "IsEgress": False}
    answers = {
        "describe_security_group_rules": [{"SecurityGroupRules": [anywhere]}, {"SecurityGroupRules": [narrow, coming]}]
    }
    rules = {"describe_security_group_rules": lambda **_: answers["describe_security_group_rules"]}
    [rule] = children("egress rules", **rules)
    assert (rule.child_id, rule.value) == ("sgr-2", {"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"})
    assert ids("ingress rules", **rules) == ["sgr-3"]


@pytest.mark.parametrize(
    ("member", "named"),
    [
        ({"ReferencedGroupInfo": {"GroupId": "sg-9"}}, {"SourceSecurityGroupId": "sg-9"}),
        ({"PrefixListId": "pl-1"}, {"SourcePrefixListId": "pl-1"}),
        ({"CidrIpv6": "::/0"}, {"CidrIpv6": "::/0"}),
    ],
)
def test_each_kind_of_peer_has_its_name(member: dict[str, Any], named: dict[str, Any]) -> None:
    rule = {
        "SecurityGroupRuleId": "sgr-1",
        "GroupId": "x",
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 1,
        "ToPort": 2,
        **member,
    }
    [found] = children("ingress rules", describe_security_group_rules={"SecurityGroupRules": [rule]})
    assert found.value == {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, **named}


def test_local_propagated_and_endpoint_routes_are_aws_own() -> None:
    routes = [
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
        {"DestinationCidrBlock": "10.1.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
        {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "Origin": "CreateRoute"},
        {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"},
    ]
    [route] = children(
        "routes", "rtb-1", describe_route_tables={"RouteTables": [{"RouteTableId": "rtb-1", "Routes": routes}]}
    )
    assert (route.physical_id, route.identity) == ("rtb-1|0.0.0.0/0", {"DestinationCidrBlock": "0.0.0.0/0"})


def test_the_last_entry_of_a_network_acl_is_aws_own() -> None:
    entries = [{"RuleNumber": 32767, "Egress": True}, {"RuleNumber": 100, "Egress": True}, {"RuleNumber": 100}]
    found = ids("entries of a network ACL", describe_network_acls={"NetworkAcls": [{"Entries": entries}]})
    assert found == ["egress 100", "ingress 100"]


def claimed(name: str, kind: str, declared: dict[str, Any], child: Child) -> bool | None:
    """Whether a stack of this one resource, which names the owner `x`, declares the child."""
    [(_, link)] = BY_NAME[name].declared_by
    live = live_stack("Net", {"One": (kind, "one", {link: "x", **declared})})
    assert live.template is not None
    assert live.deployment is not None
    prover = lone_prover(
        template=live.template, deployment=live.deployment, target=FakeTarget(), readers={}, schemas=FakeSchemas()
    )
    return Claims([prover]).declare(BY_NAME[name], {"x"}, child)


@pytest.mark.parametrize(
    ("declared", "ingress", "egress"),
    [
        ({}, True, False),
        ({"Egress": False}, True, False),
        ({"Egress": "false"}, True, False),
        ({"Egress": True}, False, True),
        ({"Egress": "true"}, False, True),
    ],
)
def test_an_entry_of_a_network_acl_comes_in_unless_it_is_said_to_go_out(
    declared: dict[str, Any],
    ingress: bool,  # noqa: FBT001
    egress: bool,  # noqa: FBT001
) -> None:
    name, kind = "entries of a network ACL", "AWS::EC2::NetworkAclEntry"
    entries = [{"RuleNumber": 100, "Egress": True}, {"RuleNumber": 100, "Egress": False}]
    going, coming = children(name, describe_network_acls={"NetworkAcls": [{"Entries": entries}]})
    template = {"RuleNumber": 100, **declared}
    assert (claimed(name, kind, template, coming), claimed(name, kind, template, going)) == (ingress, egress)


@pytest.mark.parametrize(
    ("live", "declared", "is_declared"),
    [
        ((-1, -1), {"FromPort": 8, "ToPort": -1}, False),
        ((-1, -1), {"FromPort": -1, "ToPort": -1}, True),
        ((-1, -1), {"FromPort": "-1", "ToPort": "-1"}, True),
        ((-1, -1), {}, True),
        ((8, -1), {"FromPort": 8, "ToPort": -1}, True),
        ((8, -1), {"FromPort": -1, "ToPort": -1}, False),
        ((8, 0), {"FromPort": 8, "ToPort": -1}, False),
    ],
)
def test_a_rule_for_all_icmp_is_not_the_one_for_a_ping(
    live: tuple[int, int],
    declared: dict[str, Any],
    is_declared: bool,  # noqa: FBT001
) -> None:
    row = {"SecurityGroupRuleId": "sgr-1", "GroupId": "x", "IsEgress": False, "IpProtocol": "icmp"}
    row |= {"FromPort": live[0], "ToPort": live[1], "CidrIpv4": "10.0.0.0/8"}
    [rule] = children("ingress rules", describe_security_group_rules={"SecurityGroupRules": [row]})
    template = {"IpProtocol": "icmp", "CidrIp": "10.0.0.0/8", **declared}
    assert claimed("ingress rules", "AWS::EC2::SecurityGroupIngress", template, rule) is is_declared


@pytest.mark.parametrize(
    "own",
    [
        {"GranteePrincipal": "rds.us-east-1.amazonaws.com"},
        {"GranteePrincipal": "arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleFor"},
        {"GranteePrincipal": "AIDA", "GranteeServicePrincipal": "dynamodb.amazonaws.com.cn"},
    ],
)
def test_grants_that_services_make_for_themselves_are_no_children(own: dict[str, str]) -> None:
    grants = [{"GrantId": "g-1", **own}, {"GrantId": "g-2", "GranteePrincipal": "arn:aws:iam::1:role/app"}]
    assert ids("grants of a key", list_grants={"Grants": grants}) == ["g-2"]


DEFAULT_STATEMENT: dict[str, Any] = {
    "Sid": "__default_statement_ID",
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["SNS:Publish", "SNS:Subscribe"],
    "Resource": "x",
    "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
}


def statements_of_topic(*statements: dict[str, Any]) -> list[str]:
    policy = {"Id": "__default_policy_ID", "Statement": list(statements)}
    return ids("statements of a topic's policy", get_topic_attributes={"Attributes": {"Policy": json.dumps(policy)}})


def test_the_policy_that_every_topic_has_is_no_child() -> None:
    assert statements_of_topic(DEFAULT_STATEMENT, {"Sid": "Extra"}) == ["Extra"]


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {}},
        {"Condition": {"StringEquals": {"AWS:SourceOwner": "999999999999"}}},
        {"Principal": "*", "Condition": None},
        {"Action": ["SNS:Publish", "SNS:TagResource"]},
        {"Action": "*"},
        {"Resource": "*"},
        {"Effect": "Deny"},
    ],
    ids=str,
)
def test_one_that_was_opened_and_kept_its_id_is_a_child(change: dict[str, Any]) -> None:
    assert statements_of_topic({**DEFAULT_STATEMENT, **change}) == ["__default_statement_ID"]


def test_a_statement_without_a_name_is_named_by_its_hash_and_one_by_itself_is_a_list() -> None:
    policy = json.dumps({"Statement": {"Effect": "Allow"}})
    [name] = ids("statements of a bucket's policy", get_bucket_policy={"Policy": policy})
    assert name.startswith("statement ")
    assert ids("statements of a bucket's policy", get_bucket_policy=failure("NoSuchBucketPolicy")) == []
    assert ids("statements of a queue's policy", get_queue_attributes={}) == []
    assert ids("statements of a secret's policy", get_resource_policy={}) == []


def test_a_subscription_that_waits_is_known_by_what_it_listens_with() -> None:
    rows = [
        {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "a@example.com"},
        {"SubscriptionArn": "arn:aws:sns:r:1:t:s", "Protocol": "sqs", "Endpoint": "q"},
    ]
    waiting, there = children("subscriptions", list_subscriptions_by_topic={"Subscriptions": rows})
    assert (waiting.child_id, waiting.physical_id) == ("email a@example.com", "")
    assert there.physical_id == "arn:aws:sns:r:1:t:s"


@pytest.mark.parametrize(
    ("physical_id", "expected", "asked"),
    [
        ("nightly", {}, {"Rule": "nightly"}),
        ("nightly", {"EventBusName": "orders"}, {"Rule": "nightly", "EventBusName": "orders"}),
        ("orders|nightly", {}, {"Rule": "nightly", "EventBusName": "orders"}),
        ("arn:aws:events:r:1:rule/orders/nightly", {}, {"Rule": "nightly", "EventBusName": "orders"}),
        ("arn:aws:events:r:1:rule/nightly", {}, {"Rule": "nightly"}),
    ],
)
def test_targets_are_asked_of_the_rule_on_its_bus(
    physical_id: str, expected: dict[str, Any], asked: dict[str, str]
) -> None:
    def listed(**parameters: str) -> dict[str, Any]:
        assert parameters == asked
        return {"Targets": [{"Id": "t", "Arn": "a"}]}

    assert ids("targets of a rule", physical_id, expected, list_targets_by_rule=listed) == ["t"]


def test_rules_that_services_keep_on_a_bus_are_no_children() -> None:
    rules = [{"Name": "theirs", "ManagedBy": "schemas.amazonaws.com"}, {"Name": "ours"}]
    assert ids("rules of a bus", "orders", list_rules={"Rules": rules}) == ["ours"]


def test_the_default_rule_of_a_listener_and_members_that_scaling_adds_are_none() -> None:
    rules = [{"RuleArn": "d", "IsDefault": True}, {"RuleArn": "r", "IsDefault": False}]
    assert ids("rules of a listener", describe_rules={"Rules": rules}) == ["r"]
    members = [{"DBInstanceIdentifier": "application-autoscaling-1"}, {"DBInstanceIdentifier": "extra"}]
    answer = {"DBClusters": [{"DBClusterMembers": members}]}
    assert ids("members of a cluster", describe_db_clusters=answer) == ["extra"]


def test_a_url_is_the_functions_own_or_one_of_its_aliases() -> None:
    def url(FunctionName: str, Qualifier: str = "") -> Any:  # noqa: N803 - botocore's names
        assert FunctionName == "f"
        if Qualifier == "none":
            return failure("ResourceNotFoundException")
        end = f":{Qualifier}" if Qualifier == "live" else ""
        return {"FunctionUrl": f"https://{Qualifier}", "FunctionArn": f"arn:f{end}", "AuthType": "NONE"}

    aliases = {"Aliases": [{"Name": name} for name in ("live", "none", "odd")]}
    assert ids("URLs of a function", "f", list_aliases=aliases, get_function_url_config=url) == [
        "https://",
        "https://live",
    ]


def test_a_function_that_nobody_may_invoke_has_no_permissions() -> None:
    assert ids("permissions of a function", get_policy=failure("ResourceNotFoundException")) == []
