"""Listeners of load balancers, their rules, and members of database clusters.

Targets of a target group are left out: services, groups of servers and people register them while the system runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import chosen, pages

__all__ = ["FAMILIES"]

_SCALED: Final = "application-autoscaling-"
"""How the names of members begin that AWS adds to a cluster by itself."""


def listeners(request: ReadRequest) -> Iterator[Child]:
    """DescribeListeners of the load balancer."""
    client = request.client("elbv2")
    for listener in pages(client, "describe_listeners", "Listeners", LoadBalancerArn=request.physical_id):
        arn = str(listener["ListenerArn"])
        yield Child(
            resource_type="AWS::ElasticLoadBalancingV2::Listener",
            child_id=arn,
            physical_id=arn,
            value=chosen(listener, ("Port", "Protocol", "SslPolicy")),
        )


def rules(request: ReadRequest) -> Iterator[Child]:
    """DescribeRules of the listener; the default rule is the listener's own."""
    client = request.client("elbv2")
    for rule in pages(client, "describe_rules", "Rules", ListenerArn=request.physical_id):
        if rule.get("IsDefault"):
            continue
        arn = str(rule["RuleArn"])
        yield Child(
            resource_type="AWS::ElasticLoadBalancingV2::ListenerRule",
            child_id=arn,
            physical_id=arn,
            value=chosen(rule, ("Actions", "Conditions", "Priority")),
        )


def members(request: ReadRequest) -> Iterator[Child]:
    """DescribeDBClusters; members that scaling has added are AWS's own."""
    answer = request.client("rds").describe_db_clusters(DBClusterIdentifier=request.physical_id)
    for cluster in answer["DBClusters"]:
        for member in cluster.get("DBClusterMembers", ()):
            name = str(member["DBInstanceIdentifier"])
            if not name.startswith(_SCALED):
                yield Child(
                    resource_type="AWS::RDS::DBInstance",
                    child_id=name,
                    physical_id=name,
                    value=chosen(member, ("DBInstanceIdentifier", "IsClusterWriter")),
                )


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="listeners",
        owners=("AWS::ElasticLoadBalancingV2::LoadBalancer",),
        in_stacks=True,
        read=listeners,
        actions=("elasticloadbalancing:DescribeListeners",),
    ),
    ChildFamily(
        name="rules of a listener",
        owners=("AWS::ElasticLoadBalancingV2::Listener",),
        in_stacks=True,
        read=rules,
        actions=("elasticloadbalancing:DescribeRules",),
    ),
    ChildFamily(
        name="members of a cluster",
        owners=("AWS::RDS::DBCluster",),
        in_stacks=True,
        read=members,
        actions=("rds:DescribeDBClusters",),
    ),
)
