"""From CloudFormation's events to one cause and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.deployment.failure_cause import (
    EXAMPLES,
    Subject,
    explained_deadline,
    explained_failure,
    explained_refusal,
    explained_state,
    remedy_for,
    root_event,
)
from stackproof.deployment.stack_event import STACK, StackChange, StackEvent
from stackproof.template.location import Location

NET = Subject(stack_name="Net", options="--region eu-west-1")
CANCELLED = "Resource creation cancelled"


def event(logical_id: str, status: str, reason: str = "", **more: str) -> StackEvent:
    own = logical_id == "Net"
    values = {
        "event_id": f"{logical_id}-{status}",
        "stack_id": "arn:net",
        "stack_name": "Net",
        "physical_id": "arn:net" if own else f"id-{logical_id}",
        "resource_type": STACK if own else "AWS::SNS::Topic",
        **more,
    }
    return StackEvent(logical_id=logical_id, status=status, reason=reason, at=None, **values)


def nowhere(_: StackEvent) -> Location | None:
    return None


@pytest.mark.parametrize(("said", "advice"), EXAMPLES)
def test_a_reason_has_its_remedy(said: str, advice: str) -> None:
    assert remedy_for(said) == advice


def test_an_unknown_reason_is_to_be_corrected_where_it_lies() -> None:
    assert remedy_for("Something else") == "correct it there"


_CONSEQUENCES = st.builds(event, st.sampled_from("XYZ"), st.just("CREATE_FAILED"), st.just(CANCELLED))
_HARMLESS = st.builds(
    event, st.sampled_from(["Net", "X", "Y"]), st.sampled_from(["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
)


@given(st.lists(_CONSEQUENCES | _HARMLESS), st.lists(_CONSEQUENCES | _HARMLESS), st.text(min_size=1))
def test_a_cause_is_found_among_any_consequences(
    before: list[StackEvent], after: list[StackEvent], reason: str
) -> None:
    cause = event("Cause", "CREATE_FAILED", f"because {reason}")
    summary = event("Net", "ROLLBACK_FAILED", "The following resource(s) failed to create: [Cause]")
    assert root_event([*before, cause, *after, summary]) == cause


@given(st.lists(_CONSEQUENCES | _HARMLESS))
def test_consequences_alone_have_no_cause(events: list[StackEvent]) -> None:
    assert root_event(events) is None


@given(st.permutations([event(name, "CREATE_FAILED", "no") for name in "ABC"]))
def test_of_several_causes_the_first_is_the_root(events: list[StackEvent]) -> None:
    assert root_event(events) == events[0]


def test_a_nested_stack_is_only_the_cause_where_its_own_events_are_unknown() -> None:
    outer = event("Data", "CREATE_FAILED", "Embedded stack failed", resource_type=STACK, physical_id="arn:data")
    inner = event("Db", "CREATE_FAILED", "no such version", stack_id="arn:data", stack_name="Net-Data")
    assert root_event([outer, inner]) == inner
    assert root_event([outer]) == outer


def test_a_stack_that_fails_by_itself_is_the_root() -> None:
    failed = event("Net", "UPDATE_FAILED", "Export Net:Vpc cannot be updated as it is in use by App")
    assert root_event([event("Net", "UPDATE_IN_PROGRESS"), failed]) == failed
    summary = event("Net", "UPDATE_FAILED", "The following resource(s) failed to update: [X]")
    assert root_event([summary]) == summary


def test_a_stack_that_is_deleted_anyway_is_nothing_to_delete() -> None:
    said = explained_failure(Subject(stack_name="Net", tidied=True), "ROLLBACK_COMPLETE", (), lambda _: None)
    assert said.endswith("CloudFormation gives no reason; deploy again")


@pytest.mark.parametrize(
    ("status", "then"),
    [
        ("ROLLBACK_COMPLETE", "delete the stack (aws cloudformation delete-stack --stack-name Net --region eu-west-1)"),
        ("UPDATE_ROLLBACK_COMPLETE", "deploy again: the stack is as it was before"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "continue-update-rollback --stack-name Net --region eu-west-1 (--resources-to-skip A",
        ),
        ("DELETE_FAILED", "delete-stack --stack-name Net --region eu-west-1 (--retain-resources A leaves it behind)"),
        ("DELETE_COMPLETE", "then deploy again"),
    ],
)
def test_each_end_says_what_comes_next(status: str, then: str) -> None:
    said = explained_failure(
        NET, status, [event("A", "CREATE_FAILED", "bad\n value.")], lambda _: Location(file="app.py", line=3)
    )
    assert f"({status}): app.py:3: A (AWS::SNS::Topic): bad value; correct it there, then " in said
    assert then in said
    assert "\n" not in said


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_without_a_cause_that_is_said(status: str) -> None:
    said = explained_failure(NET, status, [event("A", "CREATE_FAILED", CANCELLED)], nowhere)
    assert "CloudFormation gives no reason; aws cloudformation" in said
    assert "(--re" not in said


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_is_not_left_out_of_itself(status: str) -> None:
    said = explained_failure(NET, status, [event("Net", "UPDATE_FAILED", "no such parameter")], nowhere)
    assert ": Net (AWS::CloudFormation::Stack): no such parameter; correct it there, then aws cloudformation" in said
    assert "(--re" not in said


def test_a_place_without_a_source_is_left_out() -> None:
    said = explained_failure(
        NET, "ROLLBACK_COMPLETE", [event("A", "CREATE_FAILED")], lambda _: Location(logical_id="A")
    )
    assert "(ROLLBACK_COMPLETE): A (AWS::SNS::Topic): no reason is given; " in said


def test_at_the_deadline_what_is_waited_for_is_named() -> None:
    events = [event("A", "CREATE_IN_PROGRESS"), event("A", "CREATE_COMPLETE"), event("Net", "CREATE_IN_PROGRESS")]
    more = [event(name, "CREATE_IN_PROGRESS") for name in "BCDE"]
    said = explained_deadline(
        NET, "CREATE_IN_PROGRESS", 60, [*events, *more], lambda _: Location(file="app.py", line=3)
    )
    assert said.startswith(
        "stack Net is still CREATE_IN_PROGRESS after 60 s: it waits for app.py:3: B (AWS::SNS::Topic), "
        "app.py:3: C (AWS::SNS::Topic), app.py:3: D (AWS::SNS::Topic) and 1 more; it goes on by itself"
    )
    assert "delete-stack" in said


def test_at_the_deadline_nothing_may_be_known_or_a_cause_already() -> None:
    assert "60 s; it goes on" in explained_deadline(NET, "UPDATE_IN_PROGRESS", 60, [], nowhere)
    assert "cancel-update-stack" in explained_deadline(NET, "UPDATE_IN_PROGRESS", 60, [], nowhere)
    failed = event("A", "UPDATE_FAILED", "it timed out")
    said = explained_deadline(NET, "UPDATE_ROLLBACK_IN_PROGRESS", 60, [failed], nowhere)
    assert "A (AWS::SNS::Topic): it timed out; it was created but did not become ready in time" in said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("CREATE_FAILED", "was never created"),
        ("DELETE_FAILED", "was not deleted whole"),
        ("UPDATE_ROLLBACK_FAILED", "half-way through the rollback"),
        ("CREATE_IN_PROGRESS", "in the middle of an operation"),
    ],
)
def test_a_state_that_takes_no_deployment_is_explained(status: str, said: str) -> None:
    assert said in str(explained_state(NET, status))


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", ""])
def test_a_state_that_takes_a_deployment_needs_no_explanation(status: str) -> None:
    assert explained_state(NET, status) is None


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_IAM]",
            "add --capability CAPABILITY_IAM",
        ),
        ("InsufficientCapabilitiesException", "no", "add --capability CAPABILITY_IAM"),
        ("ValidationError", "Stack [Net] cannot be deleted while TerminationProtection is enabled", "switch off first"),
        ("ValidationError", "Unable to fetch parameters [/cdk-bootstrap/x/version]", "`cdk bootstrap`"),
        ("ValidationError", "No export named Net:Vpc found.", "no stack exports Net:Vpc: deploy the one that does"),
    ],
)
def test_a_known_refusal_says_what_to_do(code: str, message: str, said: str) -> None:
    assert said in str(explained_refusal(NET, code, message))


def test_another_refusal_is_left_in_the_services_words() -> None:
    assert explained_refusal(NET, "AccessDenied", "no") is None


def test_events_and_changes_are_one_line() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert str(replace(event("A", "CREATE_FAILED", "no\n way"), at=noon)) == "12:00:00 A CREATE_FAILED no way"
    change = StackChange(logical_id="A", resource_type="AWS::SNS::Topic", action="Modify", replacement="Conditional")
    assert str(change) == "modify A (AWS::SNS::Topic) (may be replaced)"
