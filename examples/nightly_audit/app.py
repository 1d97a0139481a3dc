"""An app of one stack: the nightly audit of another app's stacks."""

import json
from pathlib import Path

import aws_cdk as cdk
from nightly_audit import NightlyAudit

POLICY = Path(__file__).parent / "audit_policy.json"
"""What `stackproof iam-policy --for drift` printed for the app that is audited."""

app = cdk.App()
stack = cdk.Stack(app, "NightlyAudit", description="Audits the drift of a repository's stacks every night.")
owner, name = str(app.node.get_context("repository")).split("/")
NightlyAudit(stack, "Audit", owner=owner, repository=name, policy=json.loads(POLICY.read_text(encoding="utf-8")))
app.synth()
