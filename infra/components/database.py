"""The PostgreSQL database that the records end up in."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct
from settings import Settings

NAME = "tap"
PORT = 5432


class Database(Construct):
    """A Multi-AZ instance in the isolated subnets; its credentials are in `secret`."""

    instance: rds.DatabaseInstance
    secret: secretsmanager.ISecret
    security_group: ec2.SecurityGroup

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, key: kms.IKey, settings: Settings
    ) -> None:
        """Make the instance. TLS is forced by RDS's default parameters from PostgreSQL 15 on."""
        super().__init__(scope, construct_id)
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=vpc,
            description="The database: admits its clients only",
            allow_all_outbound=False,
        )
        credentials = rds.DatabaseSecret(self, "Secret", username="tap_admin", dbname=NAME, encryption_key=key)
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            # `of` rather than the enum: CDK's list lags behind what RDS can create.
            engine=rds.DatabaseInstanceEngine.postgres(
                version=rds.PostgresEngineVersion.of(settings.postgres_version, settings.postgres_major)
            ),
            # The version moves with the setting alone. RDS moving it by itself would leave the template
            # behind the database, and the next deployment would ask for a downgrade, which RDS refuses.
            auto_minor_version_upgrade=False,
            instance_type=ec2.InstanceType(settings.database_instance_class.removeprefix("db.")),
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            database_name=NAME,
            port=PORT,
            # For people: a token instead of the function's password.
            iam_authentication=True,
            credentials=rds.Credentials.from_secret(credentials, "tap_admin"),
            multi_az=True,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[self.security_group],
            publicly_accessible=False,
            storage_type=rds.StorageType.GP3,
            allocated_storage=settings.database_storage_gib,
            storage_encrypted=True,
            storage_encryption_key=key,
            backup_retention=cdk.Duration.days(settings.database_backup_days),
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.SNAPSHOT,
            monitoring_interval=cdk.Duration.seconds(60),
            enable_performance_insights=True,
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            performance_insight_encryption_key=key,
            cloudwatch_logs_exports=["postgresql", "upgrade"],
        )
        # The attached secret: RDS's host and port are written into it once the instance is there.
        self.secret = self.instance.secret or credentials
