"""The list as text: always the same bytes for the same list, sorted as people count, one version on a line."""

from __future__ import annotations

import json

from stackproof.core.json import JsonValue
from stackproof.policy.versions.engine_version import AllowList, Family
from stackproof.policy.versions.grammar import key

__all__ = ["written"]


def written(versions: AllowList) -> str:
    """The file `engine_versions.json`."""
    head = {name: member for name, member in versions.to_dict().items() if name not in {"sources", "families"}}
    lines = [f'  "{name}": {_line(member)},' for name, member in head.items()]
    lines.append('  "sources": {')
    lines.extend(_rows({name: source.to_dict() for name, source in sorted(versions.sources.items())}, 4))
    lines += ["  },", '  "families": {']
    names = sorted(versions.families)
    for name in names:
        lines.extend(_family(name, versions.families[name], is_last=name == names[-1]))
    return "\n".join(["{", *lines, "  }", "}", ""])


def _family(name: str, family: Family, *, is_last: bool) -> list[str]:
    data = family.to_dict()
    lines = [f'    "{name}": {{']
    lines.extend(f'      "{name}": {_line(data[name])},' for name in data if name not in {"cycles", "versions"})
    for section, end in (("cycles", ","), ("versions", "")):
        rows = {name: value.to_dict() for name, value in getattr(family, section).items()}
        lines.append(f'      "{section}": {{')
        lines.extend(_rows(dict(sorted(rows.items(), key=lambda pair: (key(pair[0]), pair[0]))), 8))
        lines.append(f"      }}{end}")
    return [*lines, "    }" if is_last else "    },"]


def _rows(rows: dict[str, dict[str, JsonValue]], indent: int) -> list[str]:
    names = list(rows)
    return [f"{' ' * indent}{_line(name)}: {_line(rows[name])}{'' if name == names[-1] else ','}" for name in names]


def _line(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
