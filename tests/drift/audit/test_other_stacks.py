"""A child that no stack of the audit declares: what the other stacks of the account and region say of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stackproof.core.errors import InputError, TargetError
from stackproof.deployment.deployment import DeployedResource
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.auditing import AuditedStacks
from stackproof.drift.child import Child
from stackproof.drift.live_stack import LiveStack
from stackproof.drift.ports import ChildFamily
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import Reading
from stackproof.readers.children import FAMILIES
from tests.drift.fakes import FakeCatalog, auditor, busy, caused, live_stack, reader
from tests.live_fakes import failure

ROLE, POLICY, MANAGED = "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"
NESTED = "AWS::CloudFormation::Stack"
DENIED = caused(failure("AccessDenied", status=403))
GRANT = Child(resource_type="AWS::IAM::RolePolicy", child_id="grant", value={}, identity={"PolicyName": "grant"})
ARN = "arn:aws:iam::1:policy/shared"
SHARED = Child(resource_type=MANAGED, child_id=ARN, physical_id=ARN, value=ARN, identity={"Ref": ARN})


def family(name: str, *children: Child) -> ChildFamily:
    [found] = (family for family in FAMILIES if family.name == name)
    return replace(found, read=lambda _: children)


def ours(name: str = "Net", role: str = "r-1") -> LiveStack:
    return live_stack(name, {"Role": (ROLE, role, {"RoleName": role})})


def policy(name: str, **properties: Any) -> LiveStack:
    return live_stack(name, {"Grant": (POLICY, "Other-Grant-1", {"PolicyName": "grant", **properties})})


def audited(catalog: FakeCatalog, *families: ChildFamily, stacks: tuple[str, ...] = ("Net",)) -> AuditedStacks:
    readers = {
        ROLE: reader({"r-1": {"RoleName": "r-1"}, "r-2": {"RoleName": "r-2"}}),
        NESTED: lambda _: Reading(properties={}, attributes={"Outputs.Role": "r-1"}),
    }
    families = families or (family("inline policies of a role", GRANT),)
    return auditor(catalog, readers=lambda _: readers, families=families).audited(stacks)


def one(catalog: FakeCatalog, *families: ChildFamily) -> StackAudit:
    [audit] = audited(catalog, *families).audits
    return audit


@pytest.mark.parametrize(
    "named",
    [
        "r-1",
        {"Fn::Select": [1, {"Fn::Split": ["/", "arn:aws:iam::1:role/r-1"]}]},
        {"Ref": "Given"},
        {"Fn::GetAtt": ["Inner", "Outputs.Role"]},
    ],
)
def test_a_policy_that_a_stack_outside_of_the_audit_puts_on_a_role_is_no_drift(named: Any) -> None:
    grant = (POLICY, "Other-Grant-1", {"PolicyName": "grant", "Roles": [named]})
    other = live_stack("Other", {"Inner": (NESTED, "inner", {}), "Grant": grant})
    assert other.template is not None
    assert other.deployment is not None
    body = {**other.template.body, "Parameters": {"Given": {"Type": "String", "Default": "r-9"}}}
    given = replace(other.deployment, parameters={"Given": "r-1"})
    other = replace(other, template=replace(other.template, body=body), deployment=given)
    catalog = FakeCatalog(ours(), other)
    audit = one(catalog)
    assert (audit.differences, audit.unread) == ((), ())
    assert catalog.asked == ["others", "template Other"]


@pytest.mark.parametrize(
    "other",
    [
        policy("Other", Roles=["r-9"]),
        policy("Other", Roles=["r-1"], PolicyName="else"),
        policy("Other", Users=["r-1"]),
        live_stack("Other", {"Role": (ROLE, "r-9", {}), "Grant": (POLICY, "p", {"Roles": [{"Ref": "Role"}]})}),
        live_stack("Other", {"Topic": ("AWS::SNS::Topic", "t", {})}),
    ],
)
def test_what_no_stack_declares_is_an_alarm_that_says_who_was_not_asked(other: LiveStack) -> None:
    catalog = FakeCatalog(ours(), other)
    audit = one(catalog)
    [difference] = audit.differences
    assert difference.child_id == "grant"
    assert difference.detail == "no stack of us-east-1 declares it; stacks of other regions were not read"
    assert audit.unread == ()


@pytest.mark.parametrize(
    "properties",
    [
        {"Roles": [{"Fn::ImportValue": "no"}]},
        {"Roles": ["r-1"], "PolicyName": {"Fn::ImportValue": "no"}},
    ],
)
def test_what_depends_on_a_value_that_is_not_known_is_open(properties: dict[str, Any]) -> None:
    audit = one(FakeCatalog(ours(), policy("Other", **properties)))
    assert audit.differences == ()
    [question] = audit.unread
    assert (question.question, question.reason) == ("inline policies of a role: grant", UnprovenReason.UNRESOLVED)
    assert "stack Other" in question.detail


@pytest.mark.parametrize(
    ("where", "error", "reason"),
    [
        ("*", DENIED, UnprovenReason.DENIED),
        ("*", TargetError("odd"), UnprovenReason.UNREACHABLE),
        ("template Other", DENIED, UnprovenReason.DENIED),
        ("template Other", caused(failure("Throttling")), UnprovenReason.THROTTLED),
        ("template Other", TargetError("stack Other does not exist"), UnprovenReason.BUSY),
        ("template Other", InputError("is no template"), UnprovenReason.UNREACHABLE),
        ("resources Moving", DENIED, UnprovenReason.DENIED),
        ("the stack", DENIED, UnprovenReason.DENIED),
        ("the stack", TargetError("there is no stack Other", code="NoStack"), UnprovenReason.BUSY),
    ],
)
def test_a_stack_that_cannot_be_read_may_declare_it(where: str, error: Exception, reason: UnprovenReason) -> None:
    other, moving = policy("Other", Roles=["r-1"]), busy(policy("Moving", Roles=["r-1"]))
    catalog = FakeCatalog(ours(), other, *([moving] if "Moving" in where else []))
    if "Moving" in where:
        catalog.stacks.pop(other.stack_id)
    catalog.failing[other.stack_id if where == "the stack" else where] = error
    audit = one(catalog)
    assert (audit.differences, [unread.reason for unread in audit.unread]) == ((), [reason])
    assert not audit.is_complete


@pytest.mark.parametrize(
    ("kind", "child", "found"),
    [
        (POLICY, "inline", []),
        ("AWS::SNS::Topic", "inline", ["grant"]),
        (MANAGED, "attached", []),
    ],
)
def test_a_stack_that_moves_from_one_template_to_another_may_declare_what_it_has(
    kind: str, child: str, found: list[str]
) -> None:
    catalog = FakeCatalog(ours(), busy(policy("Moving")))
    catalog.rows["Moving"] = (
        DeployedResource(logical_id="One", physical_id=ARN, resource_type=kind, status="UPDATE_COMPLETE"),
    )
    catalog.owners[ARN] = "Moving"
    made = family(f"{child} policies of a role", GRANT if child == "inline" else SHARED)
    audit = one(catalog, made)
    assert [difference.child_id for difference in audit.differences] == found
    assert [unread.reason for unread in audit.unread] == ([] if found else [UnprovenReason.BUSY])


def test_a_stack_that_began_an_operation_after_it_was_listed_may_declare_it() -> None:
    other = policy("Other", Roles=["r-1"])
    catalog = FakeCatalog(ours(), other)
    catalog.stacks[other.stack_id] = replace(other, deployment=None, reason=UnprovenReason.BUSY, detail="it moves")
    audit = one(catalog)
    assert [(unread.reason, unread.detail) for unread in audit.unread] == [
        (UnprovenReason.BUSY, "stack Other: it moves")
    ]


@pytest.mark.parametrize(
    ("owner", "roles", "found"),
    [(None, [], [ARN]), ("Other", ["r-1"], []), ("Other", ["r-9"], [ARN]), ("Other", [], [ARN])],
)
def test_a_managed_policy_is_declared_for_the_identities_that_its_stack_names(
    owner: str | None, roles: list[str], found: list[str]
) -> None:
    other = live_stack("Other", {"Shared": (MANAGED, ARN, {"Roles": roles})})
    catalog = FakeCatalog(ours(), other)
    if owner:
        catalog.owners[ARN] = owner
    audit = one(catalog, family("attached policies of a role", SHARED))
    assert [difference.child_id for difference in audit.differences] == found
    assert catalog.asked == (["others", "template Other"] if owner else [])


def test_nothing_is_asked_while_nothing_is_left_over_and_then_each_stack_once() -> None:
    second = Child(resource_type=GRANT.resource_type, child_id="two", value={}, identity={"PolicyName": "two"})
    catalog = FakeCatalog(ours(), policy("Other", Roles=["r-1"]))
    assert one(catalog, family("inline policies of a role")).differences == ()
    assert catalog.asked == []
    catalog = FakeCatalog(ours(), ours("More", "r-2"), policy("Other", Roles=["r-1"]))
    found = audited(catalog, family("inline policies of a role", GRANT, second), stacks=("More", "Net"))
    assert [[difference.child_id for difference in audit.differences] for audit in found.audits] == [
        ["grant", "two"],
        ["two"],
    ]
    assert catalog.asked == ["others", "template Other"]


def test_a_rule_that_cloudformation_has_under_another_id_is_found_in_the_template_of_its_stack() -> None:
    kind, group = "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroup"
    rule = Child(resource_type=kind, child_id="sgr-1", physical_id="sgr-1", value={}, identity={"CidrIp": "10.0.0.0/8"})
    other = live_stack("Other", {"In": (kind, "In", {"GroupId": "sg-1", "CidrIp": "10.0.0.0/8"})})
    net = live_stack("Net", {"Group": (group, "sg-1", {})})
    for stacks, found in (((net, other), []), ((net,), ["sgr-1"])):
        made = auditor(
            FakeCatalog(*stacks),
            readers=lambda _: {group: reader({"sg-1": {}})},
            families=(family("ingress rules", rule),),
        )
        [audit] = made.audited(["Net"]).audits
        assert [(difference.child_id, difference.detail) for difference in audit.differences] == [
            (name, "") for name in found
        ]
