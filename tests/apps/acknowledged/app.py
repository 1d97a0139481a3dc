"""Words of an app about its own rules: acknowledged, annotated, and found by a validation plugin."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns


@jsii.implements(cdk.IPolicyValidationPlugin)
class Plugin:
    @property
    def name(self):
        return "house rules"

    @property
    def rule_ids(self):
        return ["topic-name", "topic-owner"]

    @property
    def version(self):
        return "1"

    def validate(self, context):
        violations = [
            cdk.PolicyViolation(
                rule_name=rule,
                description="a topic needs it",
                severity="warning",
                violating_resources=[
                    cdk.PolicyViolatingResource(
                        resource_logical_id=topic_id, template_path=context.template_paths[0], locations=[]
                    )
                ],
            )
            for rule in ("topic-name", "topic-owner")
        ]
        return cdk.PolicyValidationPluginReport(success=True, violations=violations)


app = cdk.App()
stack = cdk.Stack(app, "Ack")
topic = sns.Topic(stack, "Topic")
topic_id = stack.get_logical_id(topic.node.default_child)
cdk.Annotations.of(topic).add_warning_v2("lib:Seen", "seen")
cdk.Annotations.of(topic).add_warning_v2("lib:Gone", "gone")
cdk.Annotations.of(topic).acknowledge_warning("lib:Gone", "no one can see this")
cdk.Validations.of(app).add_plugins(Plugin())
cdk.Validations.of(topic).acknowledge(
    cdk.Acknowledgment(id="house-rules::topic-owner", reason="owned by all"),
    cdk.Acknowledgment(id="Annotation::mine", reason="not yet"),
)
cdk.Validations.of(topic).add_warning("mine", "acknowledged before it was said")
group = ec2.CfnSecurityGroup(
    stack,
    "Group",
    group_description="open",
    security_group_ingress=[{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"}],
)
cdk.Validations.of(group).acknowledge(cdk.Acknowledgment(id="CloudFormation-Validate::W2508", reason="a bastion"))
app.synth()
