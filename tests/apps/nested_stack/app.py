"""A stack that nests another one."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

app = cdk.App()
outer = cdk.Stack(app, "Outer")
sqs.Queue(outer, "Queue", enforce_ssl=True)
inner = cdk.NestedStack(outer, "Inner")
queue = sqs.Queue(inner, "InnerQueue", enforce_ssl=True)
ssm.StringParameter(outer, "QueueName", string_value=queue.queue_name)  # an output of the nested stack
app.synth()
