"""TapStack: a stream of records goes Kinesis → Lambda → PostgreSQL."""

import aws_cdk as cdk
from components.alarms import Alarms
from components.database import Database
from components.encryption import Encryption
from components.network import Network
from components.processor import Processor
from components.stream import RecordStream
from constructs import Construct
from settings import Settings


class TapStack(cdk.Stack):
    """All of it in one stack. It names no account and no region, so it deploys to any."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        """Wire the components to one another."""
        super().__init__(
            scope,
            construct_id,
            stack_name=f"TapStack-{settings.environment_suffix}",
            description="Stores the records of a Kinesis stream in PostgreSQL.",
        )
        encryption = Encryption(self, "Encryption")
        network = Network(self, "Network", key=encryption.key, settings=settings)
        database = Database(self, "Database", vpc=network.vpc, key=encryption.key, settings=settings)
        stream = RecordStream(self, "Stream", key=encryption.key, settings=settings)
        processor = Processor(
            self,
            "Processor",
            vpc=network.vpc,
            key=encryption.key,
            database=database,
            stream=stream.stream,
            settings=settings,
        )
        alarms = Alarms(
            self,
            "Alarms",
            key=encryption.key,
            database=database.instance,
            stream=stream.stream,
            processor=processor,
            settings=settings,
        )

        for name, value in {
            "VpcId": network.vpc.vpc_id,
            "KeyArn": encryption.key.key_arn,
            "DatabaseIdentifier": database.instance.instance_identifier,
            "DatabaseEndpoint": database.instance.db_instance_endpoint_address,
            "DatabasePort": database.instance.db_instance_endpoint_port,
            "DatabaseSecretArn": database.secret.secret_arn,
            "DatabaseSecurityGroupId": database.security_group.security_group_id,
            "StreamName": stream.stream.stream_name,
            "StreamArn": stream.stream.stream_arn,
            "FunctionName": processor.function.function_name,
            "FunctionArn": processor.function.function_arn,
            "FunctionLogGroupName": processor.log_group.log_group_name,
            "FunctionSecurityGroupId": processor.security_group.security_group_id,
            "DeadLetterQueueUrl": processor.dead_letters.queue_url,
            "DeadLetterQueueArn": processor.dead_letters.queue_arn,
            "AlarmTopicArn": alarms.topic.topic_arn,
        }.items():
            cdk.CfnOutput(self, name, value=value)

        for tag, text in {
            "Project": "tap",
            "Environment": settings.environment_suffix,
            "Owner": settings.owner,
            "CostCenter": settings.cost_center,
        }.items():
            cdk.Tags.of(self).add(tag, text)
