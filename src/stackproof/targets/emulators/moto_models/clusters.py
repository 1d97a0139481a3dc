"""Clusters that others run: OpenSearch domains, Kubernetes and Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document, tag_map

__all__ = ["HANDLERS"]


def _create_domain(call: Call) -> Created:
    text = document(call["AccessPolicies"]) if "AccessPolicies" in call.properties else None
    given = {**call.properties, "DomainName": call.name.lower(), "AccessPolicies": text, "TagList": call.get("Tags")}
    created = call.send("opensearch", "create_domain", **given)["DomainStatus"]
    return Created(
        physical_id=created["DomainName"],
        attributes={
            "Arn": created["ARN"],
            "DomainArn": created["ARN"],
            "DomainEndpoint": created.get("Endpoint"),
            "Id": created.get("DomainId"),
        },
    )


def _create_kubernetes(call: Call) -> Created:
    kinds = call.get("Logging", {}).get("ClusterLogging", {}).get("EnabledTypes", [])
    logs = {"clusterLogging": [{"types": [kind["Type"] for kind in kinds], "enabled": True}]} if kinds else None
    given = {**call.properties, "Name": call.name, "Logging": logs, "Tags": tag_map(call.get("Tags"))}
    created = call.send("eks", "create_cluster", **given)["cluster"]
    return Created(physical_id=call.name, attributes={"Arn": created["arn"], "Endpoint": created.get("endpoint")})


def _create_nodes(call: Call) -> Created:
    given = {**call.properties, "NodegroupName": call.name}
    created = call.send("eks", "create_nodegroup", **given)["nodegroup"]
    own = f"{call['ClusterName']}/{call.name}"
    return Created(physical_id=own, attributes={"Arn": created["nodegroupArn"], "Id": own, "NodegroupName": call.name})


def _delete_nodes(call: Call) -> None:
    call.send("eks", "delete_nodegroup", clusterName=call["ClusterName"], nodegroupName=call.name)


def _create_kafka(call: Call) -> Created:
    created: Any = call.send("kafka", "create_cluster", **{**call.properties, "ClusterName": call.name})
    return Created(physical_id=created["ClusterArn"], attributes={"Arn": created["ClusterArn"]})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::EKS::Cluster": Handler(
        create=_create_kubernetes,
        delete=lambda call: call.send("eks", "delete_cluster", name=call.physical_id),
        name_property="Name",
    ),
    "AWS::EKS::Nodegroup": Handler(create=_create_nodes, delete=_delete_nodes, name_property="NodegroupName"),
    "AWS::MSK::Cluster": Handler(
        create=_create_kafka,
        delete=lambda call: call.send("kafka", "delete_cluster", ClusterArn=call.physical_id),
        name_property="ClusterName",
    ),
    "AWS::OpenSearchService::Domain": Handler(
        create=_create_domain,
        delete=lambda call: call.send("opensearch", "delete_domain", DomainName=call.physical_id),
        name_property="DomainName",
        longest=28,
    ),
}
