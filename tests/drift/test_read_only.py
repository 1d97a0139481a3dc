"""An audit only reads: a call that would change something is refused before it is sent, and is not drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from stackproof.calls.recorder import CallRecorder
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.drift.report import DriftReport
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import ReadRequest
from stackproof.targets.aws import AwsTarget
from stackproof.targets.repeating import Retries
from tests.drift.conftest import Live, auditor_of
from tests.drift.fakes import FakeCatalog, auditor, live_stack, reader
from tests.live_fakes import FakeTarget
from tests.servers import QuietHandler, serving


def test_a_call_that_changes_something_is_refused_and_said(live: Live) -> None:
    def injected(request: ReadRequest) -> tuple[Child, ...]:
        request.client("sns").create_topic(Name="never")
        return ()

    family = ChildFamily(name="injected", owners=("AWS::SQS::Queue",), read=injected, actions=())
    target = AwsTarget(endpoint_url=live.target.endpoint_url, region="us-east-1")
    auditor = auditor_of(target)
    found = replace(auditor, families=(family,)).audited([live.name])
    [audit] = found.audits
    assert [unread.question for unread in audit.unread] == ["injected"]
    assert not audit.is_complete
    assert [
        notification.message
        for notification in found.notifications
        if "sns:CreateTopic is refused: this run only reads" in notification.message
    ]
    names = [topic["TopicArn"] for topic in live.target.client("sns").list_topics()["Topics"]]
    assert [name for name in names if name.endswith(":never")] == []


def test_nothing_that_an_audit_does_by_itself_is_refused(live: Live) -> None:
    """The whole audit through the guard of a real account, with CloudFormation's detection called for."""
    target = AwsTarget(endpoint_url=live.target.endpoint_url, region="us-east-1")
    found = replace(auditor_of(target), native=True).audited([live.name])
    assert [notification.message for notification in found.notifications if "is refused" in notification.message] == []
    assert found.audits[0].coverage.resources_proven == found.audits[0].coverage.resources_total


class _Wired(FakeTarget):
    """A target in memory with the clients of a real one."""

    def __init__(self, real: AwsTarget) -> None:
        super().__init__()
        self._real = real

    def client(self, service: str) -> Any:
        return self._real.client(service)


@dataclass
class Counting:
    """Where requests arrive; none gets an answer that anyone could use."""

    url: str = ""
    arrived: list[bytes] = field(default_factory=list)


@pytest.fixture
def counting() -> Iterator[Counting]:
    made = Counting()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            made.arrived.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(400)
            self.end_headers()

    with serving(Handler) as made.url:
        yield made


@pytest.mark.parametrize(
    ("operation", "parameters", "is_sent"),
    [
        ("list_topics", {}, True),
        ("create_topic", {"Name": "never"}, False),
        ("delete_topic", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t"}, False),
    ],
)
def test_a_call_that_changes_something_never_reaches_the_wire(
    counting: Counting, operation: str, parameters: Mapping[str, str], *, is_sent: bool
) -> None:
    def injected(request: ReadRequest) -> tuple[Child, ...]:
        getattr(request.client("sns"), operation)(**parameters)
        return ()

    recorder = CallRecorder()
    target = AwsTarget(
        endpoint_url=counting.url,
        region="us-east-1",
        calls=recorder,
        retries=Retries(attempts=1),
    )
    queue = live_stack("Audited", {"Queue": ("AWS::SQS::Queue", "q", {})})
    family = ChildFamily(name="injected", owners=("AWS::SQS::Queue",), read=injected, actions=())
    found = auditor(
        FakeCatalog(queue),
        target=_Wired(target),
        readers=lambda _: {"AWS::SQS::Queue": reader({"q": {}})},
        families=(family,),
        retry_policy=RetryPolicy(attempts=1),
    ).audited(["Audited"])
    assert [unread.question for unread in found.audits[0].unread] == ["injected"]
    assert bool(counting.arrived) is is_sent
    assert bool(recorder.log().refused) is not is_sent
    report = DriftReport(target="aws", audits=found.audits, calls=recorder.log())
    assert report.exit_code == 3
