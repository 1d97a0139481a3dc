"""A small stack with the faults of the incident that this project was born from."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds

app = cdk.App()
stack = cdk.Stack(app, "Incident")
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0)
database = rds.DatabaseInstance(
    stack,
    "Database",
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of("15.3", "15")),
)
function = lambda_.Function(
    stack,
    "Function",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_inline("def handler(event, context): pass"),
    log_retention=logs.RetentionDays.ONE_WEEK,
)
cloudwatch.Alarm(stack, "Errors", metric=function.metric_errors(), threshold=1, evaluation_periods=1)
app.synth()
