"""A cloud assembly as a value: the stacks that a CDK app synthesized, with what CDK noted on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stackproof.template.location import Location
from stackproof.template.template import Template

__all__ = ["Acknowledgement", "Annotation", "Assembly", "Deprecation", "FileAsset", "Stack", "Violation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What an app acknowledged by `Validations.of(construct).acknowledge(…)`: for the construct and all below it.

    `rule_id` is as CDK qualifies it ("CloudFormation-Validate::W3005"); `is_broad`: the construct is a stack or
    the app.
    """

    rule_id: str
    reason: str
    location: Location
    is_broad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What an app or CDK itself noted on a construct; `level` is "error", "warning" or "info"."""

    level: str
    message: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a validation plugin of the app found in the synth; `level` is "error", "warning" or "info"."""

    plugin: str
    rule_id: str
    level: str
    message: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Deprecation:
    """A deprecated CDK API that the app used, as jsii warned.

    `api` is jsii's name for it: "aws-cdk-lib.aws_lambda.FunctionOptions#logRetention".
    """

    api: str
    message: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FileAsset:
    """A file or folder that must be in a bucket before the stack is created; bucket and key may hold `${AWS::…}`.

    `content` is uploaded in place of the file's.
    """

    path: str
    packaging: str
    bucket: str
    key: str
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack. `account` and `region` are None where the app left them open.

    `artifact` identifies the stack in its assembly, where another region may have a stack of the same name; by default
    it is the name. `parent` is the artifact of the stack that nests it, `dependencies` are the
    artifacts of those that it needs.
    `construct_path` is that of the stack itself, None where the assembly does not have it. `nested` are the stacks that
    are deployed with it, filled in for the deployment. `missing_nested` maps the logical ids of nested stacks
    whose template the assembly does not have to the reason. `tags` are the stack's own, for all that it makes.
    """

    name: str
    template: Template
    artifact: str = ""
    account: str | None = None
    region: str | None = None
    parent: str | None = None
    dependencies: tuple[str, ...] = ()
    assets: tuple[FileAsset, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    construct_path: str | None = None
    acknowledgements: tuple[Acknowledgement, ...] = ()
    nested: tuple[Stack, ...] = ()
    missing_nested: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    termination_protection: bool = False

    def __post_init__(self) -> None:
        """A stack without an assembly is identified by its name."""
        if not self.artifact:
            object.__setattr__(self, "artifact", self.name)

    @property
    def environment(self) -> str:
        """Where it runs, as an assembly writes it: aws://111122223333/eu-west-1."""
        return f"aws://{self.account or 'unknown-account'}/{self.region or 'unknown-region'}"

    @property
    def described(self) -> str:
        """Its construct path and its environment, for messages where the name alone is not clear."""
        return f"{self.construct_path or self.artifact} ({self.environment})"

    def nested_at(self, logical_id: str) -> Stack | None:
        """The nested stack of a resource; None where its template is not known."""
        artifact = f"{self.artifact}/{logical_id}"
        return next((nested for nested in self.nested if nested.artifact == artifact), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """What a synth gave. `key` is the hash of its inputs, None for a folder that another tool wrote.

    `missing_context` names look-ups whose values are dummies in the templates.
    `coverage_file` holds the coverage of the app's own lines, if it was recorded.
    `violations` are those of the app's validation plugins, acknowledged or not, and `acknowledgements` those that the
    plugins' report names; `not_validated` names the plugins that could not decide, with the reason.
    """

    directory: str
    stacks: tuple[Stack, ...]
    key: str | None = None
    cached: bool = False
    seconds: float = 0.0
    deprecations: tuple[Deprecation, ...] = ()
    missing_context: tuple[str, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    violations: tuple[Violation, ...] = ()
    not_validated: tuple[str, ...] = ()
    coverage_file: str | None = None
