"""Writes a small cloud assembly by itself, so that tests need no CDK for it."""

import json
import os
from pathlib import Path

OUT = Path(os.environ["CDK_OUTDIR"])
CONTEXT = json.loads(os.environ["CDK_CONTEXT_JSON"])
RESOURCES = {
    "Stream": {
        "Type": "AWS::Kinesis::Stream",
        "Properties": {"ShardCount": int(CONTEXT.get("shards", 2)), "RetentionPeriodHours": 48},
        "Metadata": {"aws:cdk:path": "Tiny/Stream"},
    },
    "Queue": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"VisibilityTimeout": 60},
        "Metadata": {"aws:cdk:path": "Tiny/Queue"},
    },
}
TEMPLATE = {"Resources": RESOURCES, "Outputs": {"StreamName": {"Value": {"Ref": "Stream"}}}}
MANIFEST = {
    "version": "55.0.0",
    "artifacts": {
        "Tiny": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": {"templateFile": "Tiny.template.json"},
            "metadata": {
                f"/Tiny/{name}": [{"type": "aws:cdk:creationStack", "data": [f"<module> ({__file__}:{line})"]}]
                for name, line in (("Stream", 11), ("Queue", 16))
            },
        }
    },
}
if "RUNS" in os.environ:  # a folder for each run, so that a test can count them; opening a file would be an input
    Path(os.environ["RUNS"], str(os.getpid())).mkdir()
OUT.mkdir(parents=True)
(OUT / "Tiny.template.json").write_text(json.dumps(TEMPLATE, indent=1), encoding="utf-8")
(OUT / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
