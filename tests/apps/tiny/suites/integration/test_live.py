"""A generated and a written probe."""

import os
from pathlib import Path


def test_resource(resource_proof):
    assert resource_proof.differences == ()


def test_stream_is_there(deployment, aws_client):
    """Notes which emulator and which deployment it saw."""
    name = deployment.resource("Stream").physical_id
    client = aws_client("kinesis")
    noted = os.environ.get("NOTED")
    if noted:
        Path(noted, str(os.getpid())).write_text(f"{client.meta.endpoint_url} {deployment.stack_id}", encoding="utf-8")
    summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE"


def test_queue_is_there(deployment, aws_client):
    url = deployment.resource("Queue").physical_id
    noted = os.environ.get("NOTED")
    if noted:
        seen = f"{aws_client('sqs').meta.endpoint_url} {deployment.stack_id}"
        Path(noted, f"{os.getpid()}-queue").write_text(seen, encoding="utf-8")
    assert aws_client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {
        "VisibilityTimeout": "60"
    }
