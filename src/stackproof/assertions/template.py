"""The methods of CDK's `assertions.Template`, for a template of any origin, refusing what cannot fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from stackproof.assertions.failures import (
    StackAssertionError,
    UnknownNameError,
    VacuousAssertionError,
    is_failed_assertion,
)
from stackproof.assertions.matcher import ABSENT, MatchOutcome, Pattern
from stackproof.assertions.matching import AbsentMatch, matcher_of
from stackproof.assertions.naming import Names, nearest, require_meaning, suggestion
from stackproof.core.json_pointer import child
from stackproof.core.redaction import text_without
from stackproof.template.ports import SchemaSource
from stackproof.template.secrets import is_secret_place, secret_values
from stackproof.template.template import Resource, Template

__all__ = ["TemplateAssertions", "Tested", "tested", "tested_properties"]

__tracebackhide__ = is_failed_assertion

_CLOSEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One entry of the template, and the outcome of its test; `place` is the file and line to open.

    `is_secret` decides by the path of a mismatch or capture whether the value there may be a secret. `secrets` returns
    those of the template, since a custom matcher may quote any value.
    """

    name: str
    place: str
    outcome: MatchOutcome
    locate: Callable[[str], str] | None = None
    is_secret: Callable[[str], bool] = lambda _: False
    secrets: Callable[[], Collection[str]] = frozenset

    def text(self) -> str:
        """The entry, its place and everything that is wrong with it."""
        lines = [f"  {self.name} ({self.place})" if self.place else f"  {self.name}"]
        hide = text_without(self.secrets() if self.outcome.mismatches else ())
        for mismatch in self.outcome.mismatches:
            line = self.locate(mismatch.path) if self.locate else self.place
            where = f"   {line}" if line != self.place else ""
            message = hide(mismatch.text(is_secret=self.is_secret(mismatch.path)))
            lines.append(f"    {mismatch.path or '/'}: {message}{where}")
        return "\n".join(lines)


def tested(resource: Resource, pattern: Pattern, template: Template) -> Tested:
    """The whole resource of the template against a pattern."""

    def locate(path: str) -> str:
        inside = path.removeprefix("/Properties") if path.startswith("/Properties/") else None
        return str(resource.location(inside))

    outcome = matcher_of(pattern, partial=True).test(resource.body)
    return _tested(resource, outcome, locate, template, below="")


def tested_properties(resource: Resource, pattern: Pattern, template: Template) -> Tested:
    """The properties of the template's resource against a pattern; without any they count as empty."""
    actual: object = resource.properties
    if isinstance(pattern, AbsentMatch):
        actual = resource.body.get("Properties", ABSENT)
    outcome = matcher_of(pattern, partial=True).test(actual)
    return _tested(resource, outcome, lambda path: str(resource.location(path)), template, below="/Properties")


def _tested(
    resource: Resource, outcome: MatchOutcome, locate: Callable[[str], str], template: Template, *, below: str
) -> Tested:
    name = resource.logical_id
    return Tested(
        name=name,
        place=str(resource.location()),
        outcome=outcome,
        locate=locate,
        is_secret=lambda path: is_secret_place(template, f"{child('/Resources', name)}{below}{path}"),
        secrets=lambda: secret_values(template),
    )


class TemplateAssertions:
    """CDK's methods on a template; names are checked, and an assertion that checks nothing fails.

    A failure is a StackAssertionError, which is an AssertionError.
    """

    def __init__(self, template: Template, schemas: SchemaSource) -> None:
        self._template = template
        self._names = Names(template, schemas)
        self._looked_at = 0

    @property
    def looked_at(self) -> int:
        """The number of resources and other entries of the template that the assertions have checked so far."""
        return self._looked_at

    # --- resources

    def has_resource(self, resource_type: str, props: Pattern) -> None:
        """At least one resource of the type matches; the pattern may have `DependsOn`, `DeletionPolicy` and so on."""
        self._one_matches(resource_type, self._tested(resource_type, props))

    def has_resource_properties(self, resource_type: str, props: Pattern) -> None:
        """At least one resource of the type has matching properties."""
        self._one_matches(resource_type, self._tested_properties(resource_type, props))

    def all_resources(self, resource_type: str, props: Pattern) -> None:
        """Every resource of the type matches, and at least one exists."""
        self._all_match(resource_type, self._tested(resource_type, props))

    def all_resources_properties(self, resource_type: str, props: Pattern) -> None:
        """Every resource of the type has matching properties, and at least one exists."""
        self._all_match(resource_type, self._tested_properties(resource_type, props))

    def resource_count_is(self, resource_type: str, count: int) -> None:
        """The template has `count` resources of the type, with those that CDK generates."""
        found = self._of_type(resource_type)
        self._looked_at += len(self._template.resources)
        if not self._template.resources:
            raise VacuousAssertionError("this checked nothing: the template has no resources")
        if len(found) != count:
            checked = f"checked {len(self._template.resources)} resources"
            raise StackAssertionError(
                f"expected {count} of {resource_type}, found {_counted(resource_type, found)}; {checked}"
            )

    def resource_properties_count_is(self, resource_type: str, props: Pattern, count: int) -> None:
        """`count` resources of the type have matching properties."""
        found = self._tested_properties(resource_type, props)
        self._require_some(resource_type, found)
        matching = [tested for tested in found if tested.outcome.matched]
        if len(matching) != count:
            raise StackAssertionError(
                f"expected {count} of {resource_type} to match, found {len(matching)} among {len(found)}"
                + _listed(
                    "these match",
                    [Tested(name=match.name, place=match.place, outcome=MatchOutcome()) for match in matching],
                )
                + _listed("these do not", [tested for tested in found if not tested.outcome.matched])
            )

    def find_resources(
        self, resource_type: str, props: Pattern | None = None, *, allow_none: bool = False
    ) -> dict[str, dict[str, Any]]:
        """The resources of the type that match, by logical id; none fails unless `allow_none`."""
        found = self._tested(resource_type, {} if props is None else props, may_be_empty=True)
        matching = {tested.name: self._body(tested.name) for tested in found if tested.outcome.matched}
        if not matching and not allow_none:
            raise VacuousAssertionError(
                f"found no {resource_type}{' that matches' if found else ''}, so what follows would check nothing; "
                f"allow_none=True if none is a fine answer{_closest(found)}"
            )
        return matching

    def get_resource_id(self, resource_type: str, props: Pattern | None = None) -> str:
        """The logical id of the only resource of the type that matches."""
        found = self._tested(resource_type, {} if props is None else props, may_be_empty=True)
        matching = [tested for tested in found if tested.outcome.matched]
        if len(matching) != 1:
            raise StackAssertionError(
                f"expected exactly one {resource_type} that matches, found {len(matching)}"
                + (_listed("these match", matching) if matching else _closest(found))
            )
        return matching[0].name

    # --- other sections

    def has_output(self, logical_id: str, props: Pattern) -> None:
        """The output of that name (`*`: some output) matches."""
        self._entry_matches("Outputs", logical_id, props)

    def find_outputs(
        self, logical_id: str, props: Pattern | None = None, *, allow_none: bool = False
    ) -> dict[str, dict[str, Any]]:
        """The outputs of that name (`*`: of any name) that match; none fails unless `allow_none`."""
        return self._find_entries("Outputs", logical_id, props, allow_none=allow_none)

    def has_parameter(self, logical_id: str, props: Pattern) -> None:
        """The parameter of that name (`*`: some parameter) matches."""
        self._entry_matches("Parameters", logical_id, props)

    def find_parameters(
        self, logical_id: str, props: Pattern | None = None, *, allow_none: bool = False
    ) -> dict[str, dict[str, Any]]:
        """The parameters of that name (`*`: of any name) that match; none fails unless `allow_none`."""
        return self._find_entries("Parameters", logical_id, props, allow_none=allow_none)

    def has_mapping(self, logical_id: str, props: Pattern) -> None:
        """The mapping of that name (`*`: some mapping) matches."""
        self._entry_matches("Mappings", logical_id, props)

    def find_mappings(
        self, logical_id: str, props: Pattern | None = None, *, allow_none: bool = False
    ) -> dict[str, dict[str, Any]]:
        """The mappings of that name (`*`: of any name) that match; none fails unless `allow_none`."""
        return self._find_entries("Mappings", logical_id, props, allow_none=allow_none)

    def has_condition(self, logical_id: str, props: Pattern) -> None:
        """The condition of that name (`*`: some condition) matches."""
        self._entry_matches("Conditions", logical_id, props)

    def find_conditions(
        self, logical_id: str, props: Pattern | None = None, *, allow_none: bool = False
    ) -> dict[str, dict[str, Any]]:
        """The conditions of that name (`*`: of any name) that match; none fails unless `allow_none`."""
        return self._find_entries("Conditions", logical_id, props, allow_none=allow_none)

    # --- the whole

    def template_matches(self, expected: Pattern) -> None:
        """The template matches."""
        self._names.check_template(expected)
        require_meaning(expected)
        self._looked_at += len(self._template.resources)
        found = Tested(
            name="the template",
            place=self._template.file,
            outcome=matcher_of(expected, partial=True).test(self._template.body),
            is_secret=lambda path: is_secret_place(self._template, path),
            secrets=lambda: secret_values(self._template),
        )
        if not found.outcome.matched:
            raise StackAssertionError(f"the template does not match:\n{found.text()}")
        _keep_captures([found])

    def to_json(self) -> dict[str, Any]:
        """The template as it is; assertions on this value are not checked."""
        self._looked_at += len(self._template.resources)
        return cast("dict[str, Any]", self._template.body)

    # --- how

    def _of_type(self, resource_type: str) -> list[Resource]:
        self._names.require_type(resource_type)
        return [resource for resource in self._template.resources if resource.resource_type == resource_type]

    def _tested(self, resource_type: str, pattern: Pattern, *, may_be_empty: bool = False) -> list[Tested]:
        resources = self._of_type(resource_type)
        self._names.check_resource(resource_type, pattern)
        if not may_be_empty:
            require_meaning(pattern)
        return self._finished([tested(resource, pattern, self._template) for resource in resources])

    def _tested_properties(self, resource_type: str, pattern: Pattern) -> list[Tested]:
        resources = self._of_type(resource_type)
        self._names.check_properties(resource_type, pattern)
        require_meaning(pattern)
        return self._finished([tested_properties(resource, pattern, self._template) for resource in resources])

    def _finished(self, found: list[Tested]) -> list[Tested]:
        self._looked_at += len(found)
        _keep_captures(found)
        return found

    def _require_some(self, resource_type: str, found: Sequence[Tested]) -> None:
        if not found:
            raise VacuousAssertionError(
                f"this checked nothing: the template has no {resource_type} "
                f"(if that is the point: resource_count_is(…, 0)){self._made_at_run_time(resource_type)}"
            )

    def _made_at_run_time(self, resource_type: str) -> str:
        """The custom resource of the template that creates resources of this type when the stack is deployed."""
        custom, why = _MADE_AT_RUN_TIME.get(resource_type, ("", ""))
        found = [resource for resource in self._template.resources if custom and resource.resource_type == custom]
        return "".join(f"\n{resource.location()}: {resource.logical_id} ({custom}): {why}" for resource in found)

    def _one_matches(self, resource_type: str, found: Sequence[Tested]) -> None:
        self._require_some(resource_type, found)
        if not any(tested.outcome.matched for tested in found):
            raise StackAssertionError(f"none of {len(found)} {resource_type} matches{_closest(found)}")

    def _all_match(self, resource_type: str, found: Sequence[Tested]) -> None:
        self._require_some(resource_type, found)
        failed = [tested for tested in found if not tested.outcome.matched]
        if failed:
            raise StackAssertionError(
                f"{len(failed)} of {len(found)} {resource_type} do not match{_listed('these do not', failed)}"
            )

    def _body(self, logical_id: str) -> dict[str, Any]:
        resource = self._template.resource(logical_id)
        return dict(resource.body) if resource else {}

    def _entries(self, section: str, logical_id: str, pattern: Pattern) -> list[Tested]:
        self._names.check_entry(section, pattern)
        entries = self._template.section(section)
        if logical_id != "*" and logical_id not in entries:
            near = suggestion(nearest(logical_id, entries))
            raise UnknownNameError(f"the template has no {logical_id} in {section}{near}")
        matcher = matcher_of(pattern, partial=True)
        return self._finished(
            [
                self._tested_entry(section, name, matcher.test(body))
                for name, body in sorted(entries.items())
                if logical_id in {"*", name}
            ]
        )

    def _tested_entry(self, section: str, name: str, outcome: MatchOutcome) -> Tested:
        above = child(f"/{section}", name)
        return Tested(
            name=name,
            place=self._template.file,
            outcome=outcome,
            is_secret=lambda path: is_secret_place(self._template, above + path),
            secrets=lambda: secret_values(self._template),
        )

    def _entry_matches(self, section: str, logical_id: str, pattern: Pattern) -> None:
        found = self._entries(section, logical_id, pattern)
        if not found:
            raise VacuousAssertionError(f"this checked nothing: the template has no {section}")
        if not any(tested.outcome.matched for tested in found):
            raise StackAssertionError(f"none of {len(found)} in {section} matches{_closest(found)}")

    def _find_entries(
        self, section: str, logical_id: str, pattern: Pattern | None, *, allow_none: bool
    ) -> dict[str, dict[str, Any]]:
        found = self._entries(section, logical_id, {} if pattern is None else pattern)
        entries = self._template.section(section)
        matching = {
            tested.name: cast("dict[str, Any]", entries[tested.name]) for tested in found if tested.outcome.matched
        }
        if not matching and not allow_none:
            raise VacuousAssertionError(
                f"found nothing in {section}{' that matches' if found else ''}, so what follows would check "
                f"nothing; allow_none=True if none is a fine answer{_closest(found)}"
            )
        return matching


_MADE_AT_RUN_TIME: Final = {
    "AWS::Logs::LogGroup": (
        "Custom::LogRetention",
        (
            "the deprecated log_retention sets the retention of a log group that is in no template; "
            "pass log_group=logs.LogGroup(…) instead"
        ),
    )
}


def _keep_captures(found: Iterable[Tested]) -> None:
    for match in found:
        if match.outcome.matched:
            for captured in match.outcome.captures:
                captured.capture.keep(captured.value, is_secret=match.is_secret(captured.path))


def _counted(resource_type: str, found: Sequence[Resource]) -> str:
    """How many there are, and which of them CDK generated."""
    authored = ", ".join(
        f"{resource.logical_id} ({resource.location()})" for resource in found if not resource.generated
    )
    generated = [resource.logical_id for resource in found if resource.generated]
    if not generated:
        return f"{len(found)}: {authored}" if found else "0"
    of_people = f"{len(found) - len(generated)} authored{': ' if authored else ''}{authored}"
    of_cdk = f"{len(generated)} generated by CDK ({', '.join(generated)})"
    query = f'len(stack.resources("{resource_type}", authored=True))'
    return f"{len(found)} = {of_people} + {of_cdk}; for exact counts: {query}"


def _closest(found: Sequence[Tested]) -> str:
    ordered = sorted(found, key=lambda tested: (len(tested.outcome.mismatches), tested.name))[:_CLOSEST]
    return _listed("closest" if len(found) > len(ordered) else "found", ordered)


def _listed(title: str, found: Sequence[Tested]) -> str:
    return "".join([f"\n{title}:", *(f"\n{tested.text()}" for tested in found)]) if found else ""
