"""A cloud assembly on disk as a value: its stacks, also nested ones and those of stages, with their source lines."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stackproof.core.errors import InputError
from stackproof.core.json import JsonObject, JsonValue, objects_in
from stackproof.template.assembly import Acknowledgement, Annotation, Assembly, FileAsset, Stack
from stackproof.template.loading.origin import Origins
from stackproof.template.loading.template import ResourceFacts, parse_template
from stackproof.template.loading.validation_report import load_validation_report
from stackproof.template.location import Location
from stackproof.template.nested import file_of_nested, is_nested_stack, why_no_file
from stackproof.template.template import Resource, Template

__all__ = ["load_assembly"]

_LEVELS = {"aws:cdk:error": "error", "aws:cdk:warning": "warning", "aws:cdk:info": "info"}
_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
_MAX_NESTING = 20
_MAX_NESTED = 500
"""More than any app has: two nested stacks in each of twenty levels would be a million."""


def load_assembly(directory: Path, *, root: Path, app: Path, shown: str) -> tuple[Assembly, Origins]:
    """The assembly in a folder, and what is known of its constructs; raises InputError naming the file.

    Source files are named relative to `root`, as seen from `app`, the folder that the app ran in;
    `shown` is the folder's name in reports.
    """
    origins = Origins(root=root, app=app)
    _add_tree(directory, shown, origins)
    context: set[str] = set()
    stacks: list[Stack] = []
    for folder, manifest in _manifests(directory, shown):
        for missing in objects_in(manifest.get("missing")):
            context.add(str(missing.get("key")))
        loader = _StackLoader(directory=directory, folder=folder, origins=origins, shown=shown)
        stacks.extend(loader.load_all(_artifacts(manifest)))
    if not stacks:
        raise InputError(f"{shown}: the cloud assembly has no stack")
    stacks.sort(key=lambda stack: (stack.name, stack.template.file))
    report = load_validation_report(directory, shown, stacks, origins)
    assembly = Assembly(
        directory=str(directory),
        stacks=tuple(stacks),
        missing_context=tuple(sorted(context)),
        acknowledgements=report.acknowledgements,
        violations=report.violations,
        not_validated=report.not_validated,
    )
    return assembly, origins


@dataclass(frozen=True, slots=True, kw_only=True)
class _StackLoader:
    """Reads the stacks of one manifest: `folder` holds it, `directory` is that of the whole assembly."""

    directory: Path
    folder: Path
    origins: Origins
    shown: str

    def load_all(self, artifacts: Mapping[str, JsonObject]) -> Iterator[Stack]:
        """The stacks of the manifest's artifacts; the asset manifests are read once for all of them."""
        ids = sorted(name for name, artifact in artifacts.items() if artifact.get("type") == "aws:cloudformation:stack")
        manifests = tuple(self._asset_manifests(artifacts)) if ids else ()
        for artifact_id in ids:
            yield from self._load(artifact_id, artifacts, manifests)

    def _load(
        self, artifact_id: str, artifacts: Mapping[str, JsonObject], manifests: Sequence[JsonObject]
    ) -> Iterator[Stack]:
        """The stack of an artifact, then those nested in it."""
        artifact = artifacts[artifact_id]
        properties = _object(artifact.get("properties"))
        metadata = self._metadata(artifact)
        self.origins.add_metadata(metadata)
        file = properties.get("templateFile")
        if not isinstance(file, str):
            raise InputError(f"{self._named('manifest.json')}: artifacts.{artifact_id}: templateFile is missing")
        name = str(properties.get("stackName", artifact_id))
        account, region = _environment(str(artifact.get("environment", "")))
        template = self._template(file, name)
        dependencies = artifact.get("dependencies")
        stack = Stack(
            name=name,
            template=template,
            artifact=self._artifact(artifact_id),
            account=account,
            region=region,
            dependencies=tuple(
                sorted(
                    self._artifact(str(dependency))
                    for dependency in (dependencies if isinstance(dependencies, list) else ())
                    if artifacts.get(str(dependency), {}).get("type") == "aws:cloudformation:stack"
                )
            ),
            assets=self._assets(manifests, file),
            annotations=tuple(self._annotations(metadata, name)),
            construct_path=str(artifact.get("displayName", artifact_id)),
            tags={key: str(member) for key, member in _object(properties.get("tags")).items()},
            termination_protection=properties.get("terminationProtection") is True,
        )
        acknowledged = replace(stack, acknowledgements=tuple(self._acknowledgements(metadata, stack)))
        yield from self._with_nested(acknowledged, self._published(manifests))

    def _acknowledgements(self, metadata: JsonObject, stack: Stack) -> Iterator[Acknowledgement]:
        for path, entries in sorted(metadata.items()):
            construct_path = path.lstrip("/")
            place = Location(stack_name=stack.name, construct_path=construct_path, template_file=stack.template.file)
            for element in objects_in(entries):
                if element.get("type") == _ACKNOWLEDGED:
                    source = self.origins.made_by(element.get("trace")) or self.origins.of(construct_path).source
                    location = replace(place, file=source.file, line=source.line) if source else place
                    is_broad = construct_path == stack.construct_path
                    for rule_id, reason in sorted(_object(element.get("data")).items()):
                        yield Acknowledgement(rule_id=rule_id, reason=str(reason), location=location, is_broad=is_broad)

    def _with_nested(self, root: Stack, published: Mapping[tuple[str, str], str]) -> Iterator[Stack]:
        """The stack and those nested in it, each with the nested ones that cannot be evaluated, and why."""
        waiting = deque([(root, frozenset({root.template.path}))])
        count = 0
        while waiting:
            stack, above = waiting.popleft()
            missing: dict[str, str] = {}
            for resource in filter(is_nested_stack, stack.template.resources):
                if count >= _MAX_NESTED:
                    missing[resource.logical_id] = f"{root.name} has more than {_MAX_NESTED} nested stacks"
                    continue
                try:
                    nested = self._nested(stack, resource, published, above)
                except InputError as error:
                    missing[resource.logical_id] = str(error)
                else:
                    count += 1
                    waiting.append((nested, above | {nested.template.path}))
            yield replace(stack, missing_nested=missing)

    def _nested(
        self, parent: Stack, resource: Resource, published: Mapping[tuple[str, str], str], above: frozenset[str]
    ) -> Stack:
        """The stack that a resource nests; raises InputError with the reason where it cannot be evaluated."""
        file = file_of_nested(resource, parent, published)
        if file is None:
            raise InputError(why_no_file(resource, parent.template))
        name = f"{parent.name}/{resource.logical_id}"
        template = self._template(file, name)
        if template.path in above:
            raise InputError(f"its template {template.file} nests itself")
        if len(above) > _MAX_NESTING:
            raise InputError(f"stacks are nested deeper than {_MAX_NESTING} levels")
        return Stack(
            name=name,
            template=template,
            artifact=f"{parent.artifact}/{resource.logical_id}",
            account=parent.account,
            region=parent.region,
            parent=parent.artifact,
        )

    @staticmethod
    def _published(manifests: Sequence[JsonObject]) -> Mapping[tuple[str, str], str]:
        """The file of each bucket and object key in the asset manifests."""
        found: dict[tuple[str, str], str] = {}
        for manifest in manifests:
            for asset in _object(manifest.get("files")).values():
                path = _object(_object(asset).get("source")).get("path")
                for destination in _object(_object(asset).get("destinations")).values():
                    place = _object(destination)
                    if isinstance(path, str) and place.get("bucketName") and place.get("objectKey"):
                        found[str(place["bucketName"]), str(place["objectKey"])] = path
        return found

    def _asset_manifests(self, artifacts: Mapping[str, JsonObject]) -> Iterator[JsonObject]:
        for artifact in artifacts.values():
            file = _object(artifact.get("properties")).get("file")
            if artifact.get("type") == "cdk:asset-manifest" and isinstance(file, str):
                yield _read(self._inside(file), self._named(file))

    def _artifact(self, artifact_id: str) -> str:
        """The id with the folder of the stage: the manifests of two stages may use the same one."""
        return Path(os.path.relpath(self.folder / artifact_id, self.directory)).as_posix()

    def _template(self, file: str, stack_name: str) -> Template:
        return parse_template(
            self._inside(file), file=self._named(file), stack_name=stack_name, describe=self._describe
        )

    def _inside(self, file: str) -> Path:
        """The file that a manifest names: it has to lie in the assembly, and to be there."""
        path = self.folder / file
        if not path.resolve().is_relative_to(self.directory.resolve()):
            raise InputError(f"{self._named('manifest.json')}: names {file}, which lies outside of the assembly")
        if not path.exists():
            raise InputError(f"{self._named('manifest.json')}: names {file}, and there is no such file")
        return path

    def _describe(self, _: str, body: JsonObject) -> ResourceFacts:
        path = _object(body.get("Metadata")).get("aws:cdk:path")
        construct_path = path if isinstance(path, str) else None
        origin = self.origins.of(construct_path)
        return ResourceFacts(
            construct_path=construct_path,
            source=origin.source,
            property_sources=origin.properties,
            generated=origin.generated,
        )

    def _metadata(self, artifact: JsonObject) -> JsonObject:
        file = artifact.get("additionalMetadataFile")
        inline = _object(artifact.get("metadata"))
        return {**inline, **_read(self._inside(file), self._named(file))} if isinstance(file, str) else inline

    def _annotations(self, metadata: JsonObject, stack_name: str) -> Iterator[Annotation]:
        for path, entries in sorted(metadata.items()):
            for element in objects_in(entries):
                level = _LEVELS.get(str(element.get("type")))
                if level is not None:
                    construct_path = path.lstrip("/")
                    source = self.origins.of(construct_path).source
                    location = Location(stack_name=stack_name, construct_path=construct_path)
                    if source is not None:
                        location = replace(location, file=source.file, line=source.line)
                    yield Annotation(level=level, message=str(element.get("data")), location=location)

    def _assets(self, manifests: Sequence[JsonObject], template_file: str) -> tuple[FileAsset, ...]:
        """The files that the stack's asset manifest publishes; its own template is one of them."""
        found: set[FileAsset] = set()
        for manifest in manifests:
            files = _object(manifest.get("files"))
            if not any(_object(_object(file).get("source")).get("path") == template_file for file in files.values()):
                continue
            for asset in files.values():
                source = _object(_object(asset).get("source"))
                for destination in _object(_object(asset).get("destinations")).values():
                    place = _object(destination)
                    found.add(
                        FileAsset(
                            path=str(self.folder / str(source.get("path"))),
                            packaging=str(source.get("packaging", "file")),
                            bucket=str(place.get("bucketName")),
                            key=str(place.get("objectKey")),
                        )
                    )
        return tuple(sorted(found))

    def _named(self, file: str) -> str:
        return f"{self.shown}/{os.path.relpath(self.folder / file, self.directory)}"


def _manifests(directory: Path, shown: str, depth: int = 0) -> Iterator[tuple[Path, JsonObject]]:
    """The manifest of the assembly and those of the stages in it."""
    if depth > _MAX_NESTING:
        raise InputError(f"{shown}: stages are nested deeper than {_MAX_NESTING} levels")
    manifest = _read(directory / "manifest.json", f"{shown}/manifest.json")
    for name, artifact in _object(manifest.get("artifacts")).items():
        if not isinstance(artifact, Mapping):  # it may be a stack, whose absence nothing else would show
            kind = type(artifact).__name__
            raise InputError(f"{shown}/manifest.json: artifacts.{name}: Unexpected type {kind} (expected object)")
    yield directory, manifest
    for _, artifact in sorted(_artifacts(manifest).items()):
        if artifact.get("type") == "cdk:cloud-assembly":
            folder = _object(artifact.get("properties")).get("directoryName")
            if isinstance(folder, str):
                if not (directory / folder).resolve().is_relative_to(directory.resolve()):
                    raise InputError(f"{shown}/manifest.json: names {folder}, which lies outside of the assembly")
                yield from _manifests(directory / folder, f"{shown}/{folder}", depth + 1)


def _add_tree(folder: Path, shown: str, origins: Origins) -> None:
    """Only the construct tree has what CDK generated; an assembly without one is complete, too."""
    tree = folder / "tree.json"
    if tree.is_file():
        origins.add_tree(_read(tree, f"{shown}/tree.json"))


def _environment(text: str) -> tuple[str | None, str | None]:
    """`aws://111122223333/eu-west-1`, where "unknown-…" represents what the app left open."""
    account, _, region = text.removeprefix("aws://").partition("/")
    return (
        None if not account or account.startswith("unknown-") else account,
        None if not region or region.startswith("unknown-") else region,
    )


def _read(file: Path, shown: str) -> JsonObject:
    try:
        document: JsonValue = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{shown}: there is no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{shown}: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{shown}: Unexpected type {type(document).__name__} (expected object)")
    return document


def _artifacts(manifest: JsonObject) -> dict[str, JsonObject]:
    return {name: _object(member) for name, member in _object(manifest.get("artifacts")).items()}


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
