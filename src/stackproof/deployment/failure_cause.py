"""Why a deployment did not come to be: from CloudFormation's events to one cause, its source line, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from stackproof.deployment.stack_event import STACK, StackEvent
from stackproof.template.location import Location

__all__ = [
    "EXAMPLES",
    "Subject",
    "explained_deadline",
    "explained_failure",
    "explained_refusal",
    "explained_state",
    "remedy_for",
    "root_event",
]

_CONSEQUENCE: Final = re.compile(r"Resource (creation|update|deletion|import) cancelled", re.IGNORECASE)
_SUMMARY: Final = re.compile(r"The following resource\(s\) failed to|^Embedded stack .* was not successfully")

Locate = Callable[[StackEvent], Location | None]
"""Where the resource of an event was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The stack that a message is about; `options` are the AWS CLI options for it ("--region eu-west-1").

    The deploying command deletes a `tidied` stack that could not be created.
    """

    stack_name: str
    options: str = ""
    tidied: bool = False

    def command(self, operation: str, more: str = "") -> str:
        """A command of the AWS CLI for this stack."""
        return " ".join(
            part
            for part in (f"aws cloudformation {operation} --stack-name {self.stack_name}", more, self.options)
            if part
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remedy:
    """What to do about reasons of services that match; `example` is one of them."""

    pattern: re.Pattern[str]
    advice: str
    example: str


def _remedy(pattern: str, advice: str, example: str) -> _Remedy:
    return _Remedy(pattern=re.compile(pattern, re.IGNORECASE), advice=advice, example=example)


_REMEDIES: Final = (
    _remedy(
        r"already exists|AlreadyExists|already in use|BucketAlreadyOwnedByYou",
        "something of that name is there already: remove it, import it, or give no fixed name",
        "my-topic already exists in stack arn:aws:cloudformation:us-east-1:123456789012:stack/Other/1",
    ),
    _remedy(
        r"not authorized|AccessDenied|UnauthorizedOperation|is forbidden",
        "the role that deploys lacks this permission: add it to its policy",
        "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: kms:CreateKey",
    ),
    _remedy(
        r"limit ?exceeded|quota|maximum number of|reached the maximum",
        "a quota of the account is used up: have it raised, or remove what is not needed",
        "The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400)",
    ),
    _remedy(
        r"Cannot find version|engine version|InvalidParameterCombination|runtime parameter of",
        "this version or combination cannot be created here: `stackproof check` names what to pin instead",
        "Cannot find version 15.3 for postgres",
    ),
    _remedy(
        r"protect(ed|ion)",
        "switch its deletion protection off first",
        "Cannot delete protected DB Instance, please disable deletion protection and try again.",
    ),
    _remedy(
        r"bucket you tried to delete is not empty|BucketNotEmpty",
        "empty the bucket first",
        "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)",
    ),
    _remedy(
        r"did not stabilize|timed out|Exceeded attempts|Timeout",
        "it was created but did not become ready in time: read its log",
        "Resource timed out waiting for completion (Service: Ecs)",
    ),
    _remedy(
        r"Export .* (cannot be|in use)|as it is in use by",
        "another stack imports it: change that stack first",
        "Export Net:Vpc cannot be updated as it is in use by App",
    ),
    _remedy(
        r"NoSuchKey|S3 Error|NoSuchBucket",
        "a file of the stack does not lie where its template expects it: deploy from the same synth",
        "Error occurred while GetObject. S3 Error Code: NoSuchKey.",
    ),
)
_OTHERWISE: Final = "correct it there"

EXAMPLES: Final = tuple((remedy.example, remedy.advice) for remedy in _REMEDIES)
"""What services report, and what to do about it: each row is a test."""


def remedy_for(reason: str) -> str:
    """What to do about a service's own words."""
    return next((remedy.advice for remedy in _REMEDIES if remedy.pattern.search(reason)), _OTHERWISE)


def root_event(events: Sequence[StackEvent]) -> StackEvent | None:
    """Of one operation's events, the oldest first: the first failure that is not the consequence of another one.

    Events of nested stacks may be among them: a nested stack that failed is a consequence where its own failure is
    there. None if no failure has its own cause.
    """
    nested = {event.stack_id for event in events}
    failures = [event for event in events if event.is_failure and not _CONSEQUENCE.search(event.reason)]
    own = [
        failure
        for failure in failures
        if not failure.is_of_stack and not (failure.resource_type == STACK and failure.physical_id in nested)
    ]
    causes = own or [failure for failure in failures if not _SUMMARY.search(failure.reason)] or failures
    return causes[0] if causes else None


def explained_failure(subject: Subject, status: str, events: Sequence[StackEvent], locate: Locate) -> str:
    """One explanation of an operation that ended in this status."""
    root = root_event(events)
    head = f"stack {subject.stack_name} is not {_wanted(status)} ({status})"
    if root is None:
        return f"{head}: CloudFormation gives no reason; {_next(subject, status, None)}"
    return f"{head}: {_reason_text(root, locate)}; {remedy_for(root.reason)}, then {_next(subject, status, root)}"


def explained_deadline(
    subject: Subject, status: str, seconds: float, events: Sequence[StackEvent], locate: Locate
) -> str:
    """What an operation still waits for when time is up, or what has failed in it by then."""
    head = f"stack {subject.stack_name} is still {status} after {seconds:.0f} s"
    root = root_event(events)
    cancel = subject.command("cancel-update-stack" if status == "UPDATE_IN_PROGRESS" else "delete-stack")
    advice = f"it goes on by itself: wait for it (--deadline), or end it: {cancel}"
    if root is not None:
        return f"{head}: {_reason_text(root, locate)}; {remedy_for(root.reason)}; {advice}"
    waiting = _unfinished(events)
    if not waiting:
        return f"{head}; {advice}"
    named = ", ".join(
        f"{_location_prefix(event, locate)}{event.logical_id} ({event.resource_type})" for event in waiting[:3]
    )
    more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""  # noqa: PLR2004 - as many as are named
    return f"{head}: it waits for {named}{more}; {advice}"


def explained_state(subject: Subject, status: str) -> str | None:
    """Why a stack in this state takes no deployment, and what to do; None if it takes one."""
    name = subject.stack_name
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        what = "was not deleted whole" if status == "DELETE_FAILED" else "was never created"
        return f"stack {name} {what} ({status}): delete it ({subject.command('delete-stack')}), then deploy again"
    if status == "UPDATE_ROLLBACK_FAILED":
        command = subject.command("continue-update-rollback")
        return (
            f"stack {name} is half-way through the rollback of an update ({status}): remove what blocks it, then "
            f"{command} (--resources-to-skip LOGICAL_ID leaves one as it is), then deploy again"
        )
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        return f"stack {name} is in the middle of an operation ({status}): wait for its end, then deploy again"
    return None


def explained_refusal(subject: Subject, code: str, message: str) -> str | None:
    """What CloudFormation's refusal of a request means and what to do; None if it is not a known one."""
    name, text = subject.stack_name, " ".join(message.split())
    if code == "InsufficientCapabilitiesException" or "Requires capabilities" in text:
        found = re.findall(r"CAPABILITY_\w+", text)
        option = (
            " ".join(f"--capability {capability}" for capability in dict.fromkeys(found))
            or "--capability CAPABILITY_IAM"
        )
        return (
            f"stack {name} is not deployed: it creates resources that need a capability that is not given: add {option}"
        )
    if "TerminationProtection" in text or "termination protection" in text.lower():
        command = subject.command("update-termination-protection", "--no-enable-termination-protection")
        return f"stack {name} has termination protection, which you have to switch off first: {command}"  # for good
    if "/cdk-bootstrap/" in text:
        return f"stack {name} is not deployed: the account and region are not bootstrapped: `cdk bootstrap` does it"
    if "No export named" in text:
        wanted = re.search(r"No export named (\S+)", text)
        export = f" {wanted[1]}" if wanted else ""
        return f"stack {name} is not deployed: no stack exports{export}: deploy the one that does first"
    return None


def _next(subject: Subject, status: str, root: StackEvent | None) -> str:
    again = "deploy again"
    resource = None if root is None or root.is_of_stack else root.logical_id  # a stack cannot be left out of itself
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}:
        return again if subject.tidied else f"delete the stack ({subject.command('delete-stack')}) and {again}"
    if status == "UPDATE_ROLLBACK_FAILED":
        skip = f" (--resources-to-skip {resource} leaves it as it is)" if resource else ""
        return f"{subject.command('continue-update-rollback')}{skip} and {again}"
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return f"{again}: the stack is as it was before"
    if status == "DELETE_FAILED":
        keep = f" (--retain-resources {resource} leaves it behind)" if resource else ""
        return f"{subject.command('delete-stack')}{keep}"
    return again


def _wanted(status: str) -> str:
    return "deleted" if status.startswith("DELETE_F") else "deployed"


def _reason_text(event: StackEvent, locate: Locate) -> str:
    reason = " ".join(event.reason.split()).rstrip(".;") or "no reason is given"
    return f"{_location_prefix(event, locate)}{event.logical_id} ({event.resource_type}): {reason}"


def _location_prefix(event: StackEvent, locate: Locate) -> str:
    """The source line with a colon behind it, nothing where it is not known."""
    found = locate(event)
    return "" if found is None or (found.file is None and found.construct_path is None) else f"{found}: "


def _unfinished(events: Sequence[StackEvent]) -> list[StackEvent]:
    """The resources that have begun and not ended, in the order in which they began."""
    last: dict[tuple[str, str], StackEvent] = {}
    for event in events:
        if not event.is_of_stack:
            last[event.stack_id, event.logical_id] = event
    return [event for event in last.values() if event.is_in_progress]
