"""AWS's engine versions, from its describe APIs: paginated, read-only, and never from an emulator."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from stackproof.core.errors import ConfigError, TargetError
from stackproof.core.json import canonical
from stackproof.policy.versions.engine_version import Claim, Source, SupportEnd
from stackproof.policy.versions.families import FAMILIES
from stackproof.policy.versions.refreshing import FamilySnapshot, Snapshot

__all__ = ["AwsVersions"]

_NAME: Final = "aws-api"
_HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn")
_DUMMIES: Final = frozenset({"000000000000", "123456789012"})
_STANDARD: Final = "standard-support"
_EXTENDED: Final = "extended-support"

_Client = Callable[[str], Any]
_Reader = Callable[[_Client, str], FamilySnapshot]


class AwsVersions:
    """One region of one account. `client` gives botocore clients; by default those of the profile or environment."""

    def __init__(
        self,
        *,
        region: str,
        profile: str | None = None,
        client: _Client | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._region = region
        self._environment = os.environ if environment is None else environment
        self._make = client or _session_clients(region, profile)

    def read(self, as_of: str) -> Snapshot:
        """Everything that could be read; a family whose call fails carries the reason.

        Raises ConfigError for what is not AWS, TargetError if not even the account can be asked.
        """
        redirected = sorted(
            name for name, value in self._environment.items() if name.startswith("AWS_ENDPOINT_URL") and value
        )
        if redirected:
            raise ConfigError(f"{redirected[0]} is set: engine versions are refreshed from AWS alone")
        account = self._account()
        if account in _DUMMIES:
            raise ConfigError(f"account {account} is a dummy: engine versions are refreshed from AWS alone")
        families = {name: self._family(name) for name in FAMILIES if _reader(name) is not None}
        answers = {name: repr(family) for name, family in families.items() if family.failure is None}
        source = Source(
            kind="aws-api",
            as_of=as_of,
            sha256=hashlib.sha256(canonical(answers).encode()).hexdigest(),
            region=self._region,
            account=account,
        )
        return Snapshot(name=_NAME, source=source, families=families)

    def _client(self, service: str) -> Any:
        client = self._make(service)
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        if not host.endswith(_HOSTS):
            raise ConfigError(f"{service} would be asked at {host}, which is not AWS")
        return client

    def _account(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return str(self._client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            raise TargetError(f"AWS cannot be asked for engine versions: {_reason(error)}", service="sts") from error

    def _family(self, name: str) -> FamilySnapshot:
        from botocore.exceptions import BotoCoreError, ClientError

        reader = _reader(name)
        assert reader is not None  # noqa: S101 - only families with a reader are asked for
        try:
            return reader(self._client, name)
        except (BotoCoreError, ClientError) as error:
            return FamilySnapshot(failure=_reason(error))


def _session_clients(region: str, profile: str | None) -> _Client:
    def client(service: str) -> Any:
        try:
            import boto3
        except ImportError as error:
            raise ConfigError("boto3 is not installed: pip install 'stackproof[live]'") from error
        from botocore.exceptions import BotoCoreError

        try:
            return boto3.Session(profile_name=profile, region_name=region).client(service)  # type: ignore[call-overload]
        except BotoCoreError as error:
            raise ConfigError(f"AWS cannot be asked: {error}") from error

    return client


def _reader(name: str) -> _Reader | None:
    if name.startswith("rds/"):
        return _database
    if name.startswith("elasticache/"):
        return _cache
    return _READERS.get(name)


def _pages(client: Any, operation: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
    """Every page of an operation, whichever way it is paginated."""
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate(**arguments)
        return
    token: dict[str, str] = {}
    while True:
        page = getattr(client, operation)(**arguments, **token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _database(client: _Client, name: str) -> FamilySnapshot:
    """RDS lists deprecated versions too: a version that it does not list is withdrawn."""
    rds, engine = client("rds"), name.removeprefix("rds/")
    listing: dict[str, Claim] = {}
    for page in _pages(rds, "describe_db_engine_versions", Engine=engine, IncludeAll=True):
        for row in page["DBEngineVersions"]:
            listing[row["EngineVersion"]] = Claim.DEPRECATED if row.get("Status") == "deprecated" else Claim.CREATABLE
    cycles: dict[str, tuple[SupportEnd, SupportEnd]] = {}
    for page in _pages(rds, "describe_db_major_engine_versions", Engine=engine):
        for row in page["DBMajorEngineVersions"]:
            ends = {
                lifecycle["LifecycleSupportName"]: _day(lifecycle["LifecycleSupportEndDate"])
                for lifecycle in row.get("SupportedEngineLifecycles", [])
            }
            standard = next((end for kind, end in ends.items() if kind.endswith(_STANDARD)), None)
            extended = next((end for kind, end in ends.items() if kind.endswith(_EXTENDED)), None)
            if standard is not None:
                cycles[row["MajorEngineVersion"]] = (standard, False if extended is None else extended)
    return FamilySnapshot(listing=listing, is_final=True, cycles=cycles)


def _cluster(service: str) -> _Reader:
    def read(client: _Client, name: str) -> FamilySnapshot:
        pages = _pages(client(service), "describe_db_engine_versions", Engine=name)
        return _listed(row["EngineVersion"] for page in pages for row in page["DBEngineVersions"])

    return read


def _cache(client: _Client, name: str) -> FamilySnapshot:
    engine = name.removeprefix("elasticache/")
    pages = _pages(client("elasticache"), "describe_cache_engine_versions", Engine=engine)
    return _listed(row["EngineVersion"] for page in pages for row in page["CacheEngineVersions"])


def _memory(client: _Client, _name: str) -> FamilySnapshot:
    pages = _pages(client("memorydb"), "describe_engine_versions")
    return _listed(row["EngineVersion"] for page in pages for row in page["EngineVersions"])


def _kubernetes(client: _Client, _name: str) -> FamilySnapshot:
    cycles = {
        row["clusterVersion"]: (_day(row.get("endOfStandardSupportDate")), _day(row.get("endOfExtendedSupportDate")))
        for page in _pages(client("eks"), "describe_cluster_versions", includeAll=True)
        for row in page["clusterVersions"]
    }
    return FamilySnapshot(cycles=cycles)


def _kafka(client: _Client, _name: str) -> FamilySnapshot:
    listing = {
        row["Version"]: Claim.CREATABLE if row.get("Status") == "ACTIVE" else Claim.DEPRECATED
        for page in _pages(client("kafka"), "list_kafka_versions")
        for row in page["KafkaVersions"]
    }
    return FamilySnapshot(listing=listing)


def _search(client: _Client, name: str) -> FamilySnapshot:
    prefix = f"{name}_"
    pages = _pages(client("opensearch"), "list_versions")
    return _listed(version for page in pages for version in page["Versions"] if version.lower().startswith(prefix))


def _broker(client: _Client, name: str) -> FamilySnapshot:
    engine = name.removeprefix("mq/")
    pages = _pages(client("mq"), "describe_broker_engine_types", EngineType=engine.upper())
    return _listed(
        row["Name"]
        for page in pages
        for kind in page["BrokerEngineTypes"]
        if kind["EngineType"].lower() == engine
        for row in kind["EngineVersions"]
    )


_READERS: Final[Mapping[str, _Reader]] = {
    "docdb": _cluster("docdb"),
    "eks": _kubernetes,
    "elasticsearch": _search,
    "memorydb": _memory,
    "mq/activemq": _broker,
    "mq/rabbitmq": _broker,
    "msk": _kafka,
    "neptune": _cluster("neptune"),
    "opensearch": _search,
}


def _listed(versions: Iterator[str]) -> FamilySnapshot:
    """A listing without a status: every version in it counts as creatable."""
    return FamilySnapshot(listing=dict.fromkeys(versions, Claim.CREATABLE))


def _day(value: datetime | date | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _reason(error: Exception) -> str:
    """The service's error code and message, in one line and without anything that is secret."""
    return " ".join(str(error).split())[:300]
