"""What moto's services accept and forget: kept from the API call that sets it, given back by the one that reads it.

Extended are: Performance Insights of a database, `LoggingConfig` of a function (and its later changes, with those of
tracing and key), and the description of a security group's rule whose peer is a group. A second filter of a log group,
or a second way to invoke a function, under the same name replaces the first. EC2 can filter ACLs and endpoints by id.
An origin of a distribution keeps its access control. A role is assumed by whom it trusts. A list of a template has no
elements that are `AWS::NoValue`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from stackproof.targets.emulators.moto_gaps import ZONES
from stackproof.targets.emulators.moto_models.absences import extend_absences
from stackproof.targets.emulators.moto_models.change_sets import extend_change_sets
from stackproof.targets.emulators.moto_models.trust import extend_trust
from stackproof.template.intrinsics import Context, resolve

__all__ = ["extend"]

_INSIGHTS: Final = (
    "enable_performance_insights",
    "performance_insights_kms_key_id",
    "performance_insights_retention_period",
)


def extend() -> None:
    """Extend moto's models; once in a process."""
    _extend_functions()
    _extend_databases()
    _extend_rules()
    _replace_what_has_the_same_name()
    _filter_by_id()
    _extend_origins()
    _read_json_as_json()
    _extend_functions_of_templates()
    extend_absences()
    extend_change_sets()
    extend_trust()


def _extend_functions() -> None:
    from moto.awslambda.models import LambdaFunction

    shown, updated = LambdaFunction.get_configuration, LambdaFunction.update_configuration
    created = LambdaFunction.__init__

    def init(function: Any, account_id: str, spec: dict[str, Any], region: str, **named: Any) -> None:
        created(function, account_id, spec, region, **named)
        function.logging_config = spec.get("LoggingConfig") or {}

    def get_configuration(function: Any, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        default = {"LogFormat": "Text", "LogGroup": function.logs_group_name}
        return {**shown(function, on_create), "LoggingConfig": {**default, **function.logging_config}}

    def update_configuration(function: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        function.logging_config = config_updates.get("LoggingConfig", function.logging_config)
        function.tracing_config = config_updates.get("TracingConfig", function.tracing_config)
        function.kms_key_arn = config_updates.get("KMSKeyArn", function.kms_key_arn)
        return updated(function, config_updates)

    _replace(
        LambdaFunction, __init__=init, get_configuration=get_configuration, update_configuration=update_configuration
    )


def _extend_databases() -> None:
    from moto.rds.models import DBInstance

    created = DBInstance.__init__

    def init(database: Any, *positional: Any, **settings: Any) -> None:
        created(database, *positional, **settings)
        for name in _INSIGHTS:  # a later change sets the same names by itself
            setattr(database, name, settings.get(name))

    enabled = property(lambda database: bool(database.enable_performance_insights))
    _replace(DBInstance, __init__=init, performance_insights_enabled=enabled)


def _extend_rules() -> None:
    from moto.ec2.models.security_groups import SecurityGroupRule

    def description(rule: Any) -> str | None:
        found: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
        return found

    _replace(SecurityGroupRule, description=property(description))


def _replace_what_has_the_same_name() -> None:
    from moto.awslambda.models import LambdaBackend
    from moto.logs.metric_filters import MetricFilters

    put_config, added = LambdaBackend.put_function_event_invoke_config, MetricFilters.add_filter

    def put_function_event_invoke_config(backend: Any, function_name: str, config: Any) -> Any:
        backend.get_function(function_name).event_invoke_config.clear()
        return put_config(backend, function_name, config)

    def add_filter(filters: Any, filter_name: str, pattern: str, group: str, transformations: Any) -> None:
        filters.delete_filter(filter_name, group)
        added(filters, filter_name, pattern, group, transformations)

    _replace(LambdaBackend, put_function_event_invoke_config=put_function_event_invoke_config)
    _replace(MetricFilters, add_filter=add_filter)


def _filter_by_id() -> None:
    from moto.ec2.models.network_acls import NetworkAcl
    from moto.ec2.models.vpcs import VPCEndPoint

    for model, name in ((NetworkAcl, "network-acl-id"), (VPCEndPoint, "vpc-endpoint-id")):
        _replace(model, get_filter_value=_with_id(model.get_filter_value, name))


def _with_id(others: Any, name: str) -> Any:
    def get_filter_value(resource: Any, filter_name: str, *more: Any, **named: Any) -> Any:
        return resource.id if filter_name == name else others(resource, filter_name, *more, **named)

    return get_filter_value


def _extend_origins() -> None:
    from moto.cloudfront.models import Origin

    created = Origin.__init__

    def init(origin: Any, given: dict[str, Any]) -> None:
        created(origin, given)
        origin.origin_access_control_id = given.get("OriginAccessControlId")
        if "S3OriginConfig" in given:
            origin.s3_origin_config = given["S3OriginConfig"]

    _replace(Origin, __init__=init)


def _read_json_as_json() -> None:
    """A template in JSON by the JSON parser: the YAML parser takes a second for it."""
    from moto.cloudformation.models import Stack

    by_yaml = Stack.parse_template

    def parse_template(template: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(template) if template.startswith("{") else by_yaml(template)
        return found

    _replace(Stack, parse_template=staticmethod(parse_template))


def _extend_functions_of_templates() -> None:
    """`Fn::Cidr`, `Fn::Length`, elements that are `AWS::NoValue`, and the zones of the stack's region.

    Moto takes `Fn::GetAZs: ""` for us-east-1, and leaves members out for `AWS::NoValue`, but not elements of lists.
    """
    from moto.cloudformation import parsing

    cleaned = parsing.clean_json

    def clean_json(value: Any, resources_map: Any) -> Any:
        if isinstance(value, list):
            return [clean_json(member, resources_map) for member in value if not _is_no_value(member, resources_map)]
        if not isinstance(value, dict) or len(value) != 1:
            return cleaned(value, resources_map)
        ((name, argument),) = value.items()
        if name == "Fn::GetAZs":
            region = cleaned(argument, resources_map) or resources_map["AWS::Region"]
            return [f"{region}{letter}" for letter in ZONES]
        if name in {"Fn::Cidr", "Fn::Length"}:
            return resolve({name: clean_json(argument, resources_map)}, Context())
        return cleaned(value, resources_map)

    setattr(parsing, "clean_json", clean_json)  # noqa: B010 - moto's function, not ours


def _is_no_value(value: Any, resources_map: Any) -> bool:
    """Not whatever comes to nothing: what refers to a resource that is not made is an error on AWS."""
    while isinstance(value, dict) and value.keys() == {"Fn::If"}:
        condition, when_true, when_false = value["Fn::If"]
        value = when_true if resources_map.lazy_condition_map[condition] else when_false
    return bool(value == {"Ref": "AWS::NoValue"})


def _replace(model: type, **members: Any) -> None:
    for name, member in members.items():
        setattr(model, name, member)
