"""Two stacks, the second of which reads an export of the first."""

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

app = cdk.App()
queues = cdk.Stack(app, "Queues")
queue = sqs.Queue(queues, "Queue", encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True)
topics = cdk.Stack(app, "Topics")
topic = sns.Topic(topics, "Topic", enforce_ssl=True)
cdk.CfnOutput(topics, "QueueArn", value=queue.queue_arn)
app.synth()
