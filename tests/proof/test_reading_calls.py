"""Every operation of the SDK that passes as a read, held against what its model says: sensitive answers, and verbs.

A new botocore with an operation that nobody has checked fails here. It is refused in `calls/iam_action.py`, or it
gets a row with the reason why a run that only reads may call it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from botocore.session import Session

from stackproof.calls.iam_action import gives_secret, only_reads, prefix_of
from stackproof.targets.guard import reads_only

PRIVATE: Final = frozenset(Path(__file__).with_name("private_members.txt").read_text(encoding="utf-8").split())
"""Names of members that models call sensitive and that are data of people and businesses: no secrets."""

TELLING: Final = re.compile(
    r"secret|password$|passphrase|token$|credential|presigned|downloadurl|embedurl|signed|signature|sharedkey|streamkey"
    r"|streamurl|activationcode|authenticationmaterial|authorizationurl|seed$|customergateway|devicespecifickey|qrcode"
    r"|s3objecturl|uploadpolicy|vsankey|weburl|importmanifesturl|endpoint$|securitydb|authkey|privatekey"
    r"|^(admin|blob|code|data|facebook|github|google|key|keys|keyvalue|uri|url|value)$"
)
"""Sensitive members that may be a secret, by their names: an operation with one is looked at by itself."""

PLAIN: Final = re.compile(r"secretaccesskey|clientsecret$|authtoken$|^password$|passphrase$|embedurl$|authkey$|appkey$")
"""The same of members that models do not call sensitive."""

DOES: Final = re.compile(
    r"used by|(this (operation|action|api) |it )?(accepts|acknowledges|adds|assigns|begins|cancels|claims|consumes"
    r"|creates|deletes|deploys|enables (?!you to)|generates|imports|initiates|invokes|launches|marks|moves|polls"
    r"|provisions|publishes|puts|refreshes|registers|removes|requests|reserves|resets|runs|schedules|sends?|starts"
    r"|submits|takes|triggers|updates|uploads)\b"
)
"""How the documentation of an operation begins that does something."""

LINKS: Final = re.compile(r"\b(pre-?signed (url|s3)|single sign-on|bearer token|temporary credentials)")

HARMLESS: Final = {
    "a label, a code of a country or catalog, a name in one's own data: opens nothing": """
        bedrock-agent:GetPrompt chime-sdk-identity:ListTagsForResource chime-sdk-messaging:ListTagsForResource
        chime-sdk-voice:ListTagsForResource cloud9:ListTagsForResource customer-profiles:GetProfileObjectType
        customer-profiles:GetProfileObjectTypeTemplate customer-profiles:GetProfileRecommendations
        customer-profiles:ListObjectTypeAttributeValues customer-profiles:SearchRecommendations
        forecast:ListTagsForResource geo-places:GetPlace geo-places:SearchNearby geo-places:SearchText
        grafana:DescribeWorkspaceAuthentication rolesanywhere:ListTagsForResource voice-id:ListTagsForResource
        workspaces-web:ListTagsForResource
    """,
    "personal or business data, which the caller may read": """
        agent-registry-control:GetRegistryRecord agent-registry:BatchGetDiscoverableRegistryRecord
        agent-registry:SearchDiscoverableRegistryRecords bedrock-agent:GetFlow bedrock-agent:GetFlowVersion
        bedrock-agentcore:GetEvent bedrock-agentcore:GetPaymentInstrument bedrock-agentcore:ListEvents
        bedrock:GetEvaluationJob cloudfront-keyvaluestore:GetKey cloudfront-keyvaluestore:ListKeys
        cognito-idp:GetDevice cognito-idp:GetUser cognito-idp:ListDevices cognito-idp:ListUsers
        cognito-idp:ListUsersInGroup frauddetector:GetEventPredictionMetadata
        gamelift:DescribeGameSessionDetails gamelift:DescribeGameSessionPlacement gamelift:DescribeGameSessions
        gamelift:DescribeMatchmakingConfigurations gamelift:SearchGameSessions identitystore:DescribeUser
        identitystore:ListUsers organizations:DescribeHandshake organizations:ListHandshakesForAccount
        organizations:ListHandshakesForOrganization pipes:DescribePipe qconnect:GetAIAgent
        qconnect:GetNextMessage qconnect:ListAIAgentVersions qconnect:ListAIAgents qconnect:ListMessages
        qconnect:ListSpans quicksight:DescribeAnalysisDefinition quicksight:DescribeDashboardDefinition
        quicksight:DescribeTemplateDefinition route53domains:GetDomainDetail workdocs:SearchResources
    """,
    "an address, without what would open it": """
        bedrock-agentcore-control:GetHarness chime:GetEventsConfiguration datazone:GetNotebookExport
        dms:DescribeReplicationTaskAssessmentResults ec2:DescribeConversionTasks ec2:DescribeImportImageTasks
        ec2:DescribeImportSnapshotTasks firehose:DescribeDeliveryStream
    """,
    "a link by which to download for some minutes what the caller may read anyway": """
        bedrock-agent-runtime:GetDocumentContent bedrock-agentcore-control:GetDataset connect:GetAttachedFile
        connectparticipant:GetAttachment devicefarm:ListTestGridSessionArtifacts
        elbv2:GetTrustStoreCaCertificatesBundle elbv2:GetTrustStoreRevocationContent
        greengrassv2:GetComponentVersionArtifact mailmanager:GetArchiveMessage
        notifications:GetManagedNotificationEvent qbusiness:GetDocumentContent qconnect:GetContent
        qconnect:GetImportJob qconnect:GetMessageTemplate quicksight:DescribeAssetBundleExportJob
        security-ir:GetCaseAttachmentDownloadUrl snowball:GetSoftwareUpdates wisdom:GetContent
        wisdom:GetImportJob
    """,
    "never in an answer, or masked there, as its documentation says or as the service does": """
        appstream:DescribeDirectoryConfigs elbv2:DescribeListeners elbv2:DescribeRules events:DescribeConnection
        fsx:DescribeBackups fsx:DescribeFileSystems fsx:DescribeSnapshots fsx:DescribeVolumes
        iam:ListVirtualMFADevices rds:DescribeDBClusters rds:DescribeDBInstances rds:DescribeOptionGroups
        rds:DescribeTenantDatabases redshift:DescribeClusters
    """,
    "where a secret is kept, or the public half of a key": """
        ec2:GetInstanceTpmEkPub ecs:DescribeDaemonTaskDefinition ecs:DescribeTaskDefinition
        kinesisvideo:DescribeEdgeConfiguration kinesisvideo:ListEdgeAgentConfigurations pcs:GetCluster
        ssm-sap:GetDatabase
    """,
    "encrypted, unless a parameter asks for more, and with that it is refused": """
        ssm:GetParameter ssm:GetParameterHistory ssm:GetParameters ssm:GetParametersByPath
    """,
    "made up for the answer and kept nowhere": """
        apigateway:GetModelTemplate apigateway:GetSdk ce:GetRightsizingRecommendation
        ec2:GetFlowLogsIntegrationTemplate glue:GetMapping lookoutequipment:ListModelVersions
        lookoutequipment:ListModels payment-cryptography:GetCertificateSigningRequest
        secretsmanager:GetRandomPassword ssm:ListNodesSummary
    """,
    "a verb of its documentation that is about what goes in, or how it is asked": """
        backup-gateway:GetHypervisor cognito-idp:ListWebAuthnCredentials config:ListAggregateDiscoveredResources
        config:SelectAggregateResourceConfig config:SelectResourceConfig
        discovery:DescribeBatchDeleteConfigurationTask mediaconvert:DescribeEndpoints
        servicecatalog:GetProvisionedProductOutputs snowball:DescribeAddress ssm:GetExecutionPreview
        ssm:ListNodes workmail:GetMailboxDetails workmail:GetPersonalAccessTokenMetadata workmail:ListAliases
        xray:GetSamplingTargets
    """,
    "a slip of its documentation": """
        quicksight:DescribeTopicRefreshSchedule
    """,
}
"""Operations that pass all the same, by the reason why."""

ACTS: Final = re.compile(
    r"\b(acknowledge|acquire|claim|clear|consume|create|delete|enqueue|extend|generate|initiate|invoke|launch|mark|notify"
    r"|refresh|register|remove|renew|reset|run|send|start|trigger|unmask|update|wake)(e?s|ing)?\b"
    r"|decrypt|simulates|keystroke"
)
"""Words in what is said of a switch, a parameter that is true or false, which may do more than choose what to show."""

HARMLESS_SWITCHES: Final = {
    "chooses or shapes what is shown": """
        accessanalyzer:GetGeneratedPolicy/includeResourcePlaceholders
        accessanalyzer:GetGeneratedPolicy/includeServiceLevelTemplate accessanalyzer:ListAccessPreviewFindings/exists
        accessanalyzer:ListFindings/exists accessanalyzer:ListFindingsV2/exists
        cloudformation:EstimateTemplateCost/UsePreviousValue
        cloudformation:GetTemplateSummary/TreatUnrecognizedResourceTypesAsWarnings
        ec2:GetSpotPlacementScores/SingleAvailabilityZone elasticache:DescribeUpdateActions/ShowNodeLevelUpdateStatus
        glue:GetCatalogs/Recursive glue:GetJobRun/PredecessorsIncluded glue:GetTable/IncludeStatusDetails
        glue:GetTables/IncludeStatusDetails glue:SearchTables/IncludeStatusDetails
        iot:ListThings/usePrefixAttributeValue lightsail:GetRelationalDatabaseLogEvents/startFromHead
        opensearch:DescribeDryRunProgress/LoadDryRunConfig
        redshift-data:ListStatements/RoleLevel ssm:DescribeAutomationStepExecutions/ReverseOrder
        swf:ListClosedWorkflowExecutions/reverseOrder swf:ListOpenWorkflowExecutions/reverseOrder
    """,
    "reckoned for the answer and kept nowhere": """
        network-firewall:DescribeRuleGroup/AnalyzeRuleGroup
    """,
}
"""Switches of operations that pass, by the reason why they may be on."""

KNOWN: Final = frozenset(name for names in HARMLESS.values() for name in names.split())


@cache
def session() -> Session:
    """One for all tests: it keeps the models that it has read, and reading them all takes seconds."""
    return Session()


@cache
def looked_at() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """What passes the guard as `service:Operation`; those of it to be judged; and other sensitive members' names."""
    passing, suspicious, private = set(), set(), set()
    for service in session().get_available_services():
        model = session().get_service_model(service)
        for operation in model.operation_names:
            if not reads_only(f"{prefix_of(service)}:{operation}", {}):
                continue
            name = f"{service}:{operation}"
            passing.add(name)
            found = set(members(model.operation_model(operation).output_shape, set()))
            telling = {name for name, sensitive in found if (TELLING if sensitive else PLAIN).search(name)}
            private |= {name for name, sensitive in found if sensitive} - telling
            if telling or does_something(model.operation_model(operation).documentation):
                suspicious.add(name)
    return frozenset(passing), frozenset(suspicious), frozenset(private)


def members(shape: Any, seen: set[str]) -> Iterator[tuple[str, bool]]:
    """The folded names of all members of an answer but marks of pages, and whether the model calls them sensitive."""
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    for name, member in getattr(shape, "members", {}).items():
        if not name.casefold().endswith("nexttoken"):
            yield name.casefold(), bool(member.metadata.get("sensitive"))
        yield from members(member, seen)
    for inner in (getattr(shape, "member", None), getattr(shape, "value", None)):
        yield from members(inner, seen)


def switches(shape: Any, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The names of all members of a request that are true or false, and their descriptions."""
    if shape is None or shape.name in seen:
        return
    for name, member in getattr(shape, "members", {}).items():
        if member.type_name == "boolean":
            yield name, re.sub("<[^>]+>", "", member.documentation or "").casefold()
        yield from switches(member, seen | {shape.name})
    for inner in (getattr(shape, "member", None), getattr(shape, "value", None)):
        yield from switches(inner, seen | {shape.name})


def does_something(documentation: str) -> bool:
    said = re.sub("<[^>]+>", "", documentation).strip()[:300].casefold()
    return bool(DOES.match(said) or LINKS.search(said))


def test_whatever_passes_and_may_show_a_secret_or_do_something_is_harmless_for_a_reason() -> None:
    passing, suspicious, _ = looked_at()
    assert sorted(suspicious - KNOWN) == []
    assert sorted(KNOWN & passing - suspicious) == []  # a reason that nothing needs any more


def test_no_answer_that_passes_has_a_sensitive_member_of_a_name_that_nobody_has_seen() -> None:
    _, _, private = looked_at()
    assert sorted(private - PRIVATE) == []


def test_a_switch_of_a_read_that_may_do_something_is_refused_or_harmless_for_a_reason() -> None:
    found = set()
    for name in sorted(looked_at()[0]):
        service, _, operation = name.partition(":")
        shape = session().get_service_model(service).operation_model(operation).input_shape
        for switch, said in switches(shape, frozenset()):
            called = f"{prefix_of(service)}:{operation}"
            if switch.casefold() != "dryrun" and ACTS.search(said) and reads_only(called, {switch: True}):
                found.add(f"{name}/{switch}")
    harmless = {part for names in HARMLESS_SWITCHES.values() for part in names.split()}
    assert sorted(found - harmless) == []
    assert sorted(harmless - found) == []  # a reason that nothing needs any more


def test_what_starts_or_takes_something_is_no_read() -> None:
    assert not any(map(only_reads, ("GetActivityTask", "states:GetActivityTask", "GetShippingLabel")))
    assert not only_reads("GetScalingConfigurationRecommendation")


def test_what_gives_a_secret_in_one_service_is_let_pass_in_others() -> None:
    assert gives_secret("mediapackage:DescribeChannel")
    assert not gives_secret("medialive:DescribeChannel")
    assert gives_secret("elasticmapreduce:DescribeCluster")
    assert not gives_secret("eks:DescribeCluster")
    assert all(
        map(gives_secret, ("GetJobDetails", "quicksight:GetDashboardEmbedUrl", "kinesisvideo:GetIceServerConfig"))
    )
