"""A generated and a written probe."""

import json
import os
from pathlib import Path


def note(deployment, aws_client, name):
    """Leave word of the emulator and of all stacks that its CloudFormation has ever made, as this process sees them."""
    folder = os.environ.get("NOTED")
    if folder:
        client = aws_client("cloudformation")
        stacks = [summary["StackId"] for summary in client.list_stacks()["StackSummaries"]]
        seen = {"url": client.meta.endpoint_url, "stack": deployment.stack_id, "stacks": stacks}
        Path(folder, f"{name}-{os.getpid()}").write_text(json.dumps(seen), encoding="utf-8")


def test_resource(resource_proof):
    assert resource_proof.differences == ()


def test_stream_is_there(deployment, aws_client):
    note(deployment, aws_client, "stream")
    name = deployment.resource("Stream").physical_id
    summary = aws_client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE"


def test_queue_is_there(deployment, aws_client):
    note(deployment, aws_client, "queue")
    url = deployment.resource("Queue").physical_id
    assert aws_client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {
        "VisibilityTimeout": "60"
    }
