"""The proof of a stack: what is read, compared, excused, and never mixed up."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stackproof.core.errors import UnreachableError
from stackproof.core.json import JsonObject
from stackproof.core.notification import Level
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Change, Coverage, DriftStatus, Reading, ResourceProof
from stackproof.proof.observer import Observation, RetryPolicy
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.proof.prover import Prover, prove_stack
from tests.live_fakes import FakeSchemas, FakeTarget, deployment, failure, lone_prover, template

THING = "Test::Thing"
OPEN: JsonObject = {"properties": {"Secret": {"type": "string"}}, "writeOnlyProperties": ["/properties/Secret"]}


def resources(**entries: Any) -> dict[str, Any]:
    """A template of things: logical id → properties, or a whole entry if it has a Type."""
    return {
        "Resources": {
            name: value if "Type" in value else {"Type": THING, "Properties": value} for name, value in entries.items()
        }
    }


def prover(
    body: Mapping[str, Any],
    readings: Mapping[str, Any],
    *,
    target: FakeTarget | None = None,
    deployed: Deployment | None = None,
    readers: Mapping[str, Reader] | None = None,
    retry_policy: RetryPolicy | None = None,
) -> Prover:
    """A prover whose reader gives what is there by logical id: a reading, its properties, None or an exception."""

    def read(request: ReadRequest) -> Reading | None:
        found = readings.get(request.logical_id)
        if isinstance(found, Exception):
            raise found
        return found if found is None or isinstance(found, Reading) else Reading(properties=found)

    made = template(body)
    return lone_prover(
        template=made,
        deployment=deployed
        or deployment(
            {resource.logical_id: (resource.resource_type, f"{resource.logical_id}-1") for resource in made.resources}
        ),
        target=target or FakeTarget(),
        readers=readers if readers is not None else {THING: read},
        schemas=FakeSchemas({THING: OPEN}),
        retry_policy=retry_policy or RetryPolicy(sleep=lambda _: None),
    )


def reasons(proof: ResourceProof) -> dict[str, str]:
    return {unproven.path: unproven.reason.value for unproven in proof.unproven}


def test_a_resource_that_is_as_the_template_says() -> None:
    proof = prover(resources(A={"Name": "x"}), {"A": {"Name": "x", "More": 1}}).prove("A")
    assert proof.status is DriftStatus.IN_SYNC
    assert proof.physical_id == "A-1"
    assert proof.proven == ("/Name",)
    assert proof.is_proven


def test_a_property_that_is_not() -> None:
    proof = prover(resources(A={"Name": "x", "Size": 1}), {"A": {"Name": "y", "Size": 1}}).prove("A")
    assert proof.status is DriftStatus.MODIFIED
    assert [(difference.path, difference.change) for difference in proof.differences] == [("/Name", Change.NOT_EQUAL)]
    assert proof.proven == ("/Size",)


def test_a_resource_that_is_gone_differs_in_every_property() -> None:
    body = resources(A={"Name": "x", "Empty": [], "Other": {"Ref": "Nobody"}})
    proof = prover(body, {"A": None}).prove("A")
    assert proof.status is DriftStatus.DELETED
    assert [difference.path for difference in proof.differences] == ["/Empty", "/Name", "/Other"]
    assert Coverage.of((proof,)).properties_differ == 3


def test_a_resource_that_is_found_by_what_is_not_known_is_not_gone() -> None:
    body = resources(A={"Owner": {"Ref": "Nobody"}, "Name": "x", "Other": [{"Ref": "Nobody"}, "y"]})

    def by(name: str) -> ResourceProof:
        def read(request: ReadRequest) -> Reading | None:
            return None if name in request.expected or request.expected.get(name) is None else Reading(properties={})

        return prover(body, {}, readers={THING: read}).prove("A")

    for name in ("Owner", "Other"):
        assert reasons(by(name))[""] == "unresolved"
        assert by(name).unproven[0].detail == f"its identifier is unknown: {name}"
    assert by("Name").status is by("Nothing").status is DriftStatus.DELETED


def test_what_is_found_by_something_that_is_gone_is_gone() -> None:
    body = resources(A={"Owner": {"Fn::GetAtt": ["B", "Id"]}}, B={"Name": "x"})

    def read(request: ReadRequest) -> Reading | None:
        assert request.expected.get("Owner") is None
        return None

    proofs = prover(body, {}, readers={THING: read})
    assert {name: proofs.prove(name).status for name in "AB"} == dict.fromkeys("AB", DriftStatus.DELETED)


def test_a_reader_is_told_what_is_known() -> None:
    told: list[Any] = []

    def read(request: ReadRequest) -> Reading | None:
        told.append((dict(request.expected), len(request.expected), "Owner" in request.expected))
        return Reading(properties={"Name": "x"})

    body = resources(A={"Owner": {"Ref": "Nobody"}, "Name": "x", "Other": [{"Ref": "Nobody"}, "y"]})
    assert prover(body, {}, readers={THING: read}).prove("A").proven == ("/Name",)
    assert told == [({"Name": "x", "Other": ["y"]}, 2, False)]


def test_a_resource_that_the_stack_does_not_have_is_gone() -> None:
    proof = prover(resources(A={"Name": "x"}), {}, deployed=deployment({})).prove("A")
    assert (proof.status, proof.physical_id) == (DriftStatus.DELETED, None)
    failed = DeployedResource(logical_id="A", physical_id="a", resource_type=THING, status="CREATE_FAILED")
    state = Deployment(stack_name="Net", stack_id="1", status="x", account="1", region="r", resources=(failed,))
    assert prover(resources(A={"Name": "x"}), {}, deployed=state).prove("A").status is DriftStatus.DELETED


def test_a_type_that_the_target_does_not_know_is_not_gone() -> None:
    target = FakeTarget(gaps=frozenset({(THING, "")}))
    proof = prover(resources(A={"Name": "x"}), {}, deployed=deployment({}), target=target).prove("A")
    assert proof.status is DriftStatus.NOT_CHECKED
    assert reasons(proof) == {"": "not_emulated", "/Name": "not_emulated"}


def test_a_type_without_a_reader() -> None:
    proof = prover(resources(A={"Name": "x"}), {}, readers={}).prove("A")
    assert proof.status is DriftStatus.NOT_CHECKED
    assert reasons(proof) == {"": "no_reader", "/Name": "no_reader"}


def test_a_custom_resource_stands_apart() -> None:
    body = resources(A={"Type": "Custom::Thing", "Properties": {"Name": "x"}})
    proof = prover(body, {}).prove("A")
    assert proof.custom
    assert reasons(proof) == {"": "not_emulated", "/Name": "not_emulated"}
    assert Coverage.of((proof,)).resources_total == 0


def test_why_a_property_is_not_proven() -> None:
    """Unread beats not emulated; a write-only property is excused only while it is not to be seen."""
    body = resources(A={"Secret": "s", "Dropped": "d", "Hidden": {"Deep": 1}, "Unknown": {"Ref": "Nobody"}, "Known": 1})
    reading = Reading(
        properties={"Known": 1, "Dropped": "other"},
        unread={"/Hidden": UnprovenReason.DENIED, "/Secret": UnprovenReason.NO_READER},
    )
    target = FakeTarget(gaps=frozenset({(THING, "/Dropped")}))
    proof = prover(body, {"A": reading}, target=target).prove("A")
    assert proof.status is DriftStatus.IN_SYNC
    assert proof.proven == ("/Known",)
    assert reasons(proof) == {
        "/Dropped": "not_emulated",
        "/Hidden/Deep": "denied",
        "/Secret": "write_only",
        "/Unknown": "unresolved",
    }


def test_the_default_of_what_was_not_read_proves_nothing() -> None:
    """The reading has an empty list where a call was denied."""
    reading = Reading(
        properties={"Policies": [], "Hidden": {}, "Name": "x"},
        unread={"/Policies": UnprovenReason.DENIED, "/Hidden": UnprovenReason.NO_READER},
    )
    proof = prover(resources(A={"Policies": [], "Hidden": {}, "Name": "x"}), {"A": reading}).prove("A")
    assert proof.proven == ("/Name",)
    assert reasons(proof) == {"/Hidden": "no_reader", "/Policies": "denied"}


def test_of_several_reasons_the_most_exact_one_counts() -> None:
    unread = {"/Code": UnprovenReason.WRITE_ONLY, "/Code/Key": UnprovenReason.DENIED}
    proof = prover(resources(A={"Code": {"Key": "k"}}), {"A": Reading(properties={}, unread=unread)}).prove("A")
    assert reasons(proof) == {"/Code/Key": "denied"}


def test_a_difference_keeps_no_secret() -> None:
    expected = {"Environment": {"DB_PASSWORD": "from-template", "STAGE": "dev"}}
    live = {"Environment": {"DB_PASSWORD": "hunter2-live", "STAGE": "prod"}}
    proof = prover(resources(A=expected), {"A": live}).prove("A")
    assert [(difference.path, difference.expected, difference.actual) for difference in proof.differences] == [
        ("/Environment/DB_PASSWORD", "***", "***"),
        ("/Environment/STAGE", "dev", "prod"),
    ]


def test_a_resource_that_is_gone_shows_no_secret_of_its_template() -> None:
    proof = prover(resources(A={"Password": "from-template", "Name": "x"}), {"A": None}).prove("A")
    assert [(difference.path, difference.expected) for difference in proof.differences] == [
        ("/Name", "x"),
        ("/Password", "***"),
    ]


def test_what_is_seen_and_equal_is_proven_whatever_was_expected_of_the_target() -> None:
    target = FakeTarget(gaps=frozenset({(THING, "/Dropped")}))
    body = resources(A={"Secret": "s", "Dropped": "d"})
    assert prover(body, {"A": {"Secret": "s", "Dropped": "d"}}, target=target).prove("A").proven == (
        "/Dropped",
        "/Secret",
    )
    assert prover(body, {"A": {"Secret": "other", "Dropped": "d"}}).prove("A").status is DriftStatus.MODIFIED


def test_a_condition_that_is_false_excuses_a_resource() -> None:
    body = {
        "Conditions": {"Off": {"Fn::Equals": ["a", "b"]}, "Open": {"Fn::Equals": [{"Ref": "Nobody"}, "b"]}},
        "Resources": {
            "A": {"Type": THING, "Condition": "Off"},
            "B": {"Type": THING, "Condition": "Open", "Properties": {"Name": "x"}},
            "C": {"Type": "AWS::CDK::Metadata"},
        },
    }
    made = prover(body, {}, deployed=deployment({}))
    assert made.expected_ids() == ("B",)
    assert reasons(made.prove("B")) == {"": "unresolved", "/Name": "unresolved"}


def test_references_and_attributes_come_from_what_is_live() -> None:
    body = resources(
        A={
            "Ref": {"Fn::Join": ["", [{"Ref": "B"}]]},
            "Arn": {"Fn::GetAtt": ["B", "Arn"]},
            "Deep": {"Fn::GetAtt": ["B", "Endpoint.Port"]},
            "Missing": {"Fn::GetAtt": ["B", "Nothing"]},
            "Nobody": {"Fn::GetAtt": ["Nobody", "Arn"]},
            "Gone": {"Fn::GetAtt": ["Gone", "Arn"]},
            "Empty": {"Ref": "Empty"},
            "Absent": {"Ref": "Absent"},
        },
        B={},
        Gone={},
        Empty={},
    )
    readings = {
        "A": {"Ref": "B-1", "Arn": "arn:b", "Deep": 5},
        "B": Reading(properties={"Endpoint": {"Port": 5}}, attributes={"Arn": "arn:b"}),
        "Gone": None,
        "Empty": Reading(properties={}, reference="empty-ref"),
    }
    deployed = deployment({"A": (THING, "a"), "B": (THING, "B-1"), "Gone": (THING, "g"), "Empty": (THING, "")})
    made = prover(body, readings, deployed=deployed)
    assert made.expected("A")["Empty"] == "empty-ref"
    proof = made.prove("A")
    assert proof.proven == ("/Arn", "/Deep", "/Ref")
    assert set(reasons(proof)) == {"/Absent", "/Gone", "/Missing", "/Nobody"}
    assert made.resolved({"Fn::Sub": "${B.Arn}"}) == "arn:b"


def test_resources_that_refer_to_each_other_in_a_circle_do_not_wait_for_ever() -> None:
    body = resources(A={"X": {"Fn::GetAtt": ["B", "X"]}}, B={"X": {"Fn::GetAtt": ["A", "X"]}, "Y": {"Ref": "A"}})
    readings = {"A": {"X": 1}, "B": {"X": 1, "Y": "A-1"}}
    first, second = prove_stack(prover(body, readings), jobs=2)
    assert (reasons(first), reasons(second)) == ({"/X": "unresolved"}, {"/X": "unresolved"})
    assert second.proven == ("/Y",)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (failure("AccessDenied"), "denied"),
        (failure("Boom", status=503), "unreachable"),
        (failure("Throttling"), "throttled"),
    ],
)
def test_what_a_service_refuses_is_a_reason(error: Exception, reason: str) -> None:
    proof = prover(resources(A={"Name": "x"}), {"A": error}).prove("A")
    assert proof.status is DriftStatus.NOT_CHECKED
    assert reasons(proof) == {"": reason, "/Name": reason}


def test_a_reader_that_breaks_is_said_and_the_others_go_on() -> None:
    made = prover(resources(A={"Name": "x"}, B={"Name": "x"}), {"A": ZeroDivisionError("oops"), "B": {"Name": "x"}})
    first, second = prove_stack(made)
    assert first.status is DriftStatus.NOT_CHECKED
    assert "ZeroDivisionError: oops" in first.unproven[0].detail
    assert second.status is DriftStatus.IN_SYNC
    (notification,) = made.notifications
    assert notification.level is Level.ERROR
    assert "Net/A" in notification.message


def test_a_resource_in_the_middle_of_an_operation_is_busy() -> None:
    row = DeployedResource(logical_id="A", physical_id="a", resource_type=THING, status="UPDATE_IN_PROGRESS")
    deployed = Deployment(stack_name="Net", stack_id="1", status="x", account="1", region="r", resources=(row,))
    assert reasons(prover(resources(A={}), {}, deployed=deployed).prove("A")) == {"": "busy"}


def test_a_throttled_read_is_repeated_with_growing_pauses() -> None:
    pauses: list[float] = []
    answers: list[Any] = [failure("Throttling"), failure("Throttling"), Reading(properties={"Name": "x"})]

    def read(_: ReadRequest) -> Reading:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Reading)
        return answer

    made = prover(
        resources(A={"Name": "x"}),
        {},
        readers={THING: read},
        retry_policy=RetryPolicy(sleep=pauses.append, jitter=lambda: 1.0),
    )
    assert made.prove("A").status is DriftStatus.IN_SYNC
    assert pauses == [0.5, 1.0]


def test_what_is_out_of_reach_is_read_again_with_less_than_the_full_pause() -> None:
    pauses: list[float] = []
    answers: list[Any] = [failure("Boom", status=503), failure("Boom", status=500), Reading(properties={"Name": "x"})]

    def read(_: ReadRequest) -> Reading:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Reading)
        return answer

    retry_policy = RetryPolicy(sleep=pauses.append, jitter=lambda: 0.0)
    assert prover(resources(A={"Name": "x"}), {}, readers={THING: read}, retry_policy=retry_policy).prove("A").is_proven
    assert pauses == [0.25, 0.5]


def test_a_target_that_is_taken_for_dead_is_asked_no_more() -> None:
    pauses: list[float] = []
    error = UnreachableError("dead")
    proof = prover(resources(A={"Name": "x"}), {"A": error}, retry_policy=RetryPolicy(sleep=pauses.append)).prove("A")
    assert reasons(proof) == {"": "unreachable", "/Name": "unreachable"}
    assert pauses == []


def test_nothing_is_read_after_the_deadline() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    retry_policy = RetryPolicy(deadline=3.0, clock=lambda: now[0], sleep=sleep, jitter=lambda: 1.0)
    made = prover(resources(A={}, B={}), {"A": failure("Throttling"), "B": {}}, retry_policy=retry_policy)
    assert reasons(made.prove("A")) == {"": "throttled"}
    assert now == [3.5]
    late = made.prove("B")
    assert (reasons(late), late.unproven[0].detail) == ({"": "unreachable"}, "not read before the deadline of the run")


def test_a_key_that_may_not_be_read_still_has_its_arn() -> None:
    """What refers to it is proven; what cannot be known without a look stays unresolved."""
    key = "AWS::KMS::Key"
    body = resources(
        Key={"Type": key, "Properties": {}},
        Thing={"Name": {"Fn::GetAtt": ["Key", "Arn"]}, "Other": {"Fn::GetAtt": ["Key", "KeyId"]}},
    )
    arn = "arn:aws:kms:us-east-1:123456789012:key/Key-1"

    def denied(_: ReadRequest) -> Reading:
        raise failure("AccessDenied")

    readers = {key: denied, THING: lambda _: Reading(properties={"Name": arn, "Other": "Key-1"})}
    proof = prover(body, {}, readers=readers).prove("Thing")
    assert (proof.proven, reasons(proof)) == (("/Name",), {"/Other": "unresolved"})


def test_what_is_not_there_yet_is_waited_for_until_the_deadline() -> None:
    now = [0.0]
    seen: list[float] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def read(_: ReadRequest) -> Reading | None:
        seen.append(now[0])
        return Reading(properties={}) if now[0] >= 3 else None

    retry_policy = RetryPolicy(settled_at=10, clock=lambda: now[0], sleep=sleep)
    made = prover(resources(A={}), {}, readers={THING: read}, retry_policy=retry_policy)
    assert made.prove("A").status is DriftStatus.IN_SYNC
    late = RetryPolicy(settled_at=1, clock=lambda: now[0], sleep=sleep)
    now[0] = 0.0
    assert (
        prover(resources(A={}), {}, readers={THING: read}, retry_policy=late).prove("A").status is DriftStatus.DELETED
    )


class Lagging:
    """A clock that only sleeping moves, and a reader that shows the old name of `B` until a time of it."""

    def __init__(self, *, until: float) -> None:
        self.now = 0.0
        self.reads: list[str] = []
        self._until = until

    def retry_policy(self, *, settled_at: float, deadline: float = math.inf) -> RetryPolicy:
        return RetryPolicy(settled_at=settled_at, deadline=deadline, clock=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def read(self, request: ReadRequest) -> Reading:
        self.reads.append(request.logical_id)
        late = request.logical_id == "B" and self.now < self._until
        name = "old" if late else "new"
        return Reading(properties={"Name": name}, attributes={"Label": name})

    def proof(self, logical_id: str, retry_policy: RetryPolicy) -> ResourceProof:
        body = resources(A={"Name": {"Fn::GetAtt": ["B", "Label"]}}, B={"Name": "new"})
        return prover(body, {}, readers={THING: self.read}, retry_policy=retry_policy).prove(logical_id)


def test_a_property_that_lags_is_looked_at_again_until_the_deployment_has_settled() -> None:
    lagging = Lagging(until=3)
    assert lagging.proof("B", lagging.retry_policy(settled_at=10)).status is DriftStatus.IN_SYNC
    assert 3 <= lagging.now < 10
    late = Lagging(until=30)
    proof = late.proof("B", late.retry_policy(settled_at=10))
    assert (proof.status, proof.differences[0].actual) == (DriftStatus.MODIFIED, "old")
    assert late.now == pytest.approx(10)


def test_an_attribute_that_lags_is_looked_at_again_where_it_is_expected() -> None:
    lagging = Lagging(until=3)
    assert lagging.proof("A", lagging.retry_policy(settled_at=10)).status is DriftStatus.IN_SYNC


def test_what_was_not_just_deployed_is_looked_at_once_even_if_it_differs() -> None:
    lagging = Lagging(until=3)
    assert lagging.proof("B", RetryPolicy()).status is DriftStatus.MODIFIED
    assert lagging.reads == ["B"]


def test_the_deadline_of_a_run_ends_the_wait_for_what_lags() -> None:
    lagging = Lagging(until=30)
    assert lagging.proof("B", lagging.retry_policy(settled_at=100, deadline=2)).status is DriftStatus.MODIFIED
    assert lagging.now == pytest.approx(2)


def test_a_difference_stands_if_the_looks_after_it_see_nothing() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def read(_: ReadRequest) -> Reading:
        if now[0] > 0:
            raise failure("AccessDenied")
        return Reading(properties={"Name": "old"})

    retry_policy = RetryPolicy(settled_at=5, clock=lambda: now[0], sleep=sleep)
    proof = prover(resources(A={"Name": "new"}), {}, readers={THING: read}, retry_policy=retry_policy).prove("A")
    assert proof.status is DriftStatus.MODIFIED


def test_each_resource_is_read_once_from_all_threads() -> None:
    reads: list[str] = []
    lock = threading.Lock()

    def read(request: ReadRequest) -> Reading:
        with lock:
            reads.append(request.logical_id)
        return Reading(properties={"X": "arn"}, attributes={"Arn": "arn"})

    body = resources(Base={}, **{f"User{index}": {"X": {"Fn::GetAtt": ["Base", "Arn"]}} for index in range(20)})
    proofs = prove_stack(prover(body, {}, readers={THING: read}), jobs=8)
    assert sorted(reads) == sorted([*(f"User{index}" for index in range(20)), "Base"])
    assert [proof.location.logical_id for proof in proofs] == sorted(reads)
    assert all(proof.status is DriftStatus.IN_SYNC for proof in proofs)


def test_a_reader_gets_what_the_template_expects_as_far_as_it_is_known() -> None:
    asked: list[ReadRequest] = []

    def read(request: ReadRequest) -> Reading:
        asked.append(request)
        return Reading(properties={})

    prover(resources(A={"Name": {"Ref": "B"}, "Other": {"Ref": "Nobody"}}, B={}), {}, readers={THING: read}).prove("A")
    (request,) = asked
    assert request.expected == {"Name": "B-1"}
    assert (request.physical_id, request.resource_type, request.account) == ("A-1", THING, "123456789012")


GROUP = "AWS::EC2::SecurityGroup"
RULE = "AWS::EC2::SecurityGroupIngress"


def test_a_rule_of_its_own_is_no_difference_of_its_group() -> None:
    own = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}
    part = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}
    stray = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "0.0.0.0/0"}
    body = {
        "Conditions": {"Off": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Group": {"Type": GROUP, "Properties": {"SecurityGroupIngress": [own]}},
            "Rule": {"Type": RULE, "Properties": {**part, "GroupId": {"Ref": "Group"}}},
            "Elsewhere": {"Type": RULE, "Properties": {**stray, "GroupId": "sg-other"}},
            "Never": {"Type": RULE, "Condition": "Off", "Properties": {**stray, "GroupId": {"Ref": "Group"}}},
        },
    }
    sets: JsonObject = {"properties": {"SecurityGroupIngress": {"type": "array", "insertionOrder": False}}}

    def found(*live: Mapping[str, Any]) -> ResourceProof:
        made = prover(body, {}, readers={GROUP: lambda _: Reading(properties={"SecurityGroupIngress": list(live)})})
        made._schemas = FakeSchemas({GROUP: sets})
        return made.prove("Group")

    assert found(own, part).status is DriftStatus.IN_SYNC
    (difference,) = found(own, part, stray).differences
    assert difference.change is Change.ADD
    assert difference.actual == [own, stray]


@pytest.mark.parametrize("unread", ["what it lets in", "whose it is"])
def test_a_rule_that_may_be_one_of_the_templates_is_no_difference_of_its_group_and_no_proof(unread: str) -> None:
    """What the rule refers to could not be read, so that nobody knows all that it sets."""
    own = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}
    ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    unknown = {"Fn::GetAtt": ["Peer", "GroupId"]}
    peer, group = ("Peer-1", unknown) if unread == "whose it is" else (unknown, {"Ref": "Group"})
    body = {
        "Resources": {
            "Group": {"Type": GROUP, "Properties": {"SecurityGroupIngress": [own]}},
            "Peer": {"Type": "Test::Unread", "Properties": {}},
            "Rule": {"Type": RULE, "Properties": {**ports, "SourceSecurityGroupId": peer, "GroupId": group}},
        },
    }
    sets: JsonObject = {"properties": {"SecurityGroupIngress": {"type": "array", "insertionOrder": False}}}

    def found(*live: Mapping[str, Any]) -> ResourceProof:
        made = prover(body, {}, readers={GROUP: lambda _: Reading(properties={"SecurityGroupIngress": list(live)})})
        made._schemas = FakeSchemas({GROUP: sets})
        return made.prove("Group")

    its = {**ports, "SourceSecurityGroupId": "Peer-1"}
    assert (found(own).differences, reasons(found(own))) == ((), {})
    proof = found(own, its)
    assert (proof.differences, proof.proven) == ((), ())
    assert reasons(proof) == {"/SecurityGroupIngress": "unresolved"}
    stray = {**its, "ToPort": 90}
    (difference,) = found(own, its, stray).differences
    assert difference.actual == [own, stray]


def test_what_is_attached_to_a_role_elsewhere_is_no_difference_of_it() -> None:
    role = "AWS::IAM::Role"
    body = {
        "Resources": {
            "Role": {"Type": role, "Properties": {"ManagedPolicyArns": ["arn:a"], "Policies": []}},
            "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": [{"Ref": "Role"}]}},
            "Inline": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "p", "Roles": [{"Ref": "Role"}]}},
        }
    }
    live: JsonObject = {
        "ManagedPolicyArns": ["arn:a", "Managed-1"],
        "Policies": [{"PolicyName": "p", "PolicyDocument": {}}],
    }
    made = prover(body, {}, readers={role: lambda _: Reading(properties=live)})
    assert made.prove("Role").proven == ("/ManagedPolicyArns/0", "/Policies")


def test_a_logical_id_that_the_template_does_not_have() -> None:
    with pytest.raises(KeyError):
        prover(resources(A={}), {}).prove("B")


def test_what_breaks_while_looking_breaks_for_everyone_who_waits() -> None:
    made = prover(resources(A={}), {})
    with pytest.raises(KeyError):
        made.observe("Nobody")
    with pytest.raises(KeyError):
        made.observe("Nobody")


def test_a_reader_gets_the_ids_of_all_of_its_type_and_a_memory_that_they_share() -> None:
    seen: list[tuple[tuple[str, ...], object]] = []
    made = iter(("first", "second"))

    def read(request: ReadRequest) -> Reading:
        seen.append((request.siblings, request.memo("key", lambda: next(made))))
        return Reading(properties={})

    prove_stack(prover(resources(A={}, B={}), {}, readers={THING: read}))
    assert seen == [(("A-1", "B-1"), "first"), (("A-1", "B-1"), "first")]


def test_a_resource_that_is_looked_for_again_is_asked_for_alone() -> None:
    asked: list[tuple[str, ...]] = []

    def read(request: ReadRequest) -> Reading | None:
        asked.append(request.siblings)
        return Reading(properties={}) if len(asked) > 1 else None

    retry_policy = RetryPolicy(settled_at=1.0, clock=lambda: 0.0, sleep=lambda _: None)
    proved = prover(resources(A={}, B={}), {}, readers={THING: read}, retry_policy=retry_policy).prove("A")
    assert proved.status is DriftStatus.IN_SYNC
    assert asked == [("A-1", "B-1"), ("A-1",)]


def test_a_resource_that_was_left_out_is_not_emulated_and_says_why() -> None:
    """Whatever the target says of its type: it was not given the resource."""
    deployed = deployment({}, pruned={"A": "it refers to B"})
    proof = prover(resources(A={"Name": "x"}), {}, deployed=deployed).prove("A")
    assert proof.status is DriftStatus.NOT_CHECKED
    assert reasons(proof) == {"": "not_emulated", "/Name": "not_emulated"}
    assert {unproven.detail for unproven in proof.unproven} == {"it refers to B"}


def test_another_reader_looks_at_what_is_deployed_and_sees_nothing_of_what_is_not() -> None:
    made = template({"Resources": {"A": {"Type": "T::A::A"}, "B": {"Type": "T::A::A"}}})
    prover = lone_prover(
        template=made,
        deployment=deployment({"A": ("T::A::A", "a-1")}),
        target=FakeTarget(),
        readers={},
        schemas=FakeSchemas(),
    )
    seen = prover.observe_by("A", lambda request: Reading(properties={"Id": request.physical_id}))
    assert seen.reading is not None
    assert seen.reading.properties == {"Id": "a-1"}
    assert prover.observe_by("A", lambda request: (request.physical_id,)).reading == ("a-1",)
    assert prover.observe_by("B", lambda _: Reading(properties={})) == Observation()


def test_what_a_reader_knows_and_is_not_there_was_removed_whatever_the_schema_calls_it() -> None:
    """Only what no reader knows, or what a source says that it hides, may be called write-only."""
    body = resources(A={"Secret": "x"})
    [removed] = prover(body, {"A": {}}).prove("A").differences
    assert (removed.path, removed.change) == ("/Secret", Change.REMOVE)
    unknown = Reading(properties={}, unread={"/Secret": UnprovenReason.NO_READER})
    hidden = Reading(properties={}, hides_write_only=True)
    for reading in (unknown, hidden):
        proof = prover(body, {"A": reading}).prove("A")
        assert (proof.differences, reasons(proof)) == ((), {"/Secret": "write_only"})


def test_what_is_empty_and_nobody_could_read_has_the_same_reason_as_what_is_not() -> None:
    unknown = Reading(properties={}, unread={"/Secret": UnprovenReason.NO_READER})
    assert reasons(prover(resources(A={"Secret": {}}), {"A": unknown}).prove("A")) == {"/Secret": "write_only"}


def test_a_resource_whose_properties_a_macro_writes_was_not_looked_at() -> None:
    given = {"Name": "x", "Fn::Transform": {"Name": "AWS::Include"}}
    proof = prover(resources(A=given), {"A": {"Name": "y"}}).prove("A")
    assert proof.status is DriftStatus.NOT_CHECKED
    assert set(reasons(proof).values()) == {"unresolved"}


def test_what_stands_for_any_number_of_resources_is_said_to_be_unseen() -> None:
    body = template({"Resources": {"A": {"Type": THING}}})
    looped: JsonObject = {"Resources": {"Fn::ForEach::Queues": ["X", ["A"], {}], "A": {"Type": THING}}}
    made = lone_prover(
        template=replace(body, body=looped),
        deployment=deployment({"A": (THING, "A-1")}),
        target=FakeTarget(),
        readers={},
        schemas=FakeSchemas({}),
    )
    [said] = made.notifications
    assert said.level is Level.ERROR
    assert "Fn::ForEach::Queues: its resources were not read" in said.message


def test_a_nested_stack_whose_template_nobody_knows_is_said_to_be_unseen() -> None:
    made = template(resources(Inner={"Type": "AWS::CloudFormation::Stack", "Properties": {}}))
    kinds = {resource.logical_id: (resource.resource_type, "arn:inner") for resource in made.resources}

    def said(nested: frozenset[str] | None) -> list[str]:
        found = lone_prover(
            template=made,
            deployment=deployment(kinds),
            target=FakeTarget(),
            readers={},
            schemas=FakeSchemas({}),
            nested=nested,
        )
        return [notification.message for notification in found.notifications]

    assert said(None) == said(frozenset({"Inner"})) == []
    [message] = said(frozenset())
    assert "Inner: its template is not in the assembly" in message


def test_the_key_of_an_alias_is_asked_for_once_it_matters() -> None:
    key = "11111111-2222-3333-4444-555555555555"

    def alias(request: ReadRequest) -> Reading | None:
        known = request.physical_id == "alias/app"
        return Reading(properties={"TargetKeyId": key}) if known else None

    def proven(name: str, live: str) -> ResourceProof:
        readers = {THING: lambda _: Reading(properties={"Name": live}), "AWS::KMS::Alias": alias}
        return prover(resources(A={"Name": name}), {}, readers=readers).prove("A")

    arn = f"arn:aws:kms:us-east-1:123456789012:key/{key}"
    assert proven("alias/app", arn).proven == ("/Name",)
    assert proven("alias/app", arn.replace("1111", "9999")).status is DriftStatus.MODIFIED
    assert reasons(proven("alias/gone", arn)) == {"/Name": "unresolved"}


def test_what_a_read_asked_for_is_forgotten_when_it_is_repeated() -> None:
    """The same request is read twice: only the names that the last read asked for explain that it found nothing."""
    reads = iter((True, False))

    def read(request: ReadRequest) -> Reading | None:
        if next(reads):
            assert request.expected.get("Owner") is None
            raise failure("Throttling")
        return None

    body = resources(A={"Owner": {"Ref": "Nobody"}, "Name": "x"})
    assert prover(body, {}, readers={THING: read}).prove("A").status is DriftStatus.DELETED


def test_a_resource_that_does_not_exist_has_no_doubtful_lists() -> None:
    assert prover(resources(A={"Name": "x"}), {"A": None}).doubtful("A") == ()


def test_without_a_reader_of_aliases_it_is_not_known_which_key_an_alias_names() -> None:
    live = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    proof = prover(resources(A={"Name": "alias/app"}), {"A": {"Name": live}}).prove("A")
    assert reasons(proof) == {"/Name": "unresolved"}


def test_what_has_no_reader_is_not_read_again() -> None:
    """A difference of a new deployment is read again, with the resources that it refers to."""
    unread = {"Type": "Test::Unread", "Properties": {}}
    body = resources(A={"Name": "x", "Owner": {"Ref": "B"}, "Zone": {"Fn::GetAtt": ["B", "Zone"]}}, B=unread)
    answers = iter(({"Name": "old", "Owner": "B-1"}, {"Name": "x", "Owner": "B-1"}))
    policy = RetryPolicy(settled_at=1.0, clock=lambda: 0.0, sleep=lambda _: None)
    readers = {THING: lambda _: Reading(properties=next(answers))}
    proof = prover(body, {}, readers=readers, retry_policy=policy).prove("A")
    assert (proof.status, proof.proven, reasons(proof)) == (
        DriftStatus.IN_SYNC,
        ("/Name", "/Owner"),
        {"/Zone": "unresolved"},
    )
