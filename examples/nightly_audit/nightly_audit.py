"""A construct that audits a repository's stacks every night, and raises an alarm if they drifted or nobody looked."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

COMMAND = "stackproof drift audit --target aws --minimum-coverage 90"


class NightlyAudit(Construct):
    """EventBridge starts a build; the build's role may read what the audit reads, and write its own log."""

    def __init__(
        self, scope: Construct, construct_id: str, *, owner: str, repository: str, policy: Mapping[str, Any]
    ) -> None:
        """Audit `owner/repository` on GitHub; `policy` is what `stackproof iam-policy --for drift` prints for it."""
        super().__init__(scope, construct_id)
        self.key = self._key()
        log = logs.LogGroup(
            self,
            "Log",
            encryption_key=self.key,
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
        iam.ManagedPolicy(
            self, "Reading", document=iam.PolicyDocument.from_json(policy), roles=[role], description="What audits read"
        )
        self.project = codebuild.Project(
            self,
            "Project",
            description="Audits drift",
            source=codebuild.Source.git_hub(owner=owner, repo=repository, webhook=False),
            role=role,
            encryption_key=self.key,
            grant_report_group_permissions=False,
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0, compute_type=codebuild.ComputeType.SMALL
            ),
            build_spec=codebuild.BuildSpec.from_object(
                {
                    "version": "0.2",
                    "phases": {
                        "install": {
                            "runtime-versions": {"python": "3.12"},
                            "commands": ["pip install 'stackproof[cdk,live,drift,postgres]' -r infra/requirements.txt"],
                        },
                        "build": {"commands": [COMMAND]},
                    },
                }
            ),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log)),
            timeout=cdk.Duration.minutes(60),
            queued_timeout=cdk.Duration.minutes(30),
        )
        scheduler.Schedule(
            self,
            "Schedule",
            description="Every night",
            schedule=scheduler.ScheduleExpression.cron(minute="17", hour="3", time_zone=cdk.TimeZone.ETC_UTC),
            target=targets.CodeBuildStartBuild(self.project, retry_attempts=2),
            key=self.key,
        )
        self._alarms()

    def _key(self) -> kms.Key:
        """One key for log, topic and schedule; it stays, since logs outlive the stack."""
        stack = cdk.Stack.of(self)
        key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=cdk.RemovalPolicy.RETAIN)
        arn = stack.format_arn(
            service="logs", resource="log-group", resource_name="*", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogsOfThisAccount",
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn}},
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsToEncryptedTopic",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )
        return key

    def _alarms(self) -> None:
        """One for an audit that failed, and one for a night without any: silence does not prove anything."""
        topic = sns.Topic(self, "Topic", master_key=self.key, enforce_ssl=True)
        # The policy that enforces TLS replaces the one that SNS gives a topic, and with it the leave for alarms.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
        failed = self.project.metric_failed_builds(period=cdk.Duration.hours(1), statistic="Sum").create_alarm(
            self,
            "Drifted",
            alarm_description="The audit found drift (exit code 1), or could not look at everything (3)",
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        silent = self.project.metric_builds(period=cdk.Duration.days(1), statistic="Sum").create_alarm(
            self,
            "Silent",
            alarm_description="For a day no audit has run",
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        for accounts in (failed, silent):
            accounts.add_alarm_action(actions.SnsAction(topic))
            accounts.add_ok_action(actions.SnsAction(topic))
