"""Engine versions: the deployed ones, the refresh of the list, and the resources that a new list affects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stackproof.config.engine_versions import (
    load_engine_versions,
    packaged_engine_versions,
)
from stackproof.core.errors import ConfigError, InputError
from stackproof.core.redaction import text_without
from stackproof.policy.versions.engine_version import AllowList
from stackproof.template.secrets import secret_values
from stackproof.wiring.project import Project
from stackproof.wiring.synth import is_synthesized, read_assembly, synthesize

if TYPE_CHECKING:
    from stackproof.policy.versions.refreshing import Refresh
    from stackproof.template.template import Template

__all__ = [
    "affected_by",
    "deployed_versions",
    "refreshed_versions",
    "write_versions",
]

_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def deployed_versions(
    given: Sequence[str], template_of: Callable[[str], bytes] | None = None
) -> dict[str, dict[str, str]]:
    """Running versions by stack, from deployed templates, each given as `FILE`, `STACK=FILE` or `STACK`.

    A `FILE` without a stack is the template of all evaluated stacks. A name that is not a file is a stack, whose
    template `template_of` reads from the account. Raises ConfigError, or TargetError if that cannot be read.
    """
    from stackproof.policy.versions.evaluation import deployed_by
    from stackproof.template.loading.template import load_template, parse_bytes

    found: dict[str, dict[str, str]] = {}
    for text in given:
        stack, equals, name = text.partition("=")
        stack, name = (stack, name) if equals and not Path(text).exists() else ("", text)
        if stack in found:
            raise ConfigError(f"--deployed {text}: an earlier --deployed is for the same stack; give STACK=FILE")
        is_stack = not stack and template_of is not None and not Path(name).exists() and _STACK_NAME.fullmatch(name)
        try:
            if is_stack and template_of is not None:
                found[name] = deployed_by(parse_bytes(template_of(name), path=name, file=name))
            else:
                found[stack] = deployed_by(load_template(Path(name)))
        except InputError as error:
            raise ConfigError(f"--deployed {text}: {error}") from error
    return found


def refreshed_versions(
    project: Project,
    file: Path,
    *,
    source: str,
    region: str | None = None,
    profile: str | None = None,
    accept_large_change: bool = False,
) -> tuple[AllowList, Refresh]:
    """The current list, of the file or else the package, and the list that a source gives; writes nothing."""
    from stackproof.policy.versions.refreshing import refreshed
    from stackproof.policy.versions.sources.aws import AwsVersions
    from stackproof.policy.versions.sources.cfn_lint import read_cfn_lint
    from stackproof.policy.versions.sources.lifecycle import read_lifecycle

    old = load_engine_versions(file) if file.is_file() else packaged_engine_versions()
    if source == "aws":
        now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        snapshots = [AwsVersions(region=region or project.settings.region, profile=profile).read(now)]
    else:
        snapshots = [read_cfn_lint(), read_lifecycle()]
    return old, refreshed(old, snapshots, accept_large_change=accept_large_change)


def write_versions(file: Path, versions: AllowList) -> None:
    """Write the list, all of it or nothing."""
    from stackproof.policy.versions.writing import written
    from stackproof.reporters.file import write_file

    def write(stream: IO[str]) -> None:
        stream.write(written(versions))

    write_file(file, write)


def affected_by(
    project: Project, paths: Sequence[Path], *, before: AllowList, after: AllowList, on: date
) -> tuple[str, ...]:
    """Findings of the new list that the old list did not give, in these templates, else in the app's last synth."""
    from stackproof.policy.versions.case import Knowledge
    from stackproof.policy.versions.evaluation import evaluate_template
    from stackproof.template.loading.search import find_templates

    templates: list[Template] = []
    if paths:
        found = find_templates(paths, stdin=BytesIO())
        if found.errors:
            raise found.errors[0]
        stacks = [stack for path in found.assemblies for stack in read_assembly(project, path).stacks]
        templates = [*found.templates, *(stack.template for stack in stacks)]
    elif project.settings.app is not None and is_synthesized(project, {}):
        templates = [stack.template for stack in synthesize(project, {}).stacks]
    old, new = (Knowledge(versions=list_, as_of=on) for list_ in (before, after))
    names = Counter(template.stack_name for template in templates)
    lines = []
    for template in templates:
        name = template.stack_name or template.file
        shown = f"{name} ({template.file})" if names[template.stack_name] > 1 and name != template.file else name
        known = {(statement.logical_id, statement.verdict) for statement in evaluate_template(template, old).statements}
        without = text_without(secret_values(template))
        lines += [
            f"AFFECTED {shown} {statement.logical_id}: {statement.verdict.rule_id} {without(statement.verdict.message)}"
            for statement in evaluate_template(template, new).statements
            if (statement.logical_id, statement.verdict) not in known
        ]
    return tuple(lines)
