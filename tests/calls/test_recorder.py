"""Calls are counted from any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.calls.recorder import CallRecorder


def test_calls_of_all_threads_are_one_sorted_log() -> None:
    recorder = CallRecorder()
    assert recorder.log() == CallLog()

    def call(number: int) -> None:
        recorder.record("moto", "sns", "ListTopics" if number % 2 else "GetTopicAttributes", CallKind.READ)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(200)))
    recorder.record("moto", "sns", "CreateTopic", CallKind.WRITE, "a test")
    assert recorder.log().counts == (
        CallCount(
            target="moto", service="sns", operation="CreateTopic", kind=CallKind.WRITE, declared="a test", count=1
        ),
        CallCount(target="moto", service="sns", operation="GetTopicAttributes", kind=CallKind.READ, count=100),
        CallCount(target="moto", service="sns", operation="ListTopics", kind=CallKind.READ, count=100),
    )
