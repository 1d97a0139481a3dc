"""What people build of CDK's own constructs: three stacks, some sixty types."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_efs as efs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as stepfunctions
from aws_cdk import aws_stepfunctions_tasks as tasks


class Servers(cdk.Stack):
    def __init__(self, scope: cdk.App, name: str) -> None:
        super().__init__(scope, name)
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED)
        patterns.ApplicationLoadBalancedFargateService(
            self,
            "Web",
            cluster=cluster,
            cpu=256,
            memory_limit_mib=512,
            desired_count=2,
            task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
                image=ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx:1.29"), environment={"STAGE": "test"}
            ),
        )
        files = efs.FileSystem(self, "Files", vpc=vpc, encrypted=True)
        owner = efs.Acl(owner_gid="1000", owner_uid="1000", permissions="750")
        files.add_access_point("Entry", path="/shared", create_acl=owner)
        rds.DatabaseCluster(
            self,
            "Aurora",
            engine=rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.of("16.8", "16")),
            vpc=vpc,
            writer=rds.ClusterInstance.serverless_v2("Writer"),
            storage_encrypted=True,
            backup=rds.BackupProps(retention=cdk.Duration.days(7)),
        )
        group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            instance_type=ec2.InstanceType("t3.micro"),
            machine_image=ec2.MachineImage.generic_linux({"us-east-1": "ami-12345678"}),
            min_capacity=1,
            max_capacity=2,
        )
        group.scale_on_cpu_utilization("Load", target_utilization_percent=50)
        ec2.BastionHostLinux(self, "Bastion", vpc=vpc)


class Site(cdk.Stack):
    def __init__(self, scope: cdk.App, name: str) -> None:
        super().__init__(scope, name)
        expiry = s3.LifecycleRule(
            expiration=cdk.Duration.days(30), abort_incomplete_multipart_upload_after=cdk.Duration.days(1)
        )
        bucket = s3.Bucket(
            self,
            "Pages",
            enforce_ssl=True,
            lifecycle_rules=[expiry],
            cors=[s3.CorsRule(allowed_methods=[s3.HttpMethods.GET], allowed_origins=["*"])],
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(bucket),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            ),
        )
        zone = route53.PublicHostedZone(self, "Zone", zone_name="example.org")
        route53.TxtRecord(self, "Text", zone=zone, values=["hello"])
        self.table = dynamodb.TableV2(
            self,
            "Visits",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
        )


class Events(cdk.Stack):
    def __init__(self, scope: cdk.App, name: str, table: dynamodb.TableV2) -> None:
        super().__init__(scope, name)
        function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline("def handler(event, context):\n    return 1\n"),
            tracing=lambda_.Tracing.ACTIVE,
            timeout=cdk.Duration.seconds(10),
            environment={"TABLE": table.table_name},
            dead_letter_queue_enabled=True,
            log_group=logs.LogGroup(self, "FunctionLog", retention=logs.RetentionDays.ONE_WEEK),
        )
        table.grant_read_write_data(function)
        self._apis(function)
        self._sources(function)
        self._watching(function)
        self._people()

    def _apis(self, function: lambda_.Function) -> None:
        pool = cognito.UserPool(
            self, "Pool", self_sign_up_enabled=False, password_policy=cognito.PasswordPolicy(min_length=12)
        )
        pool.add_client("Client", auth_flows=cognito.AuthFlow(user_srp=True), generate_secret=True)
        api = apigateway.RestApi(
            self,
            "Rest",
            cloud_watch_role=True,
            default_cors_preflight_options=apigateway.CorsOptions(allow_origins=["https://app.example.org"]),
            deploy_options=apigateway.StageOptions(
                tracing_enabled=True, throttling_rate_limit=10, throttling_burst_limit=5
            ),
        )
        api.root.add_resource("orders").add_method(
            "GET",
            apigateway.LambdaIntegration(function),
            authorizer=apigateway.CognitoUserPoolsAuthorizer(self, "Authorizer", cognito_user_pools=[pool]),
        )
        http = apigatewayv2.HttpApi(
            self,
            "Http",
            cors_preflight=apigatewayv2.CorsPreflightOptions(
                allow_origins=["*"], allow_methods=[apigatewayv2.CorsHttpMethod.GET]
            ),
        )
        http.add_routes(
            path="/orders",
            methods=[apigatewayv2.HttpMethod.POST],
            integration=integrations.HttpLambdaIntegration("Integration", function),
        )

    def _sources(self, function: lambda_.Function) -> None:
        failed = sqs.Queue(self, "Failed", enforce_ssl=True)
        queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS_MANAGED,
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=3, queue=failed),
        )
        function.add_event_source(
            sources.SqsEventSource(queue, batch_size=5, report_batch_item_failures=True, max_concurrency=5)
        )
        stream = kinesis.Stream(self, "Stream", shard_count=1, encryption=kinesis.StreamEncryption.MANAGED)
        wanted = lambda_.FilterCriteria.filter({"data": {"kind": ["order"]}})
        function.add_event_source(
            sources.KinesisEventSource(
                stream,
                starting_position=lambda_.StartingPosition.LATEST,
                bisect_batch_on_error=True,
                retry_attempts=3,
                filters=[wanted],
            )
        )
        events.Rule(
            self,
            "Nightly",
            schedule=events.Schedule.cron(hour="3", minute="0"),
            targets=[targets.LambdaFunction(function, retry_attempts=2), targets.SqsQueue(queue)],
        )
        call = tasks.LambdaInvoke(self, "Call", lambda_function=function)
        stepfunctions.StateMachine(
            self,
            "Machine",
            definition_body=stepfunctions.DefinitionBody.from_chainable(call.next(stepfunctions.Succeed(self, "Done"))),
            tracing_enabled=True,
            logs=stepfunctions.LogOptions(
                destination=logs.LogGroup(self, "MachineLog"), level=stepfunctions.LogLevel.ALL
            ),
        )
        live = lambda_.Alias(self, "Live", alias_name="live", version=function.current_version)
        live.add_auto_scaling(max_capacity=3, min_capacity=1)

    def _watching(self, function: lambda_.Function) -> None:
        topic = sns.Topic(self, "Topic", master_key=kms.Alias.from_alias_name(self, "SnsKey", "alias/aws/sns"))
        alarm = function.metric_errors().create_alarm(self, "Errors", threshold=1, evaluation_periods=2)
        alarm.add_alarm_action(actions.SnsAction(topic))
        cloudwatch.Alarm(
            self,
            "Rate",
            metric=cloudwatch.MathExpression(
                expression="errors / calls",
                using_metrics={"errors": function.metric_errors(), "calls": function.metric_invocations()},
            ),
            threshold=0.1,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        cloudwatch.Dashboard(self, "Board", widgets=[[cloudwatch.GraphWidget(left=[function.metric_errors()])]])

    def _people(self) -> None:
        key = kms.Key(self, "Key", enable_key_rotation=True, alias="alias/events")
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.CompositePrincipal(
                iam.ServicePrincipal("ec2.amazonaws.com"), iam.AccountPrincipal("111111111111")
            ),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess")],
            max_session_duration=cdk.Duration.hours(2),
        )
        iam.InstanceProfile(self, "Profile", role=role)
        secretsmanager.Secret(
            self,
            "Secret",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True),
        ).grant_read(role)
        ssm.StringParameter(self, "Setting", string_value="value", parameter_name="/events/setting")
        ecr.Repository(self, "Images", image_scan_on_push=True, lifecycle_rules=[ecr.LifecycleRule(max_image_count=5)])


app = cdk.App()
Servers(app, "Servers")
site = Site(app, "Site")
Events(app, "Events", site.table)
app.synth()
