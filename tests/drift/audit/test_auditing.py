"""The audit over fakes: which stacks are audited, what cannot be read, and which stack declares a child."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from stackproof.core.errors import ConfigError, InputError, TargetError, UnreachableError
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.children import owner_names
from stackproof.drift.child import Child
from stackproof.drift.difference import DriftOrigin
from stackproof.drift.live_stack import LiveStack
from stackproof.drift.native_drift import NativeDrift
from stackproof.drift.ports import ChildFamily
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import DriftStatus, Reading
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import ReadRequest
from stackproof.readers.children import FAMILIES
from stackproof.template.location import SourceLine
from tests.drift.fakes import FakeCatalog, auditor, busy, caused, live_stack, reader
from tests.live_fakes import FakeTarget, failure, stack

DEAD = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
TOPIC = "AWS::SNS::Topic"
NESTED = "AWS::CloudFormation::Stack"


def topics(name: str = "Net", **properties: Any) -> Any:
    return live_stack(name, {"Topic": (TOPIC, "t-1", {"DisplayName": "a", **properties})})


def one(found: Any) -> StackAudit:
    [audit] = found.audits
    assert isinstance(audit, StackAudit)
    return audit


def test_what_differs_has_the_line_of_the_assembly_where_there_is_one() -> None:
    source = stack({"Resources": {"Topic": {"Type": TOPIC, "Properties": {"DisplayName": "other"}}}})
    [resource] = source.template.resources
    known = replace(resource, construct_path="Net/Topic", source=SourceLine(file="app.py", line=7))
    source = replace(source, template=replace(source.template, resources=(known,)))
    readers = {TOPIC: reader({"t-1": {"DisplayName": "b"}})}
    found = one(auditor(FakeCatalog(topics()), readers=lambda _: readers, sources={"Net": source}).audited(["Net"]))
    [difference] = found.differences
    assert (difference.origin, difference.path) == (DriftOrigin.DECLARED, "/DisplayName")
    assert (difference.expected, difference.actual) == ("a", "b")
    assert str(difference.location) == "app.py:7"
    assert found.status is DriftStatus.MODIFIED

    against = auditor(FakeCatalog(topics()), readers=lambda _: readers, sources={"Net": source}, against_sources=True)
    [difference] = one(against.audited(["Net"])).differences
    assert difference.expected == "other"
    with pytest.raises(ConfigError, match="the app has no stack Net"):
        auditor(FakeCatalog(topics()), against_sources=True).audited(["Net"])


def test_a_resource_that_is_gone_is_one_difference() -> None:
    found = one(auditor(FakeCatalog(topics()), readers=lambda _: {TOPIC: reader({})}).audited(["Net"]))
    [difference] = found.differences
    assert (difference.origin, difference.path, difference.status) == (DriftOrigin.DELETED, None, DriftStatus.DELETED)


def test_a_stack_that_is_asked_for_by_its_arn_and_what_it_nests_have_their_names() -> None:
    arn = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Net/1a2b"
    inner = replace(topics("Inner"), stack_id="inner")
    outer = replace(live_stack("Net", {"Sub": (NESTED, "inner", {})}), stack_id=arn)
    made = auditor(FakeCatalog(outer, inner), readers=lambda _: {TOPIC: reader({})})
    found = made.audited([arn, "Net"])
    assert [audit.stack_name for audit in found.audits] == ["Net", "Net/Sub"]
    assert auditor(FakeCatalog()).audited([arn]).gone == {"Net"}


def test_a_stack_in_the_middle_of_an_operation_is_not_checked_with_that_as_the_reason() -> None:
    found = one(auditor(FakeCatalog(busy(topics())), readers=lambda _: {TOPIC: reader({})}).audited(["Net"]))
    assert (found.status, found.reason, found.differences) == (DriftStatus.NOT_CHECKED, UnprovenReason.BUSY, ())
    assert dict(found.reasons) == {"busy": 1}
    assert found.coverage.resources_total == 1
    assert not found.is_complete


@pytest.mark.parametrize("live", ["a", "b"])
@pytest.mark.parametrize("later", ["busy", "updated", "updated to the same", "unreachable", "dead", "gone"])
def test_what_an_operation_changes_in_the_meantime_is_neither_drift_nor_clean(later: str, live: str) -> None:
    before = topics()
    catalog = FakeCatalog(before)
    read = reader({"t-1": {"DisplayName": live}})
    after = {
        "busy": busy(before),
        "updated": replace(before, status="UPDATE_COMPLETE"),
        "updated to the same": replace(before, changed="2026-01-01"),
    }

    def reading(request: ReadRequest) -> Any:
        if later == "unreachable":
            catalog.failing[before.stack_id] = caused(DEAD)
        elif later == "dead":
            catalog.failing[before.stack_id] = UnreachableError("the target is taken for dead")
        elif later == "gone":
            catalog.stacks.clear()
        else:
            catalog.later[before.stack_id] = after[later]
        return read(request)

    found = one(auditor(catalog, readers=lambda _: {TOPIC: reading}).audited(["Net"]))
    assert found.differences == ()
    assert found.status is DriftStatus.NOT_CHECKED
    assert found.reason is (UnprovenReason.UNREACHABLE if later in {"unreachable", "dead"} else UnprovenReason.BUSY)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (failure("AccessDenied", status=403), UnprovenReason.DENIED),
        (failure("Throttling"), UnprovenReason.THROTTLED),
        (failure("InternalError", status=500), UnprovenReason.UNREACHABLE),
        (DEAD, UnprovenReason.UNREACHABLE),
    ],
)
def test_no_fault_looks_like_drift(error: Exception, reason: UnprovenReason) -> None:
    """Neither when the stack is read, nor its resources, nor what hangs on them."""
    retry_policy = RetryPolicy(attempts=2, sleep=lambda _: None)
    unread = one(auditor(FakeCatalog(topics(), Net=caused(error))).audited(["Net"]))
    assert (unread.reason, unread.differences, unread.is_complete) == (reason, (), False)

    failing = auditor(
        FakeCatalog(topics()), readers=lambda _: {TOPIC: reader({"t-1": error})}, retry_policy=retry_policy
    )
    found = one(failing.audited(["Net"]))
    assert (found.differences, found.is_complete) == ((), False)
    assert set(found.reasons) == {reason.value}

    def broken(_: ReadRequest) -> list[Child]:
        raise error

    family = ChildFamily(name="things", owners=(TOPIC,), read=broken, actions=())
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    failing = auditor(FakeCatalog(topics()), readers=lambda _: readers, families=(family,), retry_policy=retry_policy)
    found = one(failing.audited(["Net"]))
    assert (found.differences, found.is_complete) == ((), False)
    [question] = found.unread
    assert (question.question, question.reason) == ("things", reason)
    assert (found.children.total, found.children.looked_at) == (1, 0)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        *((UnprovenReason(name), DriftStatus.NOT_CHECKED) for name in ("busy", "denied", "throttled", "unreachable")),
        (UnprovenReason.WRITE_ONLY, DriftStatus.IN_SYNC),
        (UnprovenReason.NOT_EMULATED, DriftStatus.IN_SYNC),
    ],
)
def test_a_property_that_was_refused_is_not_checked_and_one_that_nobody_can_read_is_counted(
    reason: UnprovenReason, status: DriftStatus
) -> None:
    def read(_: ReadRequest) -> Reading:
        return Reading(properties={"DisplayName": "a"}, unread={"/KmsMasterKeyId": reason})

    catalog = FakeCatalog(topics(KmsMasterKeyId="key"))
    found = one(auditor(catalog, readers=lambda _: {TOPIC: read}).audited(["Net"]))
    assert [proof.status for proof in found.proofs] == [DriftStatus.IN_SYNC]
    assert (found.status, dict(found.reasons)) == (status, {reason.value: 1})
    assert DriftReport(target="aws", audits=(found,)).exit_code == (0 if found.is_complete else 3)


def test_a_stack_that_is_not_there_or_not_readable_does_not_stop_the_others() -> None:
    catalog = FakeCatalog(topics(), Odd=InputError("Odd: is no template"))
    found = auditor(catalog, readers=lambda _: {TOPIC: reader({"t-1": {"DisplayName": "a"}})}).audited(
        ["No", "Net", "Odd"]
    )
    assert [audit.stack_name for audit in found.audits] == ["Net"]
    assert [notification.message for notification in found.notifications] == [
        "No was not audited: there is no stack No",
        "Odd was not audited: Odd: is no template",
    ]


def test_nested_stacks_are_walked_once_under_their_parents_name() -> None:
    inner = topics("Inner")
    outer = live_stack("Outer", {"Child": (NESTED, inner.stack_id, {})})
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}}), NESTED: reader({inner.stack_id: {}})}
    found = auditor(FakeCatalog(outer, inner), readers=lambda _: readers).audited(["Inner", "Outer"])
    assert [(audit.stack_name, audit.parent) for audit in found.audits] == [("Outer", None), ("Outer/Child", "Outer")]


def test_instances_of_a_stack_set_are_walked_where_they_are_here() -> None:
    instance = topics("StackSet-x")
    outer = live_stack(
        "Outer",
        {"Set": ("AWS::CloudFormation::StackSet", "set:1", {}), "Two": ("AWS::CloudFormation::StackSet", "denied", {})},
    )
    catalog = FakeCatalog(outer, instance, denied=TargetError("denied"))
    here = (instance.account, instance.region, instance.stack_id)
    catalog.sets["set:1"] = (here, ("999999999999", "eu-west-1", "arn:other"))
    found = auditor(catalog, readers=lambda _: {TOPIC: reader({"t-1": {"DisplayName": "a"}})}).audited(["Outer"])
    assert [audit.stack_name for audit in found.audits] == ["Outer", "Outer/Set/StackSet-x"]
    assert [notification.message for notification in found.notifications] == [
        "Outer/Two: the instances of the stack set are not known: denied",
        "Outer/Set: 1 instances are in other accounts or regions: audit them there",
    ]


def listening(*children: Child, in_stacks: bool = True) -> ChildFamily:
    return ChildFamily(
        name="subscriptions",
        owners=(TOPIC,),
        own="Subscription",
        declared_by=(("AWS::SNS::Subscription", "TopicArn"),),
        in_stacks=in_stacks,
        read=lambda _: children,
        actions=(),
    )


SOMEONE = Child(
    resource_type="AWS::SNS::Subscription",
    child_id="s-1",
    physical_id="s-1",
    value={"Endpoint": "x"},
    identity={"Endpoint": "x"},
)


@pytest.mark.parametrize(
    ("declared", "found", "unread"),
    [
        ({}, ["s-1"], []),
        ({"Sub": ("AWS::SNS::Subscription", "s-1", {"TopicArn": "elsewhere", "Endpoint": "y"})}, [], []),
        ({"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": {"Ref": "Topic"}, "Endpoint": "x"})}, [], []),
        (
            {"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": {"Fn::GetAtt": ["Topic", "Arn"]}, "Endpoint": "x"})},
            [],
            [],
        ),
        ({"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": {"Ref": "Topic"}, "Endpoint": "y"})}, ["s-1"], []),
        ({"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": "elsewhere", "Endpoint": "x"})}, ["s-1"], []),
        ({"Sub": ("AWS::SNS::Subscription", "", {"Endpoint": "x"})}, ["s-1"], []),
        (
            {"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": {"Fn::ImportValue": "no"}, "Endpoint": "x"})},
            [],
            ["unresolved"],
        ),
        (
            {
                "Sub": (
                    "AWS::SNS::Subscription",
                    "",
                    {"TopicArn": {"Ref": "Topic"}, "Endpoint": {"Fn::ImportValue": "no"}},
                )
            },
            [],
            ["unresolved"],
        ),
        (
            {"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": {"Fn::ImportValue": "no"}, "Endpoint": "y"})},
            ["s-1"],
            [],
        ),
    ],
)
def test_a_child_is_drift_if_nobody_declares_it_and_open_if_that_is_not_known(
    declared: dict[str, Any], found: list[str], unread: list[str]
) -> None:
    made = live_stack("Net", {"Topic": (TOPIC, "t-1", {"DisplayName": "a"}), **declared})
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    audit = one(auditor(FakeCatalog(made), readers=lambda _: readers, families=(listening(SOMEONE),)).audited(["Net"]))
    assert [difference.child_id for difference in audit.differences if difference.origin is DriftOrigin.CHILD] == found
    assert [unread.reason.value for unread in audit.unread] == unread


def test_what_another_stack_declares_is_no_drift_whether_it_is_audited_or_not() -> None:
    other = live_stack("Other", {"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": "t-1", "Endpoint": "x"})})
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    families = (listening(SOMEONE),)
    both = auditor(FakeCatalog(topics(), other), readers=lambda _: readers, families=families).audited(["Net", "Other"])
    assert [audit.differences for audit in both.audits] == [(), ()]
    catalog = FakeCatalog(topics())
    catalog.owners["s-1"] = "Unseen"
    assert one(auditor(catalog, readers=lambda _: readers, families=families).audited(["Net"])).differences == ()
    catalog.owners["s-1"] = caused(failure("AccessDenied", status=403))
    audit = one(auditor(catalog, readers=lambda _: readers, families=families).audited(["Net"]))
    assert audit.differences == ()
    assert [unread.reason for unread in audit.unread] == [UnprovenReason.DENIED]
    catalog.owners["s-1"] = TargetError("odd")
    audit = one(auditor(catalog, readers=lambda _: readers, families=families).audited(["Net"]))
    assert [unread.reason for unread in audit.unread] == [UnprovenReason.UNREACHABLE]


def let_go(live: LiveStack, logical_id: str) -> LiveStack:
    assert live.deployment is not None
    rows = tuple(
        replace(resource, status="DELETE_SKIPPED") if resource.logical_id == logical_id else resource
        for resource in live.deployment.resources
    )
    return replace(live, deployment=replace(live.deployment, resources=rows))


def test_nothing_of_another_type_and_nothing_that_a_stack_let_go_hides_a_child() -> None:
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    topic = {"Topic": (TOPIC, "t-1", {"DisplayName": "a"})}
    other = live_stack("Net", {**topic, "Bucket": ("AWS::S3::Bucket", "s-1", {})})
    elsewhere = {"TopicArn": "elsewhere", "Endpoint": "y"}
    gone = let_go(live_stack("Net", {**topic, "Sub": ("AWS::SNS::Subscription", "s-1", elsewhere)}), "Sub")
    for made in (other, gone):
        found = auditor(FakeCatalog(made), readers=lambda _: readers, families=(listening(SOMEONE),)).audited(["Net"])
        assert [difference.child_id for difference in one(found).differences if difference.child_id] == ["s-1"]
        assert ("AWS::SNS::Subscription", "s-1") not in found.physical_ids


@pytest.mark.parametrize(
    ("function", "owner", "found", "unread"),
    [
        ("f-1", None, [], []),
        ("f-2", None, ["sid"], []),
        ("f-2", "Net", ["sid"], []),
        ("f-2", "Unseen", ["sid"], []),
        ("f-2", "Theirs", [], []),
        ({"Fn::ImportValue": "no"}, None, [], ["unresolved"]),
    ],
)
def test_a_permission_that_took_the_name_of_another_functions_is_not_declared(
    function: Any,
    owner: str | None,
    found: list[str],
    unread: list[str],
) -> None:
    kind, permission = "AWS::Lambda::Function", "AWS::Lambda::Permission"
    child = Child(resource_type=permission, child_id="sid", physical_id="sid", value={}, identity={"Ref": "sid"})
    [family] = (family for family in FAMILIES if family.name == "permissions of a function")
    declared = {"F": (kind, "f-1", {}), "May": (permission, "sid", {"FunctionName": function})}
    catalog = FakeCatalog(
        live_stack("Net", declared),
        live_stack("Unseen", {"May": (permission, "sid", {"FunctionName": "f-3"})}),
        live_stack("Theirs", {"May": (permission, "sid" if owner == "Theirs" else "x", {"FunctionName": "f-1"})}),
    )
    if owner is not None:
        catalog.owners["sid"] = owner
    readers = {kind: reader({"f-1": {}})}
    families = (replace(family, read=lambda _: [child]),)
    audit = one(auditor(catalog, readers=lambda _: readers, families=families).audited(["Net"]))
    assert [difference.child_id for difference in audit.differences if difference.child_id] == found
    assert [unread.reason.value for unread in audit.unread] == unread


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (None, None),
        (TargetError("there is no stack Other", code="NoStack"), None),
        (InputError("Other: is no template"), UnprovenReason.UNREACHABLE),
        ("busy", UnprovenReason.BUSY),
        (caused(failure("AccessDenied", status=403)), UnprovenReason.DENIED),
        (caused(failure("Throttling")), UnprovenReason.THROTTLED),
    ],
)
def test_what_a_stack_that_was_not_read_may_declare_is_no_drift(
    other: Exception | str | None, reason: UnprovenReason | None
) -> None:
    moving = busy(live_stack("Other", {"Sub": ("AWS::SNS::Subscription", "", {"TopicArn": "t-1", "Endpoint": "x"})}))
    catalog = FakeCatalog(topics(), *([moving] if other == "busy" else []))
    if isinstance(other, Exception):
        catalog.failing["Other"] = other
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    families = (listening(SOMEONE, in_stacks=False),)
    found = auditor(catalog, readers=lambda _: readers, families=families).audited(
        ["Net", "Other"] if other else ["Net"]
    )
    [audit] = (audit for audit in found.audits if audit.stack_name == "Net")
    assert [difference.child_id for difference in audit.differences] == ([] if reason else ["s-1"])
    assert [unread.reason for unread in audit.unread] == ([reason] if reason else [])
    assert audit.status is (DriftStatus.NOT_CHECKED if reason else DriftStatus.MODIFIED)
    # CloudFormation knows a child by its physical id. No stack can declare a child without a type.
    for family in (listening(SOMEONE), replace(listening(SOMEONE, in_stacks=False), declared_by=())):
        asked = auditor(catalog, readers=lambda _: readers, families=(family,)).audited(["Net", "Other"])
        [audit] = (audit for audit in asked.audits if audit.stack_name == "Net")
        assert [difference.child_id for difference in audit.differences] == ["s-1"]


def test_a_list_that_the_template_sets_is_compared_and_not_asked_for_again() -> None:
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a", "Subscription": []}})}
    made = topics(Subscription=[])
    audit = one(auditor(FakeCatalog(made), readers=lambda _: readers, families=(listening(SOMEONE),)).audited(["Net"]))
    assert audit.children.total == 0


NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("own", "asked", "found", "unread"),
    [
        (NOTHING, 1, ["s-1"], []),
        ({"Fn::If": ["Off", [{"Endpoint": "x"}], NOTHING]}, 1, ["s-1"], []),
        ({"Fn::If": ["On", [], NOTHING]}, 0, [], []),
        ({"Fn::ImportValue": "no"}, 1, [], [("subscriptions", UnprovenReason.UNRESOLVED)]),
        ({"Fn::If": ["Unknown", [], NOTHING]}, 1, [], [("subscriptions", UnprovenReason.UNRESOLVED)]),
    ],
)
def test_a_list_that_comes_to_nothing_is_asked_for_and_one_that_is_not_known_is_open(
    own: Any,
    asked: int,
    found: list[str],
    unread: list[tuple[str, UnprovenReason]],
) -> None:
    body = {
        "Resources": {"Topic": {"Type": TOPIC, "Properties": {"DisplayName": "a", "Subscription": own}}},
        "Conditions": {
            "On": {"Fn::Equals": ["a", "a"]},
            "Off": {"Fn::Equals": ["a", "b"]},
            "Unknown": {"Fn::Equals": ["a", {"Fn::ImportValue": "no"}]},
        },
    }
    made = replace(topics(), template=stack(body).template)
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a", "Subscription": []}})}
    audit = one(auditor(FakeCatalog(made), readers=lambda _: readers, families=(listening(SOMEONE),)).audited(["Net"]))
    assert [difference.child_id for difference in audit.differences] == found
    assert [(unread.question, unread.reason) for unread in audit.unread] == unread
    assert (audit.children.total, audit.children.looked_at) == (asked, asked - len(unread))


def test_a_default_that_the_target_does_not_emulate_is_counted_and_no_drift() -> None:
    kind = "AWS::SQS::Queue"
    made = live_stack("Net", {"Queue": (kind, "q", {})})
    readers = {kind: reader({"q": {"DelaySeconds": 5, "VisibilityTimeout": 31}})}
    target = FakeTarget(gaps=frozenset({(kind, "/DelaySeconds")}))
    audit = one(auditor(FakeCatalog(made), readers=lambda _: readers, target=target).audited(["Net"]))
    assert [(difference.origin.value, difference.path) for difference in audit.differences] == [
        ("undeclared", "/VisibilityTimeout")
    ]
    assert [(unread.question, unread.reason.value) for unread in audit.unread] == [("/DelaySeconds", "not_emulated")]
    assert audit.defaults.total - audit.defaults.looked_at == 1
    assert audit.is_complete


def test_what_may_be_a_secret_is_marked_and_hidden() -> None:
    kind = "AWS::Lambda::Function"
    made = live_stack("Net", {"F": (kind, "f", {"Environment": {"Variables": {"DB_PASSWORD": "first-value"}}})})
    readers = {kind: reader({"f": {"Environment": {"Variables": {"DB_PASSWORD": "other-value"}}}})}
    [difference] = one(auditor(FakeCatalog(made), readers=lambda _: readers).audited(["Net"])).differences
    assert difference.is_secret
    row = difference.row()
    assert (row["expected"], row["actual"]) == ("***", "***")
    assert difference.actual == "***"


def test_native_detection_that_fails_is_said_and_does_not_hide_ours() -> None:
    catalog = FakeCatalog(topics())
    readers = {TOPIC: reader({"t-1": {"DisplayName": "b"}})}
    catalog.drifts = (NativeDrift(logical_id="Topic", status="MODIFIED", paths=("/DisplayName",)),)
    audit = one(auditor(catalog, readers=lambda _: readers, native=True).audited(["Net"]))
    assert [row.seen_by for row in audit.native or ()] == ["both"]
    catalog.drifts = TargetError("not allowed")
    found = auditor(catalog, readers=lambda _: readers, native=True).audited(["Net"])
    assert one(found).native is None
    assert len(one(found).differences) == 1
    assert [notification.message for notification in found.notifications] == [
        "Net: CloudFormation's own detection did not answer: not allowed"
    ]


def test_an_audit_crosses_processes_unchanged() -> None:
    catalog = FakeCatalog(topics())
    catalog.drifts = (NativeDrift(logical_id="Topic", status="MODIFIED", paths=("/DisplayName",)),)
    audit = one(
        auditor(
            catalog,
            readers=lambda _: {TOPIC: reader({"t-1": {"DisplayName": "b"}})},
            families=(listening(SOMEONE),),
            native=True,
        ).audited(["Net"])
    )
    assert StackAudit.from_dict(audit.to_dict()) == audit
    unseen = one(auditor(FakeCatalog(busy(topics()))).audited(["Net"]))
    assert StackAudit.from_dict(unseen.to_dict()) == unseen


def test_a_resource_that_a_condition_takes_away_declares_nothing_and_metadata_is_no_resource() -> None:
    made = topics()
    assert made.template is not None
    extra = stack(
        {
            "Resources": {
                "Topic": {"Type": TOPIC, "Properties": {"DisplayName": "a"}},
                "Sub": {
                    "Type": "AWS::SNS::Subscription",
                    "Condition": "Never",
                    "Properties": {"TopicArn": {"Ref": "Topic"}, "Endpoint": "x"},
                },
                "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}},
            },
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        }
    ).template
    made = replace(made, template=extra)
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    audit = one(auditor(FakeCatalog(made), readers=lambda _: readers, families=(listening(SOMEONE),)).audited(["Net"]))
    assert [difference.child_id for difference in audit.differences] == ["s-1"]
    unseen = one(auditor(FakeCatalog(busy(made))).audited(["Net"]))
    assert [proof.location.logical_id for proof in unseen.proofs] == ["Sub", "Topic"]


@pytest.mark.parametrize(
    ("physical_id", "found"), [("filter", []), ("filter|group", []), ("other", ["filter"]), ("", ["filter"])]
)
def test_the_declaring_resource_may_be_known_by_its_physical_id(physical_id: str, found: list[str]) -> None:
    child = Child(resource_type="X", child_id="filter", value={}, identity={"Ref": "filter", "Qualifier": None})
    declared = {"Sub": ("AWS::SNS::Subscription", physical_id, {"TopicArn": {"Ref": "Topic"}})}
    made = live_stack("Net", {"Topic": (TOPIC, "t-1", {"DisplayName": "a"}), **declared})
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    families = (listening(child, in_stacks=False),)
    audit = one(auditor(FakeCatalog(made), readers=lambda _: readers, families=families).audited(["Net"]))
    assert [difference.child_id for difference in audit.differences if difference.child_id] == found


def test_an_owner_is_known_by_every_name_it_has() -> None:
    reading = Reading(properties={}, attributes={"Arn": "arn:aws:iam::1:role/path/name", "Port": 5}, reference="ref")
    assert owner_names("id", reading) == {"id", "ref", "arn:aws:iam::1:role/path/name", "role/path/name", "name"}


def test_a_stack_that_is_named_twice_is_audited_once_and_all_instances_may_be_here() -> None:
    instance = topics("StackSet-x")
    outer = live_stack("Outer", {"Set": ("AWS::CloudFormation::StackSet", "set:1", {})})
    catalog = FakeCatalog(outer, instance)
    catalog.sets["set:1"] = ((instance.account, instance.region, instance.stack_id),)
    readers = {TOPIC: reader({"t-1": {"DisplayName": "a"}})}
    found = auditor(catalog, readers=lambda _: readers).audited(["Outer", outer.stack_id])
    assert len(found.audits) == 2
    assert found.notifications == ()


def test_a_list_to_which_another_resource_adds_what_is_not_known_leaves_the_audit_incomplete() -> None:
    """A rule that it may explain is not a difference. Whether somebody added a rule is not known either."""
    group = ("AWS::EC2::SecurityGroup", "g-1", {"SecurityGroupIngress": [RULE]})
    where = {"GroupId": {"Ref": "Group"}, "CidrIp": "{{resolve:ssm:/office}}", "IpProtocol": "tcp", "ToPort": 22}
    catalog = FakeCatalog(live_stack("Net", {"Group": group, "Office": ("AWS::EC2::SecurityGroupIngress", "r", where)}))

    def seen(*rules: dict[str, Any]) -> StackAudit:
        readers = {
            "AWS::EC2::SecurityGroup": reader({"g-1": {"SecurityGroupIngress": list(rules)}}),
            "AWS::EC2::SecurityGroupIngress": reader({"r": {**known, "GroupId": "g-1"}}),
        }
        return one(auditor(catalog, readers=lambda _: readers).audited(["Net"]))

    known = {"IpProtocol": "tcp", "ToPort": 22, "CidrIp": "10.0.0.0/8"}
    opened = seen(RULE, {**known, "CidrIp": "0.0.0.0/0"})
    assert opened.differences == ()
    [unread] = opened.unread
    assert (unread.logical_id, unread.question, unread.reason.value) == ("Group", "/SecurityGroupIngress", "unresolved")
    assert not opened.is_complete
    assert seen(RULE).is_complete
    assert [difference.path for difference in seen(RULE, {**known, "ToPort": 23}).differences] == [
        "/SecurityGroupIngress/1"
    ]


RULE = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}
