"""A baseline as a file: JSON in one canonical form, which is also the only form that is accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from stackproof.config.problems import of_kind, problems, refusal
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue, as_int, as_objects, as_strings, canonical, unique_keys
from stackproof.policy.baseline_file import Baseline, BaselineKey

__all__ = ["baseline_text", "load_baseline"]

_FORMAT = 1
_MAX_BYTES = 50_000_000


def baseline_text(baseline: Baseline) -> str:
    """The file's text: sorted, one entry a line."""
    rows = [
        canonical(
            {
                "stack": key.stack,
                "file": key.file,
                "place": key.place,
                "rules": list(key.rules),
                "count": count,
            }
        )
        for key, count in sorted(baseline.items())
    ]
    body = ",\n".join(rows)
    return f'{{"format":{_FORMAT},"entries":[\n{body}\n]}}\n' if rows else f'{{"format":{_FORMAT},"entries":[]}}\n'


def load_baseline(path: Path) -> Baseline:
    """The baseline in a file; raises ConfigError naming the file and the path of what is wrong."""
    document = _parsed(path)
    wrong = problems(document, "baseline.schema.json")
    if wrong:
        raise refusal(str(path), wrong)
    baseline: dict[BaselineKey, int] = {}
    for index, row in enumerate(as_objects(document["entries"])):
        rules = as_strings(row["rules"])
        if list(rules) != sorted(set(rules)):
            raise ConfigError(f"{path}: entries[{index}].rules: are not sorted, or not each once")
        key = BaselineKey(stack=str(row["stack"]), file=str(row["file"]), place=str(row["place"]), rules=rules)
        if key in baseline:
            raise ConfigError(f"{path}: entries[{index}]: an earlier entry is for the same place and rules")
        baseline[key] = as_int(row["count"])
    return baseline


def _parsed(path: Path) -> Mapping[str, JsonValue]:
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise ConfigError(f"{path}: is larger than {_MAX_BYTES:,} bytes")
        document = json.loads(data, object_pairs_hook=unique_keys, parse_float=_refused, parse_constant=_refused)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: {of_kind(document, ['object'])}")
    return document


def _refused(number: str) -> NoReturn:
    message = f"{number} is not a whole number"
    raise ValueError(message)
