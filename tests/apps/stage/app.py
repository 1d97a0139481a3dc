"""A stack inside a stage, as pipelines have it."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
stage = cdk.Stage(app, "Prod")
stack = cdk.Stack(stage, "Queues")
sqs.Queue(stack, "Queue", enforce_ssl=True)
app.synth()
