"""What tests and workers hand over: nothing is lost on the way, and a misspelt key is an error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.plugin.facts import ItemFacts, WorkerFacts, facts_of_worker, facts_on, hand_over, put_facts

CALLS = CallLog(counts=(CallCount(target="moto", service="sns", operation="ListTopics", kind=CallKind.READ),))


def report() -> pytest.TestReport:
    return cast("pytest.TestReport", SimpleNamespace())


def test_a_report_takes_the_facts_of_its_test_along() -> None:
    carrying, facts = report(), ItemFacts(category="open", exit_code=3, expected=2)
    put_facts(carrying, facts)
    assert facts_on(carrying) == facts
    assert facts_on(report()) == ItemFacts()


def test_a_worker_hands_its_facts_over_and_one_that_crashed_has_none() -> None:
    output: dict[str, Any] = {}
    assert facts_of_worker(output) is None
    hand_over(output, WorkerFacts(calls=CALLS, is_live=True))
    assert facts_of_worker(output) == WorkerFacts(calls=CALLS, is_live=True)


@pytest.mark.parametrize("facts", [ItemFacts(), WorkerFacts(calls=CALLS, is_live=False)])
def test_facts_with_a_misspelt_key_are_refused(facts: ItemFacts | WorkerFacts) -> None:
    for key in facts.to_dict():
        document = {f"{name}_x" if name == key else name: value for name, value in facts.to_dict().items()}
        with pytest.raises(ValueError, match=f"^missing keys: {key}; unknown keys: {key}_x$"):
            type(facts).from_dict(document)
