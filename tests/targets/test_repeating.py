"""What is repeated, how often, after which pause, and when a target is dead."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ParamValidationError

from stackproof.core.errors import UnreachableError
from stackproof.targets.repeating import Breaker, Retries, repeat_reads
from tests.live_fakes import failure

REFUSED = EndpointConnectionError(endpoint_url="x")


class Events:
    """Botocore's events, as far as they are hooked into."""

    def __init__(self, retries: Retries, breaker: Breaker, service: str = "sqs") -> None:
        self._hooks: dict[str, Callable[..., Any]] = {}
        self._service = service
        repeat_reads(self, retries, breaker, service=service)

    def register(self, name: str, hook: Callable[..., Any]) -> None:
        self._hooks[name] = hook

    def send(self, request: AWSRequest | None = None) -> None:
        self._hooks["before-send"](request=request)

    def ended(
        self, outcome: Exception, *, operation: str = "DescribeThings", attempts: int = 1, parameter: str = ""
    ) -> float | None:
        """The pause before the next attempt, None if there is none."""
        context: dict[str, object] = {}
        service = SimpleNamespace(service_name=self._service)
        model = SimpleNamespace(name=operation, service_model=service)
        self._hooks["provide-client-params"](params={parameter: "yes"}, model=model, context=context)
        answer = getattr(outcome, "response", None)
        pause: float | None = self._hooks["needs-retry"](
            response=(None, answer) if answer else None,
            operation=model,
            request_dict={"context": context},
            attempts=attempts,
            caught_exception=None if answer else outcome,
        )
        return pause


def events(**settings: Any) -> Events:
    retries = Retries(jitter=lambda: 1.0, **settings)
    return Events(retries, Breaker(retries))


@pytest.mark.parametrize(
    "outcome",
    [failure("Throttling"), failure("InternalFailure", status=500), REFUSED],
    ids=lambda outcome: str(outcome)[:40],
)
def test_what_is_transient_of_a_read_is_repeated_with_growing_pauses(outcome: Exception) -> None:
    hooked = events(attempts=5, delay=1.0, longest=4.0)
    assert [hooked.ended(outcome, attempts=index) for index in range(1, 6)] == [1.0, 2.0, 4.0, 4.0, None]


@pytest.mark.parametrize("operation", ["CreateStack", "PutObject", "Invoke"])
def test_what_may_change_something_is_not_sent_twice(operation: str) -> None:
    assert events().ended(REFUSED, operation=operation) is None


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [
        ("GetConsoleScreenshot", "WakeUp"),
        ("GetDelegationRequest", "DelegationPermissionCheck"),
        ("GetQueryResults", "QueryString"),
    ],
)
def test_a_read_that_does_something_is_not_sent_twice(operation: str, parameter: str) -> None:
    assert events().ended(REFUSED, operation=operation) is not None
    assert events().ended(REFUSED, operation=operation, parameter=parameter) is None


@pytest.mark.parametrize(("service", "again"), [("sqs", True), ("ivs", False)])
def test_what_gives_a_secret_in_one_service_is_sent_once_there(service: str, *, again: bool) -> None:
    retries = Retries()
    paused = Events(retries, Breaker(retries), service).ended(REFUSED, operation="GetChannel")
    assert (paused is not None) is again


@pytest.mark.parametrize(
    "outcome",
    [failure("AccessDenied"), failure("NoSuchEntity"), ParamValidationError(report="x")],
    ids=str,
)
def test_an_answer_is_an_answer(outcome: Exception) -> None:
    assert events().ended(outcome) is None


def test_chance_shortens_a_pause_by_half_at_most() -> None:
    assert Retries(delay=1.0, jitter=lambda: 0.0).pause(1) == 0.5
    assert 0.5 <= Retries(delay=1.0).pause(1) <= 1.0


def test_a_target_without_any_answer_is_dead_and_nothing_more_is_sent() -> None:
    now = [0.0]
    hooked = events(failures=3, silence=10.0, clock=lambda: now[0])
    for now[0] in (0.0, 1.0, 2.0, 3.0):
        assert hooked.ended(REFUSED) is not None, "too soon to tell"
    hooked.send()
    now[0] = 10.0
    assert hooked.ended(ConnectTimeoutError(endpoint_url="x")) is None
    with pytest.raises(UnreachableError, match="taken for dead"):
        hooked.send()


def test_what_is_taken_for_dead_is_named_with_where_it_was() -> None:
    hooked = events(failures=1, silence=0.0)
    hooked.ended(REFUSED)
    with pytest.raises(UnreachableError, match=r"got no answer from http://127.0.0.1:9$"):
        hooked.send(AWSRequest(method="GET", url="http://127.0.0.1:9/a?b=c"))


def test_any_answer_is_a_sign_of_life() -> None:
    hooked = events(failures=2, silence=0.0)
    for _ in range(5):
        hooked.ended(REFUSED)
        hooked.ended(failure("InternalFailure", status=500))
    hooked.send()


def test_a_service_without_any_answer_is_dead_and_the_others_are_asked_all_the_same() -> None:
    retries = Retries(failures=3, silence=0.0, jitter=lambda: 1.0)
    breaker = Breaker(retries)
    queues, topics = (Events(retries, breaker, service) for service in ("sqs", "sns"))
    for _ in range(3):
        queues.ended(REFUSED)
    with pytest.raises(UnreachableError, match=r"^sqs is taken for dead: 3 calls in a row"):
        queues.send()
    topics.send()
    topics.ended(failure("AccessDenied"))
    with pytest.raises(UnreachableError, match=r"^sqs is taken for dead"):
        queues.send()


def test_while_nothing_answers_a_service_gets_one_call_to_show_that_it_does() -> None:
    retries = Retries(failures=3, silence=0.0, jitter=lambda: 1.0)
    breaker = Breaker(retries)
    queues, topics = (Events(retries, breaker, service) for service in ("sqs", "sns"))
    for _ in range(3):
        queues.ended(REFUSED)
    topics.send()
    assert topics.ended(REFUSED) is None
    with pytest.raises(UnreachableError, match=r"^the target is taken for dead: 3 calls in a row"):
        topics.send()


def test_that_a_dead_target_is_not_asked_is_no_failure_of_its_own() -> None:
    hooked = events(failures=1, silence=0.0)
    assert hooked.ended(UnreachableError("dead")) is None
    hooked.send()


def test_services_that_wait_for_others_may_take_longer() -> None:
    retries = Retries(read_timeout=2.0, slow_read_timeout=3.0)
    assert [retries.read_timeout_of(service) for service in ("sqs", "lambda")] == [2.0, 3.0]
