"""An audit only reads: a call that would change something is refused before it is sent, and is no drift either."""

from __future__ import annotations

from dataclasses import replace

from stackproof.model.drift import Child
from stackproof.ports import ChildFamily, ReadRequest
from stackproof.targets.aws import AwsTarget
from tests.drift.conftest import Live, auditor_of


def test_a_call_that_changes_something_is_refused_and_said(live: Live) -> None:
    def injected(request: ReadRequest) -> tuple[Child, ...]:
        request.client("sns").create_topic(Name="never")
        return ()

    family = ChildFamily(name="injected", owners=("AWS::SQS::Queue",), read=injected, actions=())
    target = AwsTarget(endpoint_url=live.target.endpoint_url, region="us-east-1")
    auditor = auditor_of(target)
    found = replace(auditor, families=(family,)).audited([live.name])
    [audit] = found.audits
    assert [each.question for each in audit.unread] == ["injected"]
    assert not audit.is_complete
    assert [
        each.message
        for each in found.notifications
        if "sns:CreateTopic is refused: this run only reads" in each.message
    ]
    names = [each["TopicArn"] for each in live.target.client("sns").list_topics()["Topics"]]
    assert [each for each in names if each.endswith(":never")] == []


def test_nothing_that_an_audit_does_by_itself_is_refused(live: Live) -> None:
    """The whole audit through the guard of a real account, with CloudFormation's detection called for."""
    target = AwsTarget(endpoint_url=live.target.endpoint_url, region="us-east-1")
    found = replace(auditor_of(target), native=True).audited([live.name])
    assert [each.message for each in found.notifications if "is refused" in each.message] == []
    assert found.audits[0].coverage.resources_proven == found.audits[0].coverage.resources_total
