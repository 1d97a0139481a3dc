"""Patches of Python apps: finds the argument that sets the differing property, and replaces it with libcst."""

from __future__ import annotations

import ast
import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from stackproof.core.errors import ConfigError
from stackproof.drift.adopt.arguments import Argument, Expression, Form, Plain, Written, argument_of, classes_of, folded
from stackproof.drift.adopt.remedy import Adoption
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.template.location import Location, SourceLine

__all__ = ["adoption", "overwrite", "require", "written"]

_GENERIC: Final = "CfnResource"
_SKIPPED: Final = frozenset({"cdk.out", "node_modules", "site-packages"})


def require() -> None:
    """Raise ConfigError if the libraries that patches need are not installed."""
    try:
        import libcst  # noqa: F401 - a third of a second
    except ImportError:
        raise ConfigError("patches need libcst: pip install 'stackproof[drift]'") from None


def adoption(difference: Difference, *, root: Path, beside: Sequence[Location] | None = ()) -> Adoption:
    """The patch that makes the app set the live value.

    `beside` are the other resources of the type that come from the line, None if unknown.
    """
    return _Patch(difference=difference, root=root, beside=beside).adoption()[0]


def written(difference: Difference, *, root: Path, beside: Sequence[Location] | None = ()) -> Adoption:
    """Apply the patch to the present content of the file."""
    found, after = _Patch(difference=difference, root=root, beside=beside).adoption()
    if not found.patch:
        return found
    try:
        overwrite(root / str(found.file), after)
    except OSError as error:
        return replace(found, patch="", why_not=f"{found.file} cannot be written: {error.strerror}")
    return replace(found, is_written=True)


def overwrite(path: Path, data: bytes) -> None:
    """Replace the file atomically and keep its mode; a link stays a link."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        part.chmod(path.stat().st_mode & 0o7777)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patch:
    """One difference, and the source that may set its property."""

    difference: Difference
    root: Path
    beside: Sequence[Location] | None

    def adoption(self) -> tuple[Adoption, bytes]:
        """The patch, and the whole file with it."""
        place = self.difference.location
        file, line = place.file, place.line
        why_not = self._not_patchable()
        if why_not or file is None or line is None:
            return Adoption(file=file, line=line, why_not=why_not), b""
        try:
            raw = (self.root / file).read_bytes()
        except OSError as error:
            return Adoption(file=file, line=line, why_not=f"{file} cannot be read: {error.strerror}"), b""
        try:
            answer = _Source(raw=raw, file=file, root=self.root).replaced(line, self.difference)
        except RecursionError:
            answer = f"{file} is nested too deeply"
        if isinstance(answer, str):
            return Adoption(file=file, line=line, why_not=answer), b""
        lines = difflib.unified_diff(
            answer.before.splitlines(keepends=True),
            answer.after.splitlines(keepends=True),
            f"a/{file}",
            f"b/{file}",
        )
        patch = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
        return Adoption(file=file, line=line, argument=answer.argument, patch=patch), answer.raw

    def _not_patchable(self) -> str:
        """Why no patch can adopt the difference; empty if one may."""
        found, place = self.difference, self.difference.location
        if found.origin not in {DriftOrigin.DECLARED, DriftOrigin.UNDECLARED}:
            return {
                DriftOrigin.CHILD: f"declare it ({found.child_type}), if it is to stay",
                DriftOrigin.UNMANAGED: "declare it, and have `cdk import` or a change set of type IMPORT adopt it",
                DriftOrigin.DELETED: "remove it from the app, if it is to stay deleted",
            }[found.origin]
        beside = self.beside or ()
        others = ", ".join(_called(other, place) for other in beside[:3])
        file = place.file or ""
        reasons = (
            (found.is_secret, "the value may be a secret, and is not written into a source"),
            (found.actual is None, "the property is no longer set: remove its argument, if it is to stay so"),
            (not file.endswith(".py") or place.line is None, "its line in a Python app is unknown"),
            (not self._is_inside(file), f"there is no {file} in this project"),
            (self.beside is None, "no app is configured, so the other resources of the line are unknown"),
            (
                bool(beside),
                f"the line makes {len(beside) + 1} resources of this type; a patch would change {others} as well",
            ),
        )
        return next((why for holds, why in reasons if holds), "")

    def _is_inside(self, file: str) -> bool:
        path = (self.root / file).resolve()
        return path.is_file() and path.is_relative_to(self.root.resolve())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call in the source: `names` are what it is a call of, of `super().__init__` the classes that are extended."""

    node: Any
    names: tuple[str, ...]
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A text before and after an argument of it has a new value; `raw` is the whole file after it, as it is encoded."""

    argument: str
    before: str
    after: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One file of the app."""

    raw: bytes
    file: str
    root: Path

    def replaced(self, line: int, difference: Difference) -> _Change | str:
        """The text with the argument's new value, or the reason for none."""
        import libcst

        kind, path = str(difference.location.resource_type), str(difference.path)
        try:
            wrapper = libcst.MetadataWrapper(libcst.parse_module(self.raw), unsafe_skip_copy=True)
            is_whole = wrapper.module.bytes == self.raw
        except (libcst.ParserSyntaxError, SyntaxError, LookupError, UnicodeError) as error:
            return f"{self.file} cannot be parsed: {str(error).splitlines()[0]}"
        if not is_whole:
            return f"{self.file} has characters that would not be written back unchanged"
        first = f"Cfn{kind.rpartition('::')[2]}"
        call = _call_at(wrapper, line, (first, _GENERIC, *classes_of(kind)))
        if isinstance(call, str):
            return f"{self.file}:{line} {call}"
        is_low = bool({first, _GENERIC} & set(call.names))
        known = _level_1(path, generic=_GENERIC in call.names) if is_low else argument_of(kind, path)
        # An argument that nobody has told of, but that is named as the property is.
        argument = known or Argument(keyword=path.strip("/").partition("/")[0], below=tuple(path.split("/")[2:]))
        node = _descended(call.node, (argument.keyword, *argument.below))
        if not isinstance(node, str):
            return self._with(wrapper.module, call, node, argument, difference)
        if known is None:
            return f"the argument of {call.names[0]} that sets {path} is unknown"
        can_add = not is_low and not argument.below
        fresh = f"; add {argument.keyword}={argument.conversion.fresh(difference.actual)}" if can_add else ""
        return f"{call.names[0]} at {self.file}:{line} {node}{fresh}"

    def _with(
        self,
        module: Any,  # noqa: ANN401 - libcst is imported where it is needed
        call: _Call,
        node: Any,  # noqa: ANN401
        argument: Argument,
        difference: Difference,
    ) -> _Change | str:
        import libcst

        answer = argument.conversion.written(_expression(module, node), difference.expected, difference.actual)
        if not answer.text:
            return self._explained(answer)
        try:
            after = module.deep_replace(node, libcst.parse_expression(answer.text))
            raw = after.bytes
        except UnicodeEncodeError:
            return f"the live value cannot be written in {module.encoding}, the encoding of {self.file}"
        return _Change(argument=_spelt(node, module, call), before=module.code, after=after.code, raw=raw)

    def _explained(self, answer: Written) -> str:
        """With the place where a variable is set, if there is only one that has its name."""
        if answer.of is None or answer.of.form is not Form.NAME:
            return answer.why_not
        files = _python_files(self.root) if answer.of.owner else (self.root / self.file,)
        places = [definition for file in files for definition in _definitions(file, self.root, answer.of.name)]
        return f"{answer.why_not} at {places[0]}" if len(places) == 1 else answer.why_not


def _level_1(path: str, *, generic: bool) -> Argument:
    """A property of level 1 is the argument of its name; what lies below it is a property type, a mapping or a list."""
    first, *rest = path.strip("/").split("/")
    if generic:
        return Argument(keyword="properties", conversion=Plain(), below=(first, *rest))
    return Argument(keyword=first, conversion=Plain(), below=tuple(rest))


def _spelt(node: Any, module: Any, call: _Call) -> str:  # noqa: ANN401 - libcst is imported where it is needed
    """The keyword of the call that holds the node, as the source spells it."""
    named = (argument for argument in call.node.args if argument.keyword is not None)
    found = next(argument for argument in named if argument.value is node or _holds(argument.value, node))
    return str(module.code_for_node(found.keyword))


def _holds(outer: Any, inner: Any) -> bool:  # noqa: ANN401
    return any(child is inner or _holds(child, inner) for child in outer.children)


def _call_at(wrapper: Any, line: int, accepted: Sequence[str]) -> _Call | str:  # noqa: ANN401
    """The only call at the line that may make such a resource; a call inside it may make another."""
    here = [call for call in _calls(wrapper) if line in call.lines]
    if not here:
        return "has no call: the app differs from the audited one"
    found = [call for call in here if set(call.names) & set(accepted)]
    if not found:
        names = ", ".join(sorted({f"{call.names[0]}(…)" for call in here}))
        return f"calls {names}, and how it uses its arguments is unknown"
    return found[0] if len(found) == 1 else f"has {len(found)} calls that may make it"


def _calls(wrapper: Any) -> list[_Call]:  # noqa: ANN401
    """Every call, with the line on which it begins and that of its name, which a chain of calls is recorded with."""
    import libcst
    from libcst.metadata import PositionProvider

    found: list[_Call] = []

    class Collected(libcst.CSTVisitor):
        METADATA_DEPENDENCIES = (PositionProvider,)

        def __init__(self) -> None:
            self._bases: list[tuple[str, ...]] = []

        def visit_ClassDef(self, node: libcst.ClassDef) -> None:  # noqa: N802 - libcst's names
            self._bases.append(tuple(_last_name(base.value) for base in node.bases))

        def leave_ClassDef(self, original_node: libcst.ClassDef) -> None:  # noqa: N802
            del original_node
            self._bases.pop()

        def visit_Call(self, node: libcst.Call) -> None:  # noqa: N802
            name = node.func.attr if isinstance(node.func, libcst.Attribute) else node.func
            spelt = _last_name(node.func)
            lines = tuple(self.get_metadata(PositionProvider, expression).start.line for expression in (node, name))
            names = self._bases[-1] if spelt == "__init__" and self._bases and self._bases[-1] else (spelt,)
            found.append(_Call(node=node, names=names, lines=(lines[0], lines[1])))

    wrapper.visit(Collected())
    return found


def _last_name(node: Any) -> str:  # noqa: ANN401
    import libcst

    if isinstance(node, libcst.Attribute):
        return str(node.attr.value)
    return str(node.value) if isinstance(node, libcst.Name) else ""


def _descended(node: Any, keys: Sequence[str]) -> Any | str:  # noqa: ANN401
    """The expression below the call, by keyword, key or index; or the reason for none."""
    for number, key in enumerate(keys):
        found = _below(node, key)
        if found is None:
            rest = "/".join(keys[: number + 1])
            return f"has no argument {rest} that can be read here" + (
                " (it takes a mapping with **)" if _open(node) else ""
            )
        node = found
    return node


def _open(node: Any) -> bool:  # noqa: ANN401
    return any(getattr(argument, "star", "") == "**" for argument in getattr(node, "args", ()))


def _below(node: Any, key: str) -> Any | None:  # noqa: ANN401
    import libcst

    if isinstance(node, libcst.Call):
        named = ((argument.keyword.value, argument.value) for argument in node.args if argument.keyword is not None)
        return next((value for name, value in named if folded(name) == folded(key)), None)
    if isinstance(node, libcst.Dict):
        pairs = [pair for pair in node.elements if isinstance(pair, libcst.DictElement)]
        texts = [(pair.key.evaluated_value, pair.value) for pair in pairs if isinstance(pair.key, libcst.SimpleString)]
        exact = [value for text, value in texts if text == key]
        return next(iter(exact or [value for text, value in texts if folded(str(text)) == folded(key)]), None)
    if isinstance(node, libcst.List) and key.isdecimal() and int(key) < len(node.elements):
        return node.elements[int(key)].value
    return None


def _expression(module: Any, node: Any) -> Expression:  # noqa: ANN401
    """The expression as a value for planning."""
    import libcst

    text = module.code_for_node(node)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        pass
    else:
        if isinstance(value, bool | int | float | str):
            return Expression(form=Form.LITERAL, text=text, value=value)
    if isinstance(node, libcst.Call):
        owner = module.code_for_node(node.func.value) if isinstance(node.func, libcst.Attribute) else ""
        alone = node.args[0] if len(node.args) == 1 and node.args[0].keyword is None and not node.args[0].star else None
        inner = _expression(module, alone.value) if alone else None
        return Expression(form=Form.CALL, text=text, owner=owner, name=_last_name(node.func), inner=inner)
    if isinstance(node, libcst.Name | libcst.Attribute):
        owner = module.code_for_node(node.value) if isinstance(node, libcst.Attribute) else ""
        return Expression(form=Form.NAME, text=text, owner=owner, name=_last_name(node))
    return Expression(form=Form.OTHER, text=text)


def _python_files(root: Path) -> tuple[Path, ...]:
    """The project's Python files, without virtual environments and generated files."""
    return tuple(sorted(_walked(root)))


def _walked(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _SKIPPED or path.is_symlink():
            continue
        if path.is_dir() and not (path / "pyvenv.cfg").exists():
            yield from _walked(path)
        elif path.suffix == ".py":
            yield path


def _definitions(file: Path, root: Path, name: str) -> Iterator[SourceLine]:
    """Where a name, or an attribute of that name, is given a value."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in targets:
                if name in {getattr(target, "id", None), getattr(target, "attr", None)}:
                    yield SourceLine(file=file.relative_to(root).as_posix(), line=node.lineno)


def _called(other: Location, place: Location) -> str:
    """A resource for a person, by its construct path where the stack of the place has the same name."""
    name = f"{other.stack_name}/{other.logical_id}"
    return other.construct_path or name if name == f"{place.stack_name}/{place.logical_id}" else name
