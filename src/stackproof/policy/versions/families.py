"""Which property of which resource type carries a version, and of what: the table that everything else reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stackproof.policy.versions.engine_version import AppliesTo, Match, OnAbsent, Unlisted

__all__ = [
    "CARRIERS",
    "EXPLAINED",
    "FAMILIES",
    "UNCOVERED",
    "Carrier",
    "FamilyRule",
    "Form",
    "applies_to",
    "carriers_of",
]


class Form(StrEnum):
    """What the property holds.

    A version; a major where AWS takes nothing else; a parameter group's family ("postgres15") or an option group's
    major, which go with an engine elsewhere; a list of versions that a resource states it works with.
    """

    VERSION = "version"
    MAJOR = "major"
    GROUP = "group"
    OPTION = "option"
    LIST = "list"

    @property
    def is_companion(self) -> bool:
        """Whether it goes with an engine that has a separate version and verdict."""
        return self in {Form.GROUP, Form.OPTION, Form.LIST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A property that carries a version.

    `families` is by the value of the property `engine`, in lower case; without `engine` the one family stands under "".
    A resource with one of `inherits` need not name a version, and one that is `optional` never has to.
    `no_extended_support` is a property and the value by which the user declines paid extended support.
    `auto_minor` is the switch by which AWS moves the minor version by itself; it is on unless set to false.
    """

    resource_type: str
    path: str
    families: Mapping[str, str]
    engine: str | None = None
    default_engine: str | None = None
    form: Form = Form.VERSION
    inherits: tuple[str, ...] = ()
    optional: bool = False
    no_extended_support: tuple[str, str] | None = None
    auto_minor: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The top-level properties that a verdict depends on."""
        flag = (self.no_extended_support[0],) if self.no_extended_support else ()
        named = (self.path, self.engine, *self.inherits, *flag, self.auto_minor)
        return tuple(sorted({path.partition(".")[0] for path in named if path}))


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRule:
    """How a family is evaluated, independent of refreshes. `title` is its name in messages."""

    title: str
    match: Match = Match.EXACT
    on_absent: OnAbsent = OnAbsent.ALLOW
    unlisted: Unlisted = Unlisted.REFUSED
    aliases: tuple[str, ...] = field(default=())


_RDS_ENGINES: Final = (
    *("aurora-mysql", "aurora-postgresql", "custom-oracle-ee", "custom-oracle-ee-cdb", "custom-sqlserver-ee"),
    *("custom-sqlserver-se", "custom-sqlserver-web", "db2-ae", "db2-se", "mariadb", "mysql", "oracle-ee"),
    *("oracle-ee-cdb", "oracle-se2", "oracle-se2-cdb", "postgres", "sqlserver-ee", "sqlserver-ex", "sqlserver-se"),
    "sqlserver-web",
)
_RDS: Final = {engine: f"rds/{engine}" for engine in _RDS_ENGINES}
_CLUSTERS: Final = {name: f"rds/{name}" for name in ("aurora-mysql", "aurora-postgresql", "mysql", "postgres")}
_GLOBAL: Final = {name: f"rds/{name}" for name in ("aurora-mysql", "aurora-postgresql")}
_CACHES: Final = {name: f"elasticache/{name}" for name in ("memcached", "redis", "valkey")}
_BROKERS: Final = {name: f"mq/{name}" for name in ("activemq", "rabbitmq")}


def _rds(engine: str) -> FamilyRule:
    return FamilyRule(title=f"RDS {engine}", match=Match.EXACT_OR_MAJOR, on_absent=OnAbsent.WARN, aliases=(engine,))


FAMILIES: Final[Mapping[str, FamilyRule]] = {
    "docdb": FamilyRule(title="DocumentDB"),
    "eks": FamilyRule(title="EKS", match=Match.CYCLE, on_absent=OnAbsent.WARN),
    "elasticache/memcached": FamilyRule(title="ElastiCache Memcached", unlisted=Unlisted.OPEN, aliases=("memcached",)),
    "elasticache/redis": FamilyRule(title="ElastiCache Redis OSS", match=Match.EXACT_OR_MAJOR, aliases=("redis",)),
    "elasticache/valkey": FamilyRule(
        title="ElastiCache Valkey", match=Match.EXACT_OR_MAJOR, unlisted=Unlisted.OPEN, aliases=("valkey",)
    ),
    "elasticsearch": FamilyRule(title="Elasticsearch", match=Match.CYCLE, unlisted=Unlisted.OPEN),
    "glue": FamilyRule(title="Glue", match=Match.CYCLE),
    "lambda": FamilyRule(title="Lambda runtime"),
    "memorydb": FamilyRule(title="MemoryDB", unlisted=Unlisted.OPEN),
    "mq/activemq": FamilyRule(title="Amazon MQ ActiveMQ", match=Match.CYCLE, aliases=("activemq",)),
    "mq/rabbitmq": FamilyRule(title="Amazon MQ RabbitMQ", match=Match.CYCLE, aliases=("rabbitmq",)),
    "msk": FamilyRule(title="MSK", match=Match.CYCLE, aliases=("kafka",)),
    "neptune": FamilyRule(title="Neptune", match=Match.CYCLE),
    "opensearch": FamilyRule(title="OpenSearch", match=Match.CYCLE, on_absent=OnAbsent.WARN),
    **{name: _rds(engine) for engine, name in _RDS.items()},
}

_SNAPSHOTS: Final = ("SnapshotIdentifier", "SourceDBClusterIdentifier")
_RUNTIME: Final = {"": "lambda"}

CARRIERS: Final[tuple[Carrier, ...]] = (
    Carrier(
        resource_type="AWS::RDS::DBInstance",
        path="EngineVersion",
        engine="Engine",
        families=_RDS,
        inherits=(
            *("DBClusterIdentifier", "DBClusterSnapshotIdentifier", "DBSnapshotIdentifier"),
            *("SourceDBInstanceIdentifier", "SourceDBClusterIdentifier", "SourceDbiResourceId"),
        ),
        no_extended_support=("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
        auto_minor="AutoMinorVersionUpgrade",
    ),
    Carrier(
        resource_type="AWS::RDS::DBCluster",
        path="EngineVersion",
        engine="Engine",
        families=_CLUSTERS,
        inherits=(*_SNAPSHOTS, "ReplicationSourceIdentifier", "SourceDbClusterResourceId"),
        no_extended_support=("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
    ),
    Carrier(
        resource_type="AWS::RDS::GlobalCluster",
        path="EngineVersion",
        engine="Engine",
        families=_GLOBAL,
        inherits=("SourceDBClusterIdentifier",),
        no_extended_support=("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
    ),
    Carrier(resource_type="AWS::RDS::DBParameterGroup", path="Family", families=_RDS, form=Form.GROUP),
    Carrier(resource_type="AWS::RDS::DBClusterParameterGroup", path="Family", families=_CLUSTERS, form=Form.GROUP),
    Carrier(
        resource_type="AWS::RDS::OptionGroup",
        path="MajorEngineVersion",
        engine="EngineName",
        families=_RDS,
        form=Form.OPTION,
        optional=True,
    ),
    Carrier(resource_type="AWS::Lambda::Function", path="Runtime", families=_RUNTIME, optional=True),
    Carrier(resource_type="AWS::Serverless::Function", path="Runtime", families=_RUNTIME, optional=True),
    Carrier(resource_type="AWS::Lambda::LayerVersion", path="CompatibleRuntimes", families=_RUNTIME, form=Form.LIST),
    Carrier(
        resource_type="AWS::Serverless::LayerVersion", path="CompatibleRuntimes", families=_RUNTIME, form=Form.LIST
    ),
    Carrier(
        resource_type="AWS::ElastiCache::CacheCluster",
        path="EngineVersion",
        engine="Engine",
        families=_CACHES,
        inherits=("SnapshotName", "SnapshotArns"),
    ),
    Carrier(
        resource_type="AWS::ElastiCache::ReplicationGroup",
        path="EngineVersion",
        engine="Engine",
        default_engine="redis",
        families=_CACHES,
        inherits=("GlobalReplicationGroupId", "PrimaryClusterId", "SnapshotName", "SnapshotArns"),
    ),
    Carrier(
        resource_type="AWS::ElastiCache::GlobalReplicationGroup",
        path="EngineVersion",
        engine="Engine",
        default_engine="redis",
        families=_CACHES,
        optional=True,
    ),
    Carrier(
        resource_type="AWS::ElastiCache::ServerlessCache",
        path="MajorEngineVersion",
        engine="Engine",
        families=_CACHES,
        form=Form.MAJOR,
        inherits=("SnapshotArnsToRestore",),
    ),
    Carrier(
        resource_type="AWS::ElastiCache::ParameterGroup",
        path="CacheParameterGroupFamily",
        families=_CACHES,
        form=Form.GROUP,
    ),
    Carrier(resource_type="AWS::MemoryDB::Cluster", path="EngineVersion", families={"": "memorydb"}),
    Carrier(resource_type="AWS::MemoryDB::MultiRegionCluster", path="EngineVersion", families={"": "memorydb"}),
    Carrier(
        resource_type="AWS::OpenSearchService::Domain",
        path="EngineVersion",
        families={"": "opensearch", "elasticsearch_": "elasticsearch"},
    ),
    Carrier(resource_type="AWS::Elasticsearch::Domain", path="ElasticsearchVersion", families={"": "elasticsearch"}),
    Carrier(
        resource_type="AWS::EKS::Cluster",
        path="Version",
        families={"": "eks"},
        no_extended_support=("UpgradePolicy.SupportType", "STANDARD"),
    ),
    Carrier(resource_type="AWS::EKS::Nodegroup", path="Version", families={"": "eks"}, optional=True),
    Carrier(resource_type="AWS::EKS::Nodegroup", path="ReleaseVersion", families={"": "eks"}, optional=True),
    Carrier(resource_type="AWS::MSK::Cluster", path="KafkaVersion", families={"": "msk"}),
    Carrier(resource_type="AWS::DocDB::DBCluster", path="EngineVersion", families={"": "docdb"}, inherits=_SNAPSHOTS),
    Carrier(resource_type="AWS::DocDB::GlobalCluster", path="EngineVersion", families={"": "docdb"}, optional=True),
    Carrier(
        resource_type="AWS::DocDB::DBClusterParameterGroup", path="Family", families={"docdb": "docdb"}, form=Form.GROUP
    ),
    Carrier(
        resource_type="AWS::Neptune::DBCluster", path="EngineVersion", families={"": "neptune"}, inherits=_SNAPSHOTS
    ),
    Carrier(resource_type="AWS::Neptune::GlobalCluster", path="EngineVersion", families={"": "neptune"}, optional=True),
    Carrier(
        resource_type="AWS::AmazonMQ::Broker",
        path="EngineVersion",
        engine="EngineType",
        families=_BROKERS,
        auto_minor="AutoMinorVersionUpgrade",
    ),
    Carrier(
        resource_type="AWS::AmazonMQ::Configuration",
        path="EngineVersion",
        engine="EngineType",
        families=_BROKERS,
        optional=True,
    ),
    Carrier(resource_type="AWS::Glue::Job", path="GlueVersion", families={"": "glue"}, optional=True),
    Carrier(resource_type="AWS::Glue::MLTransform", path="GlueVersion", families={"": "glue"}, optional=True),
    Carrier(resource_type="AWS::Glue::Session", path="GlueVersion", families={"": "glue"}, optional=True),
    Carrier(resource_type="AWS::Glue::DevEndpoint", path="GlueVersion", families={"": "glue"}, optional=True),
)

UNCOVERED: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::AppRunner::Service": (
        "SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.Runtime",
    ),
    "AWS::AppSync::FunctionConfiguration": ("Runtime.RuntimeVersion",),
    "AWS::AppSync::Resolver": ("Runtime.RuntimeVersion",),
    "AWS::Athena::WorkGroup": ("WorkGroupConfiguration.EngineVersion.SelectedEngineVersion",),
    "AWS::CloudFront::Function": ("FunctionConfig.Runtime",),
    "AWS::CodeBuild::Project": ("Environment.Image",),
    "AWS::DMS::ReplicationInstance": ("EngineVersion",),
    "AWS::ECS::Service": ("PlatformVersion",),
    "AWS::ECS::TaskSet": ("PlatformVersion",),
    "AWS::EKS::Addon": ("AddonVersion",),
    "AWS::EMR::Cluster": ("ReleaseLabel",),
    "AWS::EMRContainers::Endpoint": ("ReleaseLabel",),
    "AWS::EMRServerless::Application": ("ReleaseLabel",),
    "AWS::ElasticBeanstalk::ConfigurationTemplate": ("PlatformArn", "SolutionStackName"),
    "AWS::ElasticBeanstalk::Environment": ("PlatformArn", "SolutionStackName"),
    "AWS::Glue::Job": ("Command.PythonVersion",),
    "AWS::KafkaConnect::Connector": ("KafkaConnectVersion",),
    "AWS::KinesisAnalyticsV2::Application": ("RuntimeEnvironment",),
    "AWS::MWAA::Environment": ("AirflowVersion",),
    "AWS::MemoryDB::ParameterGroup": ("Family",),
    "AWS::Neptune::DBClusterParameterGroup": ("Family",),
    "AWS::Neptune::DBParameterGroup": ("Family",),
    "AWS::RDS::CustomDBEngineVersion": ("EngineVersion",),
    "AWS::RDS::Deployment": ("TargetEngineVersion",),
    "AWS::Redshift::Cluster": ("ClusterVersion",),
    "AWS::Redshift::ClusterParameterGroup": ("ParameterGroupFamily",),
    "AWS::Synthetics::Canary": ("RuntimeVersion",),
}
"""Properties with a version that no source covers; dots go into nested properties."""

EXPLAINED: Final[Mapping[str, str]] = {
    alias: name for name, rule in FAMILIES.items() for alias in (name, name.rpartition("/")[2], *rule.aliases)
}
"""Families by every name that people type."""


def carriers_of(resource_type: str) -> Iterator[Carrier]:
    """The carriers of a type."""
    return (carrier for carrier in CARRIERS if carrier.resource_type == resource_type)


def applies_to(family: str) -> tuple[AppliesTo, ...]:
    """Where templates carry versions of the family, as the list shows it to people."""
    rows = {
        (carrier.resource_type, carrier.path): AppliesTo(
            type=carrier.resource_type,
            version=carrier.path,
            when={carrier.engine: engine} if carrier.engine else {},
        )
        for carrier in CARRIERS
        for engine, name in carrier.families.items()
        if name == family
    }
    return tuple(row for _, row in sorted(rows.items()))
