"""Corrects other engines' findings about engine versions with ours: joins same facts, drops false alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from stackproof.core.notification import Level, Notification
from stackproof.policy.finding import EngineAnswer, Finding, Kind

if TYPE_CHECKING:
    from stackproof.policy.ports import PolicyEngine
    from stackproof.template.template import Template

__all__ = ["CorrectedEngine"]

# These are wrong about majors and about what is not resolved.
_FALSE_ALARMS: Final = frozenset({"E3690", "E3691", "W3690", "W3691", "E9006"})
_REFUSALS: Final = ("EV012", "EV011", "EV010", "EV003")
_DATED: Final = (*_REFUSALS, "EV015", "EV014", "EV016", "EV013")
# Their rules, and our rules for the same fact at the same property; the first that reported it counts.
_THEIRS: Final = {
    **dict.fromkeys(_FALSE_ALARMS, _REFUSALS),
    **dict.fromkeys(("E2531", "E2533", "W2531", "CKV_AWS_363"), _DATED),
    "W9003": ("EV022",),
}
_HARMLESS: Final = frozenset({"EV021", "EV030"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedEngine:
    """Implements `ports.PolicyEngine` over another engine, with the engine that knows versions beside it.

    cfn-lint calls every major deprecated as soon as one of its minor versions is, and a dynamic reference no version.
    """

    engine: PolicyEngine
    versions: PolicyEngine

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def identity(self) -> str:
        return f"{self.engine.identity}, corrected by {self.versions.identity}"

    def start(self) -> None:
        """Start the engine that is corrected."""
        self.engine.start()

    def close(self) -> None:
        """Close the engine that is corrected."""
        self.engine.close()

    def evaluate(self, template: Template) -> EngineAnswer:
        """The engine's answer. What our rule refuses too is reported under our rule, with both as origins."""
        answer = self.engine.evaluate(template)
        if not any(finding.rule_id in _THEIRS for finding in answer.findings):
            return answer
        ours = self.versions.evaluate(template).findings
        kept: list[Finding] = []
        dropped: list[Finding] = []
        for finding in answer.findings:
            rules = _THEIRS.get(finding.rule_id, ())
            same = _about_the_same(finding, ours) if rules else ()
            refusal = next((finding for rule in rules for finding in same if finding.rule_id == rule), None)
            if refusal is not None:
                kept.append(_joined(finding, refusal))
            elif finding.rule_id in _FALSE_ALARMS and any(finding.rule_id in _HARMLESS for finding in same):
                dropped.append(finding)
            else:
                kept.append(finding)
        gone = Counter(finding.rule_id for finding in dropped)
        return replace(
            answer,
            findings=tuple(sorted(kept, key=Finding.sort_key)),
            counts=tuple(
                replace(count, failed=max(0, count.failed - gone[count.rule_id])) if gone[count.rule_id] else count
                for count in answer.counts
            ),
            notifications=(*answer.notifications, *(_note(finding, template) for finding in dropped)),
        )


def _about_the_same(finding: Finding, ours: Sequence[Finding]) -> tuple[Finding, ...]:
    """Our findings about the version that the finding is about; theirs is at the resource or at the property."""
    place = finding.location
    return tuple(
        finding
        for finding in ours
        if finding.location.logical_id == place.logical_id
        and (place.property_path is None or place.property_path == finding.location.property_path)
    )


def _joined(finding: Finding, refusal: Finding) -> Finding:
    """Their finding as an origin of our finding: at our location, under our rule, at level note at most."""
    return replace(
        finding,
        rule_id=refusal.rule_id,
        kind=Kind.FAIL,
        level=min(finding.level, Level.NOTE, key=lambda level: level.rank),
        location=refusal.location,
    )


def _note(finding: Finding, template: Template) -> Notification:
    engine = finding.origins[0].engine
    message = (
        f"{finding.rule_id} at {finding.location.logical_id} is left out: "
        "AWS takes a major version alone, and an unresolved value is not a version"
    )
    return Notification(level=Level.NOTE, message=message, engine=engine, file=template.file)
