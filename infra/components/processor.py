"""The function that takes records from the stream to the database, and what failed to get there."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct
from settings import Settings

from components import database as db
from components.bundling import staged
from components.logs import retention

_SOURCE = Path(__file__).parent.parent / "lambda"


class Processor(Construct):
    """The Lambda function, its trigger, its dead letters and its way to the database."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        key: kms.IKey,
        database: db.Database,
        stream: kinesis.IStream,
        settings: Settings,
    ) -> None:
        """Make the function; it reaches the database, and AWS over HTTPS, and nothing else."""
        super().__init__(scope, construct_id)
        # A dead letter names shard and sequence numbers, the record itself is still in the stream.
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=key,
            retention=retention(settings),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="The processor of the stream", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS to the AWS APIs")
        database.security_group.connections.allow_from(
            self.security_group, ec2.Port.tcp(db.PORT), "PostgreSQL from the processor"
        )
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Network interfaces alone. CDK's default adds the right to write to any log group.
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSLambdaENIManagementAccess")
            ],
        )
        # Lambda asks for this as well, and the policy lacks it. The action takes no narrower resource.
        role.add_to_policy(iam.PolicyStatement(actions=["ec2:DescribeSubnets"], resources=["*"]))
        with staged(_SOURCE, distributions=["pg8000"]) as folder:
            self.function = lambda_.Function(
                self,
                "Function",
                description="Stores the stream's records in PostgreSQL",
                runtime=lambda_.Runtime.PYTHON_3_13,
                architecture=lambda_.Architecture.ARM_64,
                handler="handler.handle",
                code=lambda_.Code.from_asset(str(folder)),
                role=role,
                vpc=vpc,
                vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
                security_groups=[self.security_group],
                memory_size=settings.function_memory_mib,
                timeout=cdk.Duration.seconds(settings.function_timeout_seconds),
                reserved_concurrent_executions=settings.reserved_concurrency,
                tracing=lambda_.Tracing.ACTIVE,
                log_group=self.log_group,
                # The runtime writes one JSON object per message, with the fields given in `extra`.
                logging_format=lambda_.LoggingFormat.JSON,
                environment={
                    "DB_SECRET_ARN": database.secret.secret_arn,
                    "DB_CA_BUNDLE": settings.ca_bundle_path,
                },
                environment_encryption=key,
            )
        self.log_group.grant_write(self.function)
        database.secret.grant_read(self.function)
        self.function.add_event_source(
            event_sources.KinesisEventSource(
                stream,
                # From the oldest record, so that what arrives during the first deployment is stored too.
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=settings.batch_size,
                max_batching_window=cdk.Duration.seconds(settings.batching_window_seconds),
                bisect_batch_on_error=True,
                report_batch_item_failures=True,
                retry_attempts=settings.retry_attempts,
                max_record_age=cdk.Duration.minutes(settings.max_record_age_minutes),
                on_failure=event_sources.SqsDlq(self.dead_letters),
            )
        )
