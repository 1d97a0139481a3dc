"""A webhook gets signed JSON, again where that may help, and at its address only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest

from stackproof.core.errors import NotifyError
from stackproof.drift.episode import Alarm
from stackproof.drift.memory.history import advanced
from stackproof.drift.memory.notifiers.webhook import ID, SIGNATURE, TIMESTAMP, WebhookNotifier, signature
from tests.memory_fakes import difference, night, record, run
from tests.servers import QuietHandler, serving

ALARM = Alarm(run=run(3), episodes=advanced([], record(difference(expected="\ud800")), run=3, at=night(0)).new)


class Handler(QuietHandler):
    """Answers with the next code; 0 hangs up."""

    answers: ClassVar[list[int]] = []
    heard: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        self.heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        code = self.answers.pop(0) if self.answers else 204
        if code:
            self.send_response(code)
            self.send_header("Location", self.path)
            self.end_headers()


@pytest.fixture
def url() -> Iterator[str]:
    Handler.answers[:], Handler.heard[:] = [], []
    with serving(Handler) as url:
        yield f"{url}/x"


class Clock:
    """Moves only when someone sleeps."""

    def __init__(self) -> None:
        self.now = night(0)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def notifier(url: str, clock: Clock) -> WebhookNotifier:
    return WebhookNotifier(url, shown="webhook", secret="s", clock=lambda: clock.now, sleep=clock.sleep)


def test_the_body_is_signed_with_its_time(url: str) -> None:
    notifier(url, Clock()).send(ALARM)
    ((headers, body),) = Handler.heard
    assert headers[TIMESTAMP] == str(int(night(0).timestamp()))
    assert headers[SIGNATURE] == signature("s", headers[TIMESTAMP], body)
    assert headers[SIGNATURE] != signature("t", headers[TIMESTAMP], body)
    assert headers[SIGNATURE] != signature("s", "1", body)
    assert (headers[ID], headers["Content-Type"]) == (ALARM.identity, "application/json")
    assert json.loads(body)["subject"] == "1 new difference in Net"


@pytest.mark.parametrize("first", [500, 503, 429, 0])
def test_what_may_pass_is_tried_again_with_a_new_time(url: str, first: int) -> None:
    Handler.answers[:] = [first, first]
    clock = Clock()
    notifier(url, clock).send(ALARM)
    assert clock.slept == [1.0, 4.0]
    assert [int(request[0][TIMESTAMP]) - int(night(0).timestamp()) for request in Handler.heard] == [0, 1, 5]
    assert len({request[0][SIGNATURE] for request in Handler.heard}) == 3


@pytest.mark.parametrize("code", [400, 404, 301, 307])
def test_an_answer_that_is_final_is_not_asked_for_again(url: str, code: int) -> None:
    Handler.answers[:] = [code]
    with pytest.raises(NotifyError, match=f"it answered {code}"):
        notifier(url, Clock()).send(ALARM)
    assert len(Handler.heard) == 1


def test_after_three_attempts_it_is_said(url: str) -> None:
    Handler.answers[:] = [500] * 9
    with pytest.raises(NotifyError, match="it answered 500"):
        notifier(url, Clock()).send(ALARM)
    assert len(Handler.heard) == 3


def test_an_address_where_nobody_is_is_said() -> None:
    with pytest.raises(NotifyError, match="it cannot be reached"):
        notifier("http://127.0.0.1:1/", Clock()).send(ALARM)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/é", "https://hooks..example.com/", "nonsense"])
def test_an_address_that_cannot_be_written_is_said_and_not_tried_again(address: str) -> None:
    clock = Clock()
    with pytest.raises(NotifyError, match="the message cannot be written as a request") as caught:
        notifier(address, clock).send(ALARM)
    assert clock.slept == []
    assert address not in str(caught.value)
