"""The choices for each difference, as text."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.drift.adopt.remedy import AdoptReport, Remedy
from stackproof.reporters.wording import visible

__all__ = ["remedies_text"]


def remedies_text(report: AdoptReport) -> str:
    """Each difference with its two remedies, the unchanged patches, and a count."""
    lines = [line for remedy in report.remedies for line in _remedy(remedy)]
    patches = sum(bool(remedy.adopt.patch) for remedy in report.remedies)
    done = f", {report.written} written" if report.is_writing else ""
    lines.append(f"drift adopt: differences: {len(report.remedies)}; patches: {patches}{done}")
    return "\n".join(visible(line) for line in lines) + "\n"


def _remedy(each: Remedy) -> Iterator[str]:
    found, adopt = each.difference, each.adopt
    place = found.location
    name = f"{place.stack_name}/{place.logical_id}" if place.logical_id else str(found.physical_id)
    yield f"{place}: {name} {found.path or found.child_id or found.origin.value} [{found.fingerprint}]"
    for number, line in enumerate(each.put_back):
        yield f"    {'put it back:' if number == 0 else '            '} {line}"
    if not adopt.patch:
        yield f"    adopt it:    no patch: {adopt.why_not}"
        return
    says = {None: "", True: "; the app gives the live value", False: "; but the app does not give the live value"}
    done = f" (written{says[adopt.is_synthesized]})" if adopt.is_written else ""
    yield f"    adopt it:    {adopt.argument} at {adopt.file}:{adopt.line}{done}"
    yield from adopt.patch.splitlines()
