"""Our handlers as CloudFormation models of moto, which finds them among the subclasses of its base class."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel

from stackproof.core.region import DEFAULT_REGION
from stackproof.targets.emulators.moto_models import (
    analytics,
    apigateway,
    apigatewayv2,
    autoscaling,
    cloudfront,
    cloudwatch,
    clusters,
    cognito,
    custom,
    dynamodb,
    ec2,
    ec2_instances,
    ec2_links,
    ecs,
    efs,
    elasticache,
    elbv2,
    events,
    iam,
    iam_principals,
    kinesis,
    kms,
    lambda_versions,
    lambdas,
    log_filters,
    logs,
    rds,
    rds_clusters,
    route53,
    s3,
    secretsmanager,
    security_groups,
    sns,
    sqs,
    ssm,
    stepfunctions,
)
from stackproof.targets.emulators.moto_models.extensions import extend
from stackproof.targets.emulators.moto_models.handlers import Call, Handler
from stackproof.targets.emulators.moto_models.validation import extend_validation
from stackproof.targets.sessions import emulator_client, emulator_session

__all__ = ["HANDLERS", "register"]

HANDLERS: Final[Mapping[str, Handler]] = {
    **analytics.HANDLERS,
    **apigateway.HANDLERS,
    **apigatewayv2.HANDLERS,
    **autoscaling.HANDLERS,
    **cloudfront.HANDLERS,
    **cloudwatch.HANDLERS,
    **clusters.HANDLERS,
    **cognito.HANDLERS,
    **custom.HANDLERS,
    **dynamodb.HANDLERS,
    **ec2.HANDLERS,
    **ec2_instances.HANDLERS,
    **ec2_links.HANDLERS,
    **ecs.HANDLERS,
    **efs.HANDLERS,
    **elasticache.HANDLERS,
    **elbv2.HANDLERS,
    **events.HANDLERS,
    **iam.HANDLERS,
    **iam_principals.HANDLERS,
    **kinesis.HANDLERS,
    **kms.HANDLERS,
    **lambda_versions.HANDLERS,
    **lambdas.HANDLERS,
    **log_filters.HANDLERS,
    **logs.HANDLERS,
    **rds.HANDLERS,
    **rds_clusters.HANDLERS,
    **route53.HANDLERS,
    **s3.HANDLERS,
    **secretsmanager.HANDLERS,
    **security_groups.HANDLERS,
    **sns.HANDLERS,
    **sqs.HANDLERS,
    **ssm.HANDLERS,
    **stepfunctions.HANDLERS,
}

_FIRST_CALLS: Final = {
    "cloudformation": "list_stacks",
    "ec2": "describe_vpcs",
    "iam": "list_roles",
    "s3": "list_buckets",
    "ssm": "describe_parameters",
    "lambda": "list_functions",
    "rds": "describe_db_instances",
    "kinesis": "list_streams",
    "kms": "list_keys",
    "cloudwatch": "describe_alarms",
    "logs": "describe_log_groups",
    "secretsmanager": "list_secrets",
    "sns": "list_topics",
    "sqs": "list_queues",
    "sts": "get_caller_identity",
}
"""The first call of a service costs up to a second, in which its models are loaded."""


_REGISTERED: Final[list[type[CloudFormationModel]]] = []
"""Holds the classes: moto finds them by a list of weak references."""


def register(endpoint_url: str) -> Callable[[], None]:
    """Make moto's CloudFormation use the handlers; `endpoint_url` is this emulator's own.

    The answer is a function that loads all that the first deployment needs; it may run in the background.
    """
    extend()
    extend_validation(HANDLERS)
    clients = _Clients(endpoint_url)
    _REGISTERED.extend(_model(resource_type, handler, clients) for resource_type, handler in HANDLERS.items())
    # Moto sends every `Custom::…` type to one class, which starts the handler in Docker and waits for its answer.
    setattr(parsing, "CustomModel", _model("Custom::", custom.CUSTOM, clients))  # noqa: B010 - it is not exported
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()

    def warm() -> None:
        for service, operation in _FIRST_CALLS.items():
            with contextlib.suppress(Exception):
                getattr(clients.of(DEFAULT_REGION)(service), operation)()

    return warm


class _Clients:
    """Clients to the emulator itself, one for each service, account and region."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._made: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, region: str, account: str = "") -> Callable[[str], Any]:
        return lambda service: self._client(service, region, account)

    def _client(self, service: str, region: str, account: str) -> Any:
        with self._lock:
            if region not in self._sessions:
                self._sessions[region] = emulator_session(region)
            if (service, region, account) not in self._made:
                created = emulator_client(service, self._endpoint_url, region, self._sessions[region])
                if account:  # moto's own header for the caller's account, whatever the credentials are
                    header = {"x-moto-account-id": account}
                    created.meta.events.register("before-call", lambda params, **_: params["headers"].update(header))
                self._made[service, region, account] = created
            return self._made[service, region, account]


def _model(resource_type: str, handler: Handler, clients: _Clients) -> type[CloudFormationModel]:
    """A class for one type; moto wants a direct subclass whose module names a service in second place."""

    class Model(CloudFormationModel):
        __module__ = "moto.cloudformation.models"

        def __init__(self, call: Call, made_type: str) -> None:
            self._call = call
            self._type = made_type
            created = handler.create(call)
            self.physical_resource_id = created.physical_id
            self._attributes = created.attributes

        @staticmethod
        def cloudformation_name_type() -> str:
            return handler.name_property

        @staticmethod
        def cloudformation_type() -> str:
            return resource_type

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - moto's signature
            return True

        @classmethod
        def create_from_cloudformation_json(
            cls,
            resource_name: str,
            cloudformation_json: dict[str, Any],
            account_id: str,
            region_name: str,
            **kwargs: Any,
        ) -> Model:
            properties = cloudformation_json.get("Properties") or {}
            call = Call(
                client=clients.of(region_name, account_id),
                logical_id=kwargs["LogicalId"],
                name=str(properties.get(handler.name_property) or handler.shortened(resource_name)),
                properties=properties,
                account=account_id,
                region=region_name,
            )
            made_type = kwargs["ResourceType"]
            with _Explained(made_type, call.logical_id):
                return cls(call.resolved(), made_type)

        def is_created(self) -> bool:
            return True

        def get_cfn_attribute(self, attribute_name: str) -> Any:
            if attribute_name not in self._attributes and handler is not custom.CUSTOM:
                raise UnformattedGetAttTemplateException
            return self._attributes.get(attribute_name)

        def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 - moto's signature
            call = replace(self._call, physical_id=self.physical_resource_id)
            with _Explained(self._type, call.logical_id):
                _ended(handler, call)

    return Model


def _ended(handler: Handler, call: Call) -> None:
    """Delete; a deleted resource is fine, since moto deletes a stack's resources in any order."""
    try:
        handler.delete(call)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if not any(word in code for word in ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")):
            raise


class _Explained:
    """Raise every error of the block as an error of CloudFormation that names the resource."""

    def __init__(self, resource_type: str, logical_id: str) -> None:
        self._place = f"{logical_id} ({resource_type})"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ValidationError):
            detail = str(error) if kind is not KeyError else f"required property {error} is not set"
            raise ValidationError(message=f"{self._place}: {detail}") from error
