"""What the tables of src/stackproof know of each resource type; `pytest -s tests/test_resource_types.py` prints it.

A table is a value at the top of a module that names resource types. Each is listed in `TABLES` with its question.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from stackproof.readers import READERS
from stackproof.readers.children import FAMILIES
from stackproof.template.cfn_lint_schemas import CfnLintSchemas

SOURCE: Final = Path(__file__).parent.parent / "src"
TYPE: Final = re.compile(r"AWS::\w+::\w+\Z|Custom::[\w-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One question about resource types; `parts` are the literals that make up `path`, where it is put together.

    `needs_reader`: an answer for a type that nothing reads is never used. `unsorted` is why the order is another one.
    """

    column: str
    question: str
    path: str
    parts: str = ""
    needs_reader: bool = False
    unsorted: str = ""

    def types(self) -> frozenset[str]:
        """The resource types that the table names."""
        module, _, name = self.path.rpartition(".")
        return frozenset(types_in(getattr(importlib.import_module(module), name)))


GROUPED: Final = "the families of one owner are together"

TABLES: Final = (
    Table(
        column="read", question="who reads it?", path="stackproof.readers.READERS", parts="stackproof.readers.*.READERS"
    ),
    Table(
        column="child",
        question="what may be attached to it undeclared?",
        path="stackproof.readers.children.FAMILIES",
        parts="stackproof.readers.children.*.FAMILIES",
        needs_reader=True,
        unsorted=GROUPED,
    ),
    Table(
        column="list",
        question="how are all of them listed?",
        path="stackproof.readers.inventory.LISTINGS",
        parts="stackproof.readers.inventory.*.*",
        needs_reader=True,
    ),
    Table(
        column="never",
        question="which properties does no service return?",
        path="stackproof.readers.access.NOT_RETURNED",
        needs_reader=True,
    ),
    Table(
        column="set",
        question="which lists are sets?",
        path="stackproof.proof.equivalences.SETS",
        needs_reader=True,
    ),
    Table(
        column="order",
        question="which sets are lists?",
        path="stackproof.proof.equivalences.LISTS",
        needs_reader=True,
    ),
    Table(
        column="key",
        question="by which members are elements of a list matched?",
        path="stackproof.proof.equivalences.TELLING",
        needs_reader=True,
    ),
    Table(
        column="equal",
        question="which two spellings are equal?",
        path="stackproof.proof.equivalences.EQUAL",
        needs_reader=True,
    ),
    Table(
        column="adds",
        question="which lists get entries from other resources?",
        path="stackproof.proof.contributions.CONTRIBUTIONS",
        needs_reader=True,
    ),
    Table(column="arn", question="what is its ARN?", path="stackproof.proof.arns._ARNS", needs_reader=True),
    Table(
        column="empty",
        question="what has to be emptied before it is deleted?",
        path="stackproof.proof.permissions._EMPTYING",
    ),
    Table(column="flow", question="which calls does a flow make?", path="stackproof.proof.permissions._FLOW"),
    Table(column="flows", question="what does a flow begin with?", path="stackproof.proof.permissions._FLOWS"),
    Table(
        column="deflt",
        question="what is a property that nobody sets?",
        path="stackproof.drift.audit.defaults.DEFAULTS",
        needs_reader=True,
    ),
    Table(column="untag", question="whose tags are not listed?", path="stackproof.drift.audit.unmanaged._WITHOUT_TAGS"),
    Table(
        column="where",
        question="what does every region list?",
        path="stackproof.drift.fleet.scopes._EVERYWHERE",
        unsorted="prefixes too",
    ),
    Table(
        column="adopt",
        question="which argument of a construct sets a property?",
        path="stackproof.drift.adopt.arguments.ARGUMENTS",
        needs_reader=True,
    ),
    Table(
        column="class",
        question="which constructs make it?",
        path="stackproof.drift.adopt.arguments.CLASSES",
        needs_reader=True,
    ),
    Table(
        column="below",
        question="which argument sets the members of a property?",
        path="stackproof.drift.adopt.arguments._BELOW",
        needs_reader=True,
    ),
    Table(column="owner", question="to what is it attached?", path="stackproof.deployment.attachments.ATTACHED_BY"),
    Table(column="if", question="when is it attached?", path="stackproof.deployment.attachments._ONLY_IF"),
    Table(column="else", question="to what, if it names nothing?", path="stackproof.deployment.attachments._ABSENT"),
    Table(column="acct", question="is it one per account?", path="stackproof.deployment.attachments.ACCOUNT_WIDE"),
    Table(column="makes", question="which custom resource makes it?", path="stackproof.deployment.attachments._MAKING"),
    Table(
        column="gives",
        question="which custom resource returns it?",
        path="stackproof.deployment.attachments._GIVEN_BACK",
    ),
    Table(column="hands", question="what hands on any name?", path="stackproof.deployment.attachments._HANDING_ON"),
    Table(column="ephem", question="what protects it?", path="stackproof.deployment.ephemeral.OVERRIDES"),
    Table(
        column="prot",
        question="is it protected by default?",
        path="stackproof.deployment.ephemeral._DEFAULTS",
        parts="stackproof.deployment.ephemeral.OVERRIDES",
    ),
    Table(
        column="snap",
        question="is a snapshot kept by default?",
        path="stackproof.deployment.ephemeral._SNAPSHOT_BY_DEFAULT",
    ),
    Table(
        column="vers",
        question="which property has an engine version?",
        path="stackproof.policy.versions.families.CARRIERS",
        unsorted="the carriers of one family of versions are together",
    ),
    Table(
        column="novers",
        question="which version has no source?",
        path="stackproof.policy.versions.families.UNCOVERED",
    ),
    Table(
        column="moto",
        question="how does moto make it?",
        path="stackproof.targets.emulators.moto_models.models.HANDLERS",
        parts="stackproof.targets.emulators.moto_models.*.HANDLERS",
        needs_reader=True,
    ),
    Table(
        column="motogap",
        question="what does moto drop?",
        path="stackproof.targets.emulators.moto_gaps.GAPS",
        needs_reader=True,
    ),
    Table(
        column="minigap",
        question="what does MiniStack drop?",
        path="stackproof.targets.emulators.ministack_gaps.GAPS",
        needs_reader=True,
    ),
    Table(
        column="lost",
        question="what does MiniStack make and not find?",
        path="stackproof.targets.emulators.ministack_gaps.NOT_TO_BE_FOUND",
        needs_reader=True,
    ),
    Table(
        column="also",
        question="under which other type may it be deployed?",
        path="stackproof.targets.cloudformation.stack_catalog._ALSO",
    ),
    Table(column="nest", question="which property names a template?", path="stackproof.template.nested._URL_OF"),
    Table(
        column="late",
        question="what makes it at run time?",
        path="stackproof.assertions.template._MADE_AT_RUN_TIME",
    ),
)

NO_TABLES: Final[Mapping[str, str]] = {
    "stackproof.readers.children.functions._FUNCTION": "the owner of several families",
    "stackproof.readers.children.logs._GROUP": "the owner of several families",
    "stackproof.template.loading.template.STAND_IN": "a resource, not a fact about its type",
    "stackproof.template.secrets._RECIPES": "AWS::CloudFormation::Interface is a key of Metadata",
}

UNREAD: Final[Mapping[str, str]] = {
    "AWS::CloudFormation::CustomResource": "the handler decides what there is to read",
    "AWS::IAM::UserToGroupAddition": "the reader of AWS::IAM::User reads its groups",
    "AWS::Kinesis::ResourcePolicy": "only a declaration: the statement is read as a child of the stream",
    "AWS::SNS::TopicInlinePolicy": "only a declaration: the statement is read as a child of the topic",
    "AWS::SQS::QueueInlinePolicy": "only a declaration: the statement is read as a child of the queue",
}
"""Types without a reader in tables of what is read, and why they need none."""


def types_in(table: Any) -> Iterator[str]:
    """The types of the rows: a key, the first element of a tuple, or a value's `resource_type` or `owners`."""
    rows: Iterable[Any] = table
    for row in rows:
        if isinstance(row, str | tuple):
            names: tuple[Any, ...] = row[:1] if isinstance(row, tuple) else (row,)
        else:
            names = getattr(row, "owners", None) or (row.resource_type,)
        yield from (name for name in names if TYPE.match(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value at the top of a module that names resource types; `keys` are those of its rows, as they are written."""

    path: str
    keys: tuple[tuple[str, ...], ...]


@cache
def literals() -> tuple[Literal, ...]:
    return tuple(found for file in sorted(SOURCE.rglob("*.py")) for found in _literals_of(file))


def _literals_of(file: Path) -> Iterator[Literal]:
    module = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and not isinstance(statement.value, ast.Constant | None):
            target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            if isinstance(target, ast.Name) and any(_types_below(statement.value)):
                keys = tuple(_key(row) for row in _rows(statement.value))
                yield Literal(path=f"{module}.{target.id}", keys=keys)


def _types_below(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and TYPE.match(part.value):
            yield part.value


def _rows(node: ast.AST) -> Iterator[ast.AST]:
    """The keys of a dict, the elements of a set or tuple; of a call (`frozenset`) those of its first argument."""
    if isinstance(node, ast.Call):
        for argument in node.args[:1]:
            yield from _rows(argument)
    elif isinstance(node, ast.Dict):
        yield from (key for key in node.keys if key is not None)
    elif isinstance(node, ast.Set | ast.Tuple):
        for element in node.elts:
            yield element.value if isinstance(element, ast.Starred) else element


def _key(row: ast.AST) -> tuple[str, ...]:
    """The constants of a key; of a row that is built by a call, the first type in it."""
    parts = row.elts if isinstance(row, ast.Tuple) else [row]
    texts = tuple(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
    return texts or tuple(_types_below(row))[:1]


def table_of(path: str) -> Table | None:
    return next((table for table in TABLES if _holds(table, path)), None)


def _holds(table: Table, path: str) -> bool:
    return path == table.path or fnmatchcase(path, table.parts)


def test_every_table_of_resource_types_is_listed_here_with_its_question() -> None:
    found = {literal.path for literal in literals()}
    assert {path for path in found - NO_TABLES.keys() if table_of(path) is None} == set(), "add a row to TABLES"
    assert NO_TABLES.keys() - found == set()
    assert [table.path for table in TABLES if not any(_holds(table, path) for path in found)] == []
    columns = [table.column for table in TABLES]
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.column)
def test_every_type_of_a_table_is_one_that_the_schemas_know(table: Table) -> None:
    assert table.types()
    known = CfnLintSchemas().resource_types()
    assert {name for name in table.types() if not name.startswith("Custom::")} - set(known) == set()


@pytest.mark.parametrize("table", [table for table in TABLES if table.needs_reader], ids=lambda table: table.column)
def test_what_is_known_of_live_properties_is_of_types_with_a_reader(table: Table) -> None:
    assert table.types() - READERS.keys() - UNREAD.keys() == set()


def test_a_child_is_declared_by_types_with_a_reader_or_a_reason() -> None:
    declaring = {resource_type for family in FAMILIES for resource_type, _ in family.declared_by}
    assert declaring - READERS.keys() <= UNREAD.keys()
    emulated = next(table for table in TABLES if table.column == "moto").types()
    assert UNREAD.keys() <= declaring | emulated, "a reason that nothing needs any more"
    assert UNREAD.keys().isdisjoint(READERS)


@pytest.mark.parametrize(
    "literal", [found for found in literals() if found.path not in NO_TABLES], ids=lambda found: found.path
)
def test_rows_are_sorted_where_their_order_means_nothing(literal: Literal) -> None:
    table = table_of(literal.path)
    if table is not None and not table.unsorted:
        assert list(literal.keys) == sorted(literal.keys)
        assert len(literal.keys) == len(set(literal.keys)) or not _is_keyed(literal)


def _is_keyed(literal: Literal) -> bool:
    """Whether a row is found by its key: the rows of other tables may be several for one type."""
    module, _, name = literal.path.rpartition(".")
    return isinstance(getattr(importlib.import_module(module), name), Mapping | frozenset)


def test_a_reader_is_a_row_of_its_service_and_of_no_other() -> None:
    """A new reader touches one file: its function and its row are there, and nothing registers itself."""
    parts = [literal for literal in literals() if fnmatchcase(literal.path, "stackproof.readers.*.READERS")]
    rows = sorted(name for literal in parts for name, *_ in literal.keys)
    assert rows == sorted(READERS)
    for file in sorted((SOURCE / "stackproof" / "readers").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            decorators = getattr(node, "decorator_list", [])
            assert {ast.unparse(decorator).partition("(")[0] for decorator in decorators} <= {"dataclass", "property"}


def matrix() -> tuple[str, ...]:
    """A line for each question, then one for each type with the columns of the tables that have it."""
    found = {table.column: table.types() for table in TABLES}
    names = sorted(frozenset[str]().union(*found.values()))
    width = max(map(len, names))
    legend = [f"{table.column}: {table.question} ({table.path})" for table in TABLES]
    lines = [f"{name:{width}}  {' '.join(column for column in found if name in found[column])}" for name in names]
    return (*legend, "", *lines)


def test_the_matrix_has_a_line_for_every_type() -> None:
    lines = matrix()
    print("", *lines, sep="\n")  # noqa: T201 - for `pytest -s`
    rows = [line.split() for line in lines[len(TABLES) + 1 :]]
    assert all(columns for _, *columns in rows)
    assert {name for name, *_ in rows} == frozenset[str]().union(*(table.types() for table in TABLES))
    assert "read" in next(columns for name, *columns in rows if name == "AWS::SQS::Queue")
