"""`validation-report.json` of a cloud assembly: what the app's validation plugins found while it was synthesized."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stackproof.core.errors import InputError
from stackproof.core.json import JsonObject, JsonValue, objects_in
from stackproof.core.json_pointer import escape
from stackproof.template.assembly import Acknowledgement, Stack, Violation
from stackproof.template.loading.files import read_bounded
from stackproof.template.loading.origin import Origins
from stackproof.template.location import Location
from stackproof.template.template import Resource

__all__ = ["ValidationReport", "load_validation_report"]

# The second is what CDK wrote before 2.262, and still writes if the app asks for it; each has all that was found.
_FILES = ("validation-report.json", "policy-validation-report.json")
# The metadata of the stacks has the same annotations, and all of them.
_ANNOTATIONS = "Construct Annotations"
_LEVELS = {"fatal": "error", "error": "error", "info": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """What is in the report; nothing, if there is none."""

    violations: tuple[Violation, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    not_validated: tuple[str, ...] = ()


def load_validation_report(directory: Path, shown: str, stacks: Sequence[Stack], origins: Origins) -> ValidationReport:
    """The report in an assembly's folder; if it cannot be read, `not_validated` has the reason."""
    name = next((file for file in _FILES if (directory / file).exists()), None)
    if name is None:
        return ValidationReport()
    try:
        document: JsonValue = json.loads(read_bounded(directory / name, f"{shown}/{name}"))
    except InputError as error:
        return ValidationReport(not_validated=(str(error),))
    except (ValueError, RecursionError) as error:
        return ValidationReport(not_validated=(f"{shown}/{name}: {error}",))
    reports = document.get("pluginReports") if isinstance(document, Mapping) else None
    if not isinstance(reports, list):
        return ValidationReport(not_validated=(f"{shown}/{name}: pluginReports: expected a list",))
    reader = _Reader(stacks=stacks, origins=origins, shown=shown)
    violations: set[Violation] = set()
    acknowledgements: set[Acknowledgement] = set()
    failures: set[str] = set()
    for report in objects_in(reports):
        plugin = str(report.get("pluginName") or _object(report.get("summary")).get("pluginName"))
        if plugin == _ANNOTATIONS:
            continue
        rows, suppressed = objects_in(report.get("violations")), objects_in(report.get("suppressedViolations"))
        metadata = _object(report.get("metadata") or _object(report.get("summary")).get("metadata"))
        if not rows and "error" in metadata:
            failures.add(f"{shown}/{name}: {plugin}: {' '.join(str(metadata['error']).split())}")
        for row in (*rows, *suppressed):
            violations.update(reader.violations(plugin, row))
        acknowledgements.update(reader.acknowledgement(row) for row in suppressed)
    return ValidationReport(
        violations=tuple(sorted(violations, key=_order)),
        acknowledgements=tuple(
            sorted(
                acknowledgements,
                key=lambda acknowledgement: (
                    acknowledgement.location.sort_key(),
                    acknowledgement.rule_id,
                    acknowledgement.reason,
                ),
            )
        ),
        not_validated=tuple(sorted(failures)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Turns rows of the report into values, with places as the templates know them."""

    stacks: Sequence[Stack]
    origins: Origins
    shown: str

    def violations(self, plugin: str, row: JsonObject) -> Iterator[Violation]:
        """One for each property, construct or resource that the row names; one without a place if it names none."""
        fix = row.get("suggestedFix") or row.get("fix")
        message = " ".join(f"{row.get('description')} {f'({fix})' if fix else ''}".split())
        for location in self._places(row):
            yield Violation(
                plugin=plugin,
                rule_id=str(row.get("ruleName")),
                level=_LEVELS.get(str(row.get("severity") or "error").lower(), "warning"),
                message=message,
                location=location,
            )

    def acknowledgement(self, row: JsonObject) -> Acknowledgement:
        """The acknowledgement of a suppressed row."""
        path = str(row.get("acknowledgedAt") or "")
        source = self.origins.of(path).source
        place = Location(construct_path=path)
        return Acknowledgement(
            rule_id=str(row.get("acknowledgedId")),
            reason=str(row.get("reason") or ""),
            location=replace(place, file=source.file, line=source.line) if source else place,
            is_broad=not path or any(stack.construct_path == path for stack in self.stacks),
        )

    def _places(self, row: JsonObject) -> Iterator[Location]:
        constructs = objects_in(row.get("violatingConstructs"))
        if not constructs:
            yield Location()
        for construct in constructs:
            resource = _object(construct.get("cloudFormationResource")) or {
                "templatePath": construct.get("templatePath"),
                "logicalId": construct.get("resourceLogicalId"),
                "propertyPaths": construct.get("locations"),
            }
            path = construct.get("constructPath")
            found = self._resource(resource, path)
            if found is None:
                yield self._construct(path if isinstance(path, str) and path else None)
                continue
            paths = resource.get("propertyPaths")
            for text in (paths if isinstance(paths, list) else ()) or ("",):
                yield found.location(_pointer(str(text)))

    def _resource(self, resource: JsonObject, path: JsonValue) -> Resource | None:
        file, logical_id = f"{self.shown}/{resource.get('templatePath')}", str(resource.get("logicalId"))
        for stack in self.stacks:
            for candidate in stack.template.resources:
                if (stack.template.file, candidate.logical_id) == (file, logical_id):
                    return candidate
                if candidate.construct_path is not None and candidate.construct_path == path:
                    return candidate
        return None

    def _construct(self, path: str | None) -> Location:
        """The location of a construct that is not a resource, in its stack, if any."""
        if path is None:
            return Location()
        source = self.origins.of(path).source
        around = [
            stack for stack in self.stacks if stack.construct_path and f"{path}/".startswith(f"{stack.construct_path}/")
        ]
        stack = max(around, key=lambda stack: len(stack.construct_path or ""), default=None)
        template_file = stack.template.file if stack else None
        return Location(
            stack_name=stack.name if stack else None,
            construct_path=path,
            file=source.file if source else template_file,
            line=source.line if source else None,
            template_file=template_file,
        )


def _pointer(dotted: str) -> str | None:
    """`Properties.A.0` below the resource as a JSON pointer below its properties."""
    first, *parts = dotted.split(".")
    return "".join(f"/{escape(part)}" for part in parts) or None if first == "Properties" else None


def _order(violation: Violation) -> tuple[object, ...]:
    return (*violation.location.sort_key(), violation.rule_id, violation.plugin, violation.level, violation.message)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
