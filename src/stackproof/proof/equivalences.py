"""What is equal though it is not the same: tables of what resource schemas leave open. Each row has an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from stackproof.core.json import JsonValue, canonical

__all__ = ["DOCUMENTS", "EQUAL", "LISTS", "SETS", "TELLING", "aliases_in", "in_other_words", "with_keys"]

SETS: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("AWS::ApiGateway::Method", "/AuthorizationScopes"),
        ("AWS::ApiGatewayV2::Api", "/CorsConfiguration/AllowHeaders"),
        ("AWS::ApiGatewayV2::Api", "/CorsConfiguration/AllowMethods"),
        ("AWS::ApiGatewayV2::Api", "/CorsConfiguration/AllowOrigins"),
        ("AWS::ApiGatewayV2::Route", "/AuthorizationScopes"),
        ("AWS::AutoScaling::AutoScalingGroup", "/LoadBalancerNames"),
        ("AWS::CertificateManager::Certificate", "/SubjectAlternativeNames"),
        ("AWS::CloudFront::Distribution", "/DistributionConfig/Aliases"),
        ("AWS::CloudFront::Distribution", "/DistributionConfig/CacheBehaviors/*/AllowedMethods"),
        ("AWS::CloudFront::Distribution", "/DistributionConfig/CacheBehaviors/*/CachedMethods"),
        ("AWS::CloudFront::Distribution", "/DistributionConfig/CustomErrorResponses"),
        ("AWS::CloudFront::Distribution", "/DistributionConfig/DefaultCacheBehavior/AllowedMethods"),
        ("AWS::CloudFront::Distribution", "/DistributionConfig/DefaultCacheBehavior/CachedMethods"),
        ("AWS::CloudWatch::Alarm", "/AlarmActions"),
        ("AWS::CloudWatch::Alarm", "/InsufficientDataActions"),
        ("AWS::CloudWatch::Alarm", "/OKActions"),
        ("AWS::CloudWatch::CompositeAlarm", "/AlarmActions"),
        ("AWS::CloudWatch::CompositeAlarm", "/InsufficientDataActions"),
        ("AWS::CloudWatch::CompositeAlarm", "/OKActions"),
        ("AWS::Cognito::UserPool", "/AliasAttributes"),
        ("AWS::Cognito::UserPool", "/AutoVerifiedAttributes"),
        ("AWS::Cognito::UserPool", "/UsernameAttributes"),
        ("AWS::Cognito::UserPoolClient", "/AllowedOAuthFlows"),
        ("AWS::Cognito::UserPoolClient", "/AllowedOAuthScopes"),
        ("AWS::Cognito::UserPoolClient", "/CallbackURLs"),
        ("AWS::Cognito::UserPoolClient", "/ExplicitAuthFlows"),
        ("AWS::Cognito::UserPoolClient", "/LogoutURLs"),
        ("AWS::Cognito::UserPoolClient", "/ReadAttributes"),
        ("AWS::Cognito::UserPoolClient", "/SupportedIdentityProviders"),
        ("AWS::Cognito::UserPoolClient", "/WriteAttributes"),
        ("AWS::DynamoDB::GlobalTable", "/GlobalSecondaryIndexes/*/Projection/NonKeyAttributes"),
        ("AWS::DynamoDB::Table", "/GlobalSecondaryIndexes"),
        ("AWS::DynamoDB::Table", "/GlobalSecondaryIndexes/*/Projection/NonKeyAttributes"),
        ("AWS::DynamoDB::Table", "/LocalSecondaryIndexes"),
        ("AWS::EC2::LaunchTemplate", "/LaunchTemplateData/SecurityGroupIds"),
        ("AWS::EC2::PrefixList", "/Entries"),
        ("AWS::ECS::Cluster", "/CapacityProviders"),
        ("AWS::ECS::Cluster", "/ClusterSettings"),
        ("AWS::ECS::Cluster", "/DefaultCapacityProviderStrategy"),
        ("AWS::ECS::Service", "/CapacityProviderStrategy"),
        ("AWS::ECS::Service", "/LoadBalancers"),
        ("AWS::ECS::Service", "/ServiceRegistries"),
        ("AWS::ElastiCache::ReplicationGroup", "/LogDeliveryConfigurations"),
        ("AWS::Lambda::Function", "/VpcConfig/SecurityGroupIds"),
        ("AWS::Lambda::Function", "/VpcConfig/SubnetIds"),
        ("AWS::Lambda::Url", "/Cors/AllowHeaders"),
        ("AWS::Lambda::Url", "/Cors/AllowMethods"),
        ("AWS::Lambda::Url", "/Cors/AllowOrigins"),
        ("AWS::RDS::DBInstance", "/AssociatedRoles"),
        ("AWS::RDS::DBInstance", "/EnableCloudwatchLogsExports"),
        ("AWS::RDS::DBInstance", "/ProcessorFeatures"),
        ("AWS::Route53::RecordSet", "/ResourceRecords"),
        ("AWS::S3::Bucket", "/CorsConfiguration/CorsRules/*/AllowedMethods"),
        ("AWS::S3::Bucket", "/LifecycleConfiguration/Rules"),
        ("AWS::S3::Bucket", "/LifecycleConfiguration/Rules/*/NoncurrentVersionTransitions"),
        ("AWS::S3::Bucket", "/LifecycleConfiguration/Rules/*/TagFilters"),
        ("AWS::S3::Bucket", "/LifecycleConfiguration/Rules/*/Transitions"),
        ("AWS::S3::Bucket", "/NotificationConfiguration/LambdaConfigurations"),
        ("AWS::S3::Bucket", "/NotificationConfiguration/LambdaConfigurations/*/Filter/S3Key/Rules"),
        ("AWS::S3::Bucket", "/NotificationConfiguration/QueueConfigurations"),
        ("AWS::S3::Bucket", "/NotificationConfiguration/QueueConfigurations/*/Filter/S3Key/Rules"),
        ("AWS::S3::Bucket", "/NotificationConfiguration/TopicConfigurations"),
        ("AWS::S3::Bucket", "/NotificationConfiguration/TopicConfigurations/*/Filter/S3Key/Rules"),
        ("AWS::S3::Bucket", "/ReplicationConfiguration/Rules"),
    }
)
"""Arrays whose order means nothing though their schema leaves it open."""

LISTS: Final[frozenset[tuple[str, str]]] = frozenset({("AWS::Lambda::Function", "/Layers")})
"""Arrays whose order matters though their schema states that items are unique: later layers cover earlier ones."""

_RULE_OF_A_BUCKET: Final = {
    "AbortIncompleteMultipartUpload": (),
    "ExpirationDate": (),
    "ExpirationInDays": (),
    "ExpiredObjectDeleteMarker": (),
    "NoncurrentVersionExpiration": ("NoncurrentVersionExpirationInDays",),
    "NoncurrentVersionTransitions": ("NoncurrentVersionTransition",),
    "ObjectSizeGreaterThan": (),
    "ObjectSizeLessThan": (),
    "Prefix": (),
    "TagFilters": (),
    "Transitions": ("Transition",),
}
_TARGET_OF_A_RULE: Final = (
    *(
        "AppSyncParameters",
        "BatchParameters",
        "DeadLetterConfig",
        "EcsParameters",
        "HttpParameters",
        "Input",
        "InputPath",
    ),
    *(
        "InputTransformer",
        "KinesisParameters",
        "RedshiftDataParameters",
        "RetryPolicy",
        "RoleArn",
        "RunCommandParameters",
    ),
    *("SageMakerPipelineParameters", "SqsParameters"),
)
_NOTIFIED: Final = ("LambdaConfigurations", "QueueConfigurations", "TopicConfigurations")

_KEPT_BACK: Final = "NewerNoncurrentVersions"

TELLING: Final[Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]] = {
    ("AWS::Events::Rule", "/Targets/*"): dict.fromkeys(_TARGET_OF_A_RULE, ()),
    (
        "AWS::S3::Bucket",
        "/BucketEncryption/ServerSideEncryptionConfiguration/*/ServerSideEncryptionByDefault",
    ): {"KMSMasterKeyID": ()},
    ("AWS::S3::Bucket", "/CorsConfiguration/CorsRules/*"): dict.fromkeys(
        ("AllowedHeaders", "ExposedHeaders", "MaxAge"), ()
    ),
    ("AWS::S3::Bucket", "/LifecycleConfiguration/Rules/*"): _RULE_OF_A_BUCKET,
    **{
        ("AWS::S3::Bucket", f"/LifecycleConfiguration/Rules/*/{action}"): {_KEPT_BACK: ()}
        for action in (
            "NoncurrentVersionExpiration",
            "NoncurrentVersionTransition",
            "NoncurrentVersionTransitions/*",
        )
    },
    **{("AWS::S3::Bucket", f"/NotificationConfiguration/{receiver}/*"): {"Filter": ()} for receiver in _NOTIFIED},
}
"""Members of an element that nothing but a caller sets: one that the template leaves out differs if it is live.

(type, element) → member → other names under which the template may set it. Other members are free: services add them.
"""

DOCUMENTS: Final = re.compile(r"/(\w*PolicyDocument|KeyPolicy|RedrivePolicy|FilterPolicy|PolicyText)$")
"""Names of JSON documents, for types that have no schema."""


def _same_end(expected: str, live: str) -> bool:
    """An ARN and the id or name that it ends with."""
    long, short = (expected, live) if len(expected) > len(live) else (live, expected)
    return long.startswith("arn:") and long.endswith((f"/{short}", f":{short}"))


def _begins(expected: str, live: str) -> bool:
    """A version by its first parts: the service shows the whole of it."""
    return live.startswith(f"{expected}.")


_PROTOCOLS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


def _same_letters(expected: str, live: str) -> bool:
    """A word that is compared without case."""
    return expected.lower() == live.lower()


def _same_protocol(expected: str, live: str) -> bool:
    """A protocol by its number or its name."""
    return _PROTOCOLS.get(expected, expected.lower()) == _PROTOCOLS.get(live, live.lower())


def _latest(expected: str, live: str) -> bool:
    """The word for whichever version is the latest, and the version that it was."""
    return expected.upper() == "LATEST" and bool(live)


EQUAL: Final[Mapping[tuple[str, str], Callable[[str, str], bool]]] = {
    ("AWS::EC2::SecurityGroup", "/SecurityGroupEgress/*/IpProtocol"): _same_protocol,
    ("AWS::EC2::SecurityGroup", "/SecurityGroupIngress/*/IpProtocol"): _same_protocol,
    ("AWS::EC2::SecurityGroupEgress", "/IpProtocol"): _same_protocol,
    ("AWS::EC2::SecurityGroupIngress", "/IpProtocol"): _same_protocol,
    ("AWS::ECR::Repository", "/EncryptionConfiguration/KmsKey"): _same_end,
    ("AWS::ECS::Service", "/PlatformVersion"): _latest,
    ("AWS::ElastiCache::CacheCluster", "/EngineVersion"): _begins,
    ("AWS::ElastiCache::ReplicationGroup", "/EngineVersion"): _begins,
    ("AWS::Events::EventBus", "/KmsKeyIdentifier"): _same_end,
    **{
        ("AWS::S3::Bucket", f"/NotificationConfiguration/{receiver}/*/Filter/S3Key/Rules/*/Name"): _same_letters
        for receiver in _NOTIFIED
    },
    ("AWS::StepFunctions::StateMachine", "/EncryptionConfiguration/KmsKeyId"): _same_end,
}
"""How two texts are compared where a service gives another one back than it was given: (type, property) → how."""


def in_other_words(expected: JsonValue, live: JsonValue) -> bool:
    """Whether a key is named by its alias on one side and by its id on the other."""
    return bool(aliases_in(expected)) and _KEY.search(canonical(live)) is not None


def aliases_in(value: JsonValue) -> tuple[str, ...]:
    """The aliases of keys that a value names, by name or by ARN."""
    return tuple(sorted({match[1] for match in _ALIAS.finditer(canonical(value))}))


def with_keys(value: JsonValue, keys: Mapping[str, str | None]) -> JsonValue:
    """The value with the keys in place of their aliases."""
    if isinstance(value, Mapping):
        return {name: with_keys(element, keys) for name, element in value.items()}
    if isinstance(value, list):
        return [with_keys(element, keys) for element in value]
    return keys.get(value) or value if isinstance(value, str) else value


_ALIAS: Final = re.compile(r'"((?:arn:[\w:-]+:)?alias/[^"]+)"')
_KEY: Final = re.compile(r':key/|"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"')
