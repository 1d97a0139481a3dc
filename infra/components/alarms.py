"""Alarms: what can go wrong, and who gets the message."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from constructs import Construct
from settings import Settings

from components.processor import Processor

_GIB = 1024**3


class Alarms(Construct):
    """A topic, and alarms over every stage of the way that all act on it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        database: rds.IDatabaseInstance,
        stream: kinesis.IStream,
        processor: Processor,
        settings: Settings,
    ) -> None:
        """Make the alarms; thresholds follow the settings, so that they move together."""
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # The policy that enforces TLS replaces the one that SNS gives a topic, and with it the leave for alarms.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
        function = processor.function
        minute = cdk.Duration.minutes(1)
        five_minutes = cdk.Duration.minutes(5)
        over = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        # These metrics are silent while nothing happens.
        quiet = cloudwatch.TreatMissingData.NOT_BREACHING

        alarms = [
            database.metric_cpu_utilization(period=five_minutes).create_alarm(
                self,
                "DatabaseCpu",
                alarm_description="The database's CPU is busy for 15 minutes, or unknown",
                threshold=80,
                comparison_operator=over,
                evaluation_periods=3,
                # A database that reports nothing is not there: the one alarm where silence is bad news.
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            ),
            database.metric_free_storage_space(period=five_minutes, statistic="Minimum").create_alarm(
                self,
                "DatabaseFreeStorage",
                alarm_description="Less than a fifth of the database's storage is free",
                threshold=settings.database_storage_gib * _GIB // 5,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.MISSING,
            ),
            database.metric_database_connections(period=five_minutes, statistic="Maximum").create_alarm(
                self,
                "DatabaseConnections",
                alarm_description="The database has more connections than the function can explain",
                # Each running copy of the function holds one; copies that were replaced linger a while.
                threshold=settings.reserved_concurrency * 2,
                comparison_operator=over,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.MISSING,
            ),
            function.metric_errors(period=five_minutes).create_alarm(
                self,
                "FunctionErrors",
                alarm_description="The function failed",
                threshold=0,
                comparison_operator=over,
                evaluation_periods=1,
                treat_missing_data=quiet,
            ),
            function.metric_throttles(period=five_minutes).create_alarm(
                self,
                "FunctionThrottles",
                alarm_description="The function is refused to run for 15 minutes",
                threshold=0,
                comparison_operator=over,
                evaluation_periods=3,
                treat_missing_data=quiet,
            ),
            function.metric_duration(period=five_minutes, statistic="Maximum").create_alarm(
                self,
                "FunctionDuration",
                alarm_description="The function needs over four fifths of its timeout",
                threshold=settings.function_timeout_seconds * 1000 * 4 // 5,
                comparison_operator=over,
                evaluation_periods=1,
                treat_missing_data=quiet,
            ),
            stream.metric_get_records_iterator_age_milliseconds(period=minute, statistic="Maximum").create_alarm(
                self,
                "StreamIteratorAge",
                alarm_description="Records have waited for half of the time after which they are given up",
                threshold=settings.max_record_age_minutes * 60_000 // 2,
                comparison_operator=over,
                evaluation_periods=5,
                treat_missing_data=quiet,
            ),
            stream.metric_write_provisioned_throughput_exceeded(period=five_minutes, statistic="Sum").create_alarm(
                self,
                "StreamWritesRefused",
                alarm_description="Producers are refused for 15 minutes: the stream needs more shards",
                threshold=0,
                comparison_operator=over,
                evaluation_periods=3,
                treat_missing_data=quiet,
            ),
            processor.dead_letters.metric_approximate_number_of_messages_visible(
                period=minute, statistic="Maximum"
            ).create_alarm(
                self,
                "DeadLetters",
                alarm_description="Records could not be stored and were given up",
                threshold=0,
                comparison_operator=over,
                evaluation_periods=1,
                treat_missing_data=quiet,
            ),
        ]
        for alarm in alarms:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
