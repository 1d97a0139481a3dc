"""Where the resources of a cloud assembly come from: a line of the app, and whether a person or CDK made them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stackproof.core.json import JsonObject, JsonValue
from stackproof.template.location import SourceLine

__all__ = ["ConstructOrigin", "Origins", "source_line"]

_FRAME = re.compile(r"^\s*(?:.* )?\(?(?P<file>[^()]+?):(?P<line>\d+)(?::\d+)?\)?$")
_FOREIGN = ("site-packages", "dist-packages", "node_modules", "jsii-kernel-")
# Constructs that CDK puts beside a stack's own, once for each kind of custom resource.
_SINGLETONS = re.compile(
    r"^(Custom::.+|LogRetention[0-9a-f]{32}|AWS[0-9a-f]{32}|BucketNotificationsHandler[0-9a-f]{32}"
    r"|SingletonLambda[0-9a-f]{32}|AWSCDK\..+Provider.*|@aws-cdk--.+Provider)$"
)
_HANDLER_MARK = "aws:cdk:is-custom-resource-handler-"
_PROVIDERS = frozenset(
    {
        "aws-cdk-lib.custom_resources.Provider",
        "aws-cdk-lib.CustomResourceProviderBase",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstructOrigin:
    """What is known of one construct; `properties` maps JSON pointers to the lines that set them later."""

    source: SourceLine | None = None
    properties: Mapping[str, SourceLine] = field(default_factory=dict)
    generated: bool = False


class Origins:
    """The origins of all constructs of an app, out of metadata and the construct tree.

    `root` is the folder that files are named relative to, `app` the one that the app ran in.
    """

    def __init__(self, *, root: Path, app: Path) -> None:
        self._root, self._app = root, app
        self._metadata: dict[str, Sequence[JsonObject]] = {}
        self._generated: set[str] = set()

    def add_metadata(self, metadata: JsonObject) -> None:
        """Take in one `<Stack>.metadata.json` (or the `metadata` of a manifest of older assemblies)."""
        for path, entries in metadata.items():
            rows = [row for row in entries if isinstance(row, Mapping)] if isinstance(entries, list) else []
            construct = path.lstrip("/")
            self._metadata[construct] = rows
            if any(str(row.get("type")).startswith(_HANDLER_MARK) for row in rows):
                self._generated.add(construct)

    def add_tree(self, tree: JsonObject) -> None:
        """Take in the `tree.json` of the assembly."""
        pending: list[JsonValue] = [tree.get("tree")]
        while pending:
            node = pending.pop()
            if not isinstance(node, Mapping):
                continue
            info = node.get("constructInfo")
            if isinstance(info, Mapping) and info.get("fqn") in _PROVIDERS:
                self._generated.add(str(node.get("path")))
            children = node.get("children")
            if isinstance(children, Mapping):
                pending.extend(children.values())

    def of(self, construct_path: str | None) -> ConstructOrigin:
        """What is known of the construct of that path; nothing if there is no path."""
        if construct_path is None:
            return ConstructOrigin()
        source: SourceLine | None = None
        properties: dict[str, SourceLine] = {}
        for row in self._metadata.get(construct_path, ()):
            data = row.get("data")
            if row.get("type") == "aws:cdk:creationStack":
                source = source or self._line(data)
            elif row.get("type") == "aws:cdk:propertyAssignment" and isinstance(data, Mapping):
                line = self._line(data.get("stackTrace"))
                if line is not None:
                    properties[f"/{data.get('propertyName')}"] = line
        return ConstructOrigin(
            source=source or self._inherited(construct_path),
            properties=properties,
            generated=self._is_generated(construct_path),
        )

    def lines(self) -> frozenset[SourceLine]:
        """Every line of the app that made a construct."""
        found = (
            self._line(row.get("data"))
            for rows in self._metadata.values()
            for row in rows
            if row.get("type") == "aws:cdk:creationStack"
        )
        return frozenset(line for line in found if line is not None)

    def _inherited(self, construct_path: str) -> SourceLine | None:
        """A construct without a trace was made where its main child was."""
        for child in (f"{construct_path}/Resource", f"{construct_path}/Default"):
            for row in self._metadata.get(child, ()):
                if row.get("type") == "aws:cdk:creationStack" and (line := self._line(row.get("data"))):
                    return line
        return None

    def _is_generated(self, construct_path: str) -> bool:
        parts = construct_path.split("/")
        if any(_SINGLETONS.match(part) for part in parts[1:-1]):
            return True
        return any("/".join(parts[:size]) in self._generated for size in range(1, len(parts) + 1))

    def made_by(self, frames: JsonValue) -> SourceLine | None:
        """The first line of the project in a stack trace."""
        return self._line(frames)

    def _line(self, frames: JsonValue) -> SourceLine | None:
        texts = [frame for frame in frames if isinstance(frame, str)] if isinstance(frames, list) else []
        return source_line(texts, root=self._root, app=self._app)


def source_line(frames: Sequence[str], *, root: Path, app: Path) -> SourceLine | None:
    """The first frame inside the project, as a file relative to `root`; frames are `name (file:line)`.

    Installed packages do not count, wherever the environment is, nor does a frame whose file does not exist.
    """
    for frame in frames:
        match = _FRAME.match(frame)
        if match is None or any(name in frame for name in _FOREIGN):
            continue
        file = (app / match["file"].removeprefix("file://")).resolve()
        if file.is_relative_to(app.resolve()) or file.is_relative_to(root.resolve()):
            # Node's own frames (`node:internal/…:12:3`) and those of bundles look like relative files.
            if "stackproof/template/synth/runner.py" in file.as_posix() or not file.is_file():
                continue
            shown = file.relative_to(root.resolve()) if file.is_relative_to(root.resolve()) else file
            return SourceLine(file=shown.as_posix(), line=int(match["line"]))
    return None
