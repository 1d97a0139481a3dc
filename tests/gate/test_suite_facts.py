"""The facts of a suite: a document with any other keys is refused, and the public keys stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackproof.core.errors import InputError
from stackproof.core.json import JsonValue, require_keys
from stackproof.core.notification import Level
from stackproof.gate.suite_facts import SuiteFacts, SuiteNotification, load_suite_facts
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.template.location import Location

FACTS = SuiteFacts(
    exit_code=3,
    target="moto",
    tests={"passed": 2, "failed": 1},
    notifications=(SuiteNotification(level=Level.ERROR, message="a reader broke"),),
)
KEYS = {
    *("calls", "exit_code", "flows", "notifications", "partial", "proofs", "rules", "shortfalls", "target", "targets"),
    "tests",
}


def test_the_report_has_its_public_keys() -> None:
    found = FACTS.to_dict()
    assert found.keys() == KEYS
    assert found["notifications"] == [{"level": "error", "message": "a reader broke"}]
    assert found["tests"] == {"failed": 1, "passed": 2}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_report_without_one_of_its_keys_is_refused(key: str) -> None:
    document = {name: value for name, value in FACTS.to_dict().items() if name != key}
    with pytest.raises(ValueError, match=f"^missing keys: {key}; unknown keys: none$"):
        SuiteFacts.from_dict(document)


def test_a_report_with_a_misspelt_key_is_refused() -> None:
    document: dict[str, JsonValue] = {**FACTS.to_dict(), "proves": []}
    del document["proofs"]
    with pytest.raises(ValueError, match=r"^missing keys: proofs; unknown keys: proves$"):
        SuiteFacts.from_dict(document)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("exit_code", "0"),
        ("target", None),
        ("tests", {"passed": "2"}),
        ("proofs", {}),
        ("partial", 1),
        ("targets", []),
        ("flows", [{"target": "moto", "flow": "A", "text": "", "emulated": "false"}]),
    ],
)
def test_a_report_with_a_value_of_another_type_is_refused(key: str, value: JsonValue) -> None:
    with pytest.raises(TypeError, match="Unexpected type"):
        SuiteFacts.from_dict({**FACTS.to_dict(), key: value})


def test_a_notification_has_its_two_keys_and_no_other() -> None:
    with pytest.raises(ValueError, match="unknown keys: engine"):
        SuiteNotification.from_dict({"level": "error", "message": "", "engine": None})


def test_all_keys_and_no_other_are_what_is_asked_for() -> None:
    require_keys({"a": 1, "b": 2}, ("b", "a"))
    with pytest.raises(ValueError, match=r"^missing keys: a, b; unknown keys: none$"):
        require_keys({}, ("b", "a"))


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "unit.json"
    assert load_suite_facts(file) is None
    file.write_text(json.dumps(FACTS.to_dict()), encoding="utf-8")
    assert load_suite_facts(file) == FACTS


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"calls": {', "Expecting"),
        (b"[]", r"Unexpected type list \(expected object\)"),
        (b"{}", "missing keys: calls"),
        (json.dumps({**FACTS.to_dict(), "flows": [{"target": "moto"}]}).encode(), "flow"),
    ],
)
def test_another_document_is_no_report(document: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "unit.json").write_bytes(document)
    with pytest.raises(InputError, match=rf"unit\.json is not the report of a suite: .*{message}"):
        load_suite_facts(tmp_path / "unit.json")


@pytest.mark.parametrize("document", [b"\xff", None])
def test_a_report_that_cannot_be_read_is_named(document: bytes | None, tmp_path: Path) -> None:
    if document is None:
        (tmp_path / "unit.json").mkdir()
    else:
        (tmp_path / "unit.json").write_bytes(document)
    with pytest.raises(InputError, match=r"unit\.json: "):
        load_suite_facts(tmp_path / "unit.json")


def test_a_truth_value_in_quotes_does_not_take_a_resource_out_of_the_coverage() -> None:
    proof = ResourceProof(location=Location(), physical_id=None, status=DriftStatus.IN_SYNC)
    with pytest.raises(TypeError, match="expected bool"):
        ResourceProof.from_dict({**proof.to_dict(), "custom": "false"})
