"""A stack that nests another one."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
outer = cdk.Stack(app, "Outer")
sqs.Queue(outer, "Queue", enforce_ssl=True)
inner = cdk.NestedStack(outer, "Inner")
sqs.Queue(inner, "InnerQueue", enforce_ssl=True)
app.synth()
