"""The plan of an audit: its calls and duration, from the declared needs of readers. Nothing is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stackproof.calls.pacing import Rates
from stackproof.core.json import JsonValue
from stackproof.core.report import report_header
from stackproof.drift.fleet.task import FleetTask, StackResources
from stackproof.drift.ports import ChildFamily

__all__ = ["FleetPlan", "planned", "stack_calls"]

_FOR_EACH_STACK: Final = (
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListExports",
    "cloudformation:ListStackResources",
)
"""Once for the catalog and once for what is deployed."""

_ONE_BY_ONE: Final = frozenset(
    {
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceCreditSpecifications",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeVpcAttribute",
    }
)
"""What EC2 describes of one resource only; everything else of `ec2:Describe…` is asked for all of a type at once."""

_TOGETHER: Final = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "cloudwatch:DescribeAlarms",
        "ecs:DescribeClusters",
        "ecs:DescribeServices",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroups",
        "kms:ListAliases",
        "route53:ListHostedZones",
        "ssm:DescribeParameters",
        "ssm:GetParameters",
    }
)
"""What is asked for all resources of a type at once, in other services."""

_LATENCY: Final = 0.1  # seconds that a call takes, about


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """What a fleet audit would do: `calls` are at most about so many, by IAM's name of the service."""

    tasks: tuple[FleetTask, ...]
    calls: Mapping[str, int]
    resources: int
    seconds: float
    unknown: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()

    @property
    def stacks(self) -> int:
        """How many stacks, without nested ones."""
        return sum(len(task.stack_names) for task in self.tasks)

    @property
    def exit_code(self) -> int:
        """3 if an account and region or a stack could not be planned, or if there is none at all."""
        return 3 if self.unplanned or not self.tasks else 0

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            **report_header("drift plan"),
            "summary": {"stacks": self.stacks, "resources": self.resources, "calls": sum(self.calls.values())},
            "stacks": [
                {"account": task.account_region.account, "region": task.account_region.region, "stack_name": name}
                for task in self.tasks
                for name in task.stack_names
            ],
            "calls": dict(sorted(self.calls.items())),
            "seconds": round(self.seconds),
            "without_reader": list(self.unknown),
            "not_planned": list(self.unplanned),
            "exit_code": self.exit_code,
        }


def stack_calls(
    found: StackResources,
    readers: Mapping[str, Sequence[str]],
    families: Sequence[ChildFamily],
    *,
    native: bool = False,
) -> Mapping[str, int]:
    """How often each IAM action is needed for a task; `readers` are the actions of each type's reader."""
    calls: Counter[str] = Counter()
    for action in _FOR_EACH_STACK:
        calls[action] += found.stacks
    if native:
        calls["cloudformation:DetectStackDrift"] += found.stacks
        calls["cloudformation:DescribeStackDriftDetectionStatus"] += 2 * found.stacks
        calls["cloudformation:DescribeStackResourceDrifts"] += found.stacks
    together: set[str] = set()
    for kind, count in found.counts.items():
        needed = {  # what the reader and those of children ask alike is asked once
            *readers.get(kind, ("cloudformation:GetResource",)),
            *(action for family in families if kind in family.owners for action in family.actions),
        }
        for action in needed:
            if _is_together(action):
                together.add(action)
            else:
                calls[action] += count
    calls.update(together)
    return calls


def planned(
    found: Mapping[FleetTask, StackResources],
    readers: Mapping[str, Sequence[str]],
    families: Sequence[ChildFamily],
    rates: Rates,
    *,
    at_once: int,
    native: bool = False,
    unplanned: Iterable[str] = (),
) -> FleetPlan:
    """The plan for stacks of these resources, with `at_once` calls under way at any time."""
    by_service: Counter[str] = Counter()
    by_bucket: Counter[tuple[str, str, str]] = Counter()
    for task, resources in found.items():
        for action, count in stack_calls(resources, readers, families, native=native).items():
            service = action.partition(":")[0]
            by_service[service] += count
            by_bucket[task.account_region.account, task.account_region.region, service] += count
    total = sum(by_service.values())
    kinds = {kind for resources in found.values() for kind in resources.counts}
    return FleetPlan(
        tasks=tuple(sorted(found)),
        calls=dict(sorted(by_service.items())),
        resources=sum(sum(resources.counts.values()) for resources in found.values()),
        seconds=max(rates.seconds(by_bucket), total * _LATENCY / max(1, at_once)),
        unknown=tuple(sorted(kinds - set(readers))),
        unplanned=tuple(sorted(unplanned)),
    )


def _is_together(action: str) -> bool:
    return action in _TOGETHER or (action.startswith("ec2:Describe") and action not in _ONE_BY_ONE)
