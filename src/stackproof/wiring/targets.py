"""Opens targets: accounts of AWS, and emulators that run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from stackproof.calls.connection import Connection
from stackproof.calls.pacing import TokenBuckets
from stackproof.config.regions import require_region
from stackproof.config.settings import EMULATORS
from stackproof.core.errors import ConfigError
from stackproof.core.loopback import is_loopback
from stackproof.core.region import DEFAULT_REGION

if TYPE_CHECKING:
    from stackproof.calls.ports import Pace
    from stackproof.calls.recorder import CallRecorder
    from stackproof.deployment.ports import Target

from stackproof.wiring.project import Project

_DEFAULT: Final = Connection()

__all__ = ["DeployOptions", "deployed_template", "endpoint_of", "open_target", "target_at"]


@lru_cache(maxsize=8)
def _pace(rates: tuple[tuple[str, float], ...], processes: int) -> Pace:
    """The pace that all targets of this process share."""
    return TokenBuckets(dict(rates), processes=processes)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _require_role(role_arn: str) -> None:
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", role_arn):
        raise ConfigError(
            f"--role-arn {role_arn}: this is not the ARN of a role: expected arn:aws:iam::ACCOUNT:role/NAME, the "
            "account with twelve digits"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOptions:
    """How to deploy: `progress` hears of changes and events, no `capabilities` are all, no `deadline` the target's."""

    progress: Callable[[str], None] = lambda _: None
    capabilities: tuple[str, ...] = ()
    deadline: float | None = None


def deployed_template(project: Project, stack_name: str) -> bytes:
    """The template of a stack in the account, as it was deployed; only reads. Raises TargetError."""
    from stackproof.targets.failures import translated_errors

    target = open_target(project, "aws")
    with translated_errors(f"reading the template of stack {stack_name}"):
        body = target.client("cloudformation").get_template(StackName=stack_name)["TemplateBody"]
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def endpoint_of(
    name: str,
    connection: Connection,
) -> str | None:
    """The endpoint of a target, None for AWS itself or an emulator that is to be started.

    Raises ConfigError for an endpoint or region that cannot exist, and for options that the target would ignore.
    """
    profile, region, role_arn = connection.profile, connection.region, connection.role_arn
    endpoint_url = connection.endpoint_url or (None if name in EMULATORS else os.environ.get("AWS_ENDPOINT_URL"))
    if endpoint_url is not None and not _is_url(endpoint_url):
        raise ConfigError(f"the endpoint {endpoint_url!r} is not a URL (expected http://HOST:PORT)")
    if region is not None:
        require_region(region, shown=f"the region {region}")
    if profile is not None and (name in EMULATORS or is_loopback(endpoint_url)):
        where = name if endpoint_url is None else endpoint_url
        raise ConfigError(
            f"--profile {profile}: {where} is an emulator, which takes any credentials: leave it out, or give "
            "--target aws for an account"
        )
    if role_arn is not None:
        _require_role(role_arn)
    return endpoint_url


def open_target(
    project: Project,
    name: str,
    connection: Connection = _DEFAULT,
    *,
    allow_changes: bool = False,
    how: DeployOptions | None = None,
) -> Target:
    """A target of the project, in its region unless the connection has one; raises ConfigError."""
    settings = project.settings
    return target_at(
        name,
        connection,
        default_region=settings.region,
        calls=project.calls,
        pace=_pace(tuple(sorted(settings.calls_per_second.items())), project.processes),
        allowed_accounts=settings.allowed_accounts,
        allow_changes=allow_changes,
        how=how,
    )


def target_at(
    name: str,
    connection: Connection,
    *,
    default_region: str = DEFAULT_REGION,
    calls: CallRecorder,
    pace: Pace,
    allowed_accounts: Collection[str] = (),
    allow_changes: bool = False,
    how: DeployOptions | None = None,
) -> Target:
    """An emulator that runs at the connection's endpoint, or an AWS account; raises ConfigError."""
    from stackproof.targets.aws import AwsTarget
    from stackproof.targets.cloudformation.stacks import CAPABILITIES
    from stackproof.targets.emulators.table import row_of

    endpoint_url = endpoint_of(name, connection)
    region = connection.region or default_region
    how = how or DeployOptions()
    capabilities = how.capabilities or CAPABILITIES
    if name in EMULATORS:
        if endpoint_url is None:
            raise ConfigError(f"the {name} target needs the endpoint of a running emulator")
        return row_of(name).target()(
            endpoint_url,
            region=region,
            role_arn=connection.role_arn,
            calls=calls,
            progress=how.progress,
            capabilities=capabilities,
            deadline=how.deadline,
        )
    return AwsTarget(
        profile=connection.profile,
        region=region,
        role_arn=connection.role_arn,
        allowed_accounts=allowed_accounts,
        allow_changes=allow_changes,
        endpoint_url=endpoint_url,
        calls=calls,
        pace=pace,
        progress=how.progress,
        capabilities=capabilities,
        deadline=how.deadline,
    )
