"""A folder of templates of broken shapes: each file is judged or has its one line, and none takes another one along."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackproof.core.json import JsonValue
from stackproof.template.loading.formats import parse_document
from tests.running import stackproof

pytestmark = pytest.mark.usefixtures("processes")

TEMPLATES = Path(__file__).parents[1] / "templates"
COUNT = 60
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, "", "x" * 5000, "\u0000", "é\u2028", [], {}, [[]], {"": {}}, [None, 1]),
    *({"Ref": None}, {"Ref": "Nobody"}, {"Fn::GetAtt": []}, {"Fn::Sub": [{}]}, {"Fn::If": ["No", 1]}),
    *({"Fn::Join": 3}, {"Fn::FindInMap": ["A", "B", "C"]}, {"Fn::Select": ["9", []]}, {"Fn::Nonsense": 1}),
    *({"Ref": "A", "Fn::Sub": "b"}, {"Fn::Transform": {"Name": "X"}}, "{{resolve:ssm:/a}}", {"a.b/c~d": 1}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are broken in up to four places each, the same ones in every run."""
    chance = random.Random(7)  # noqa: S311 - variety, not secrecy
    made = tmp_path_factory.mktemp("broken")
    bases = [parse_document(path.read_bytes(), path.name).value for path in sorted(TEMPLATES.iterdir())]
    for number in range(COUNT):
        value: Any = json.loads(json.dumps(bases[number % len(bases)]))
        for _ in range(chance.randint(1, 4)):
            _break(value, chance)
        if number % 2:
            (made / f"{number:02}.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")
        else:
            (made / f"{number:02}.json").write_text(json.dumps(value), encoding="utf-8")
    whole = json.dumps({"Resources": {"Open": _OPEN}})
    (made / "whole.json").write_text(whole, encoding="utf-8")
    return made


_OPEN: JsonValue = {
    "Type": "AWS::EC2::SecurityGroup",
    "Properties": {
        "GroupDescription": "open",
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}],
    },
}


def _break(value: Any, chance: random.Random) -> None:
    """Change one place, anywhere in the value."""
    places: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        each = pending.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()
        places += [(each, key) for key in keys]
        pending += [each[key] for key in keys]
    if not places:
        return
    holder, key = chance.choice(places)
    edits: tuple[Callable[[], object], ...] = (
        lambda: holder.__setitem__(key, copy.deepcopy(chance.choice(JUNK))),
        lambda: holder.__setitem__(key, [holder[key]]),
        lambda: holder.__setitem__(key, {"Nested": holder[key]}),
        lambda: holder.__delitem__(key),
    )
    chance.choice(edits)()


def test_every_file_is_judged_or_has_its_line(folder: Path) -> None:
    done = stackproof(folder, "check", ".", "--format", "json", "--no-cache")
    assert "Traceback" not in done.stdout + done.stderr, done.stderr[-3000:]
    assert done.returncode in {1, 3}
    report = json.loads(done.stdout)
    errors = [notification for notification in report["notifications"] if notification["level"] == "error"]
    said = " ".join(f"{error['file']} {error['message']}" for error in errors)
    everything = {path.name for path in folder.iterdir()}
    named = {name for name in everything if name in said}
    judged = {Path(input_).name for input_ in report["inputs"]}
    passed_over = sum(
        int(notification["message"].split()[0])
        for notification in report["notifications"]
        if "are not templates" in notification["message"]
    )
    assert len(everything - judged - named) <= passed_over
    assert len(judged) > COUNT // 2
    assert all("\n" not in error["message"] for error in errors)
    assert "whole.json" in {finding["location"]["template_file"] for finding in report["findings"]}
    assert "whole.json" not in named
