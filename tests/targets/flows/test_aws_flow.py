"""A flow without stand-ins: canaries go through what is deployed, and their rows go away again."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import ConfigError, TargetError
from stackproof.proof.flow import FlowPath, FlowRun, Limit, path_of
from stackproof.proof.flow_values import Sending
from stackproof.targets.aws import AwsTarget
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.flows.aws_flow import AwsPipeline
from stackproof.targets.flows.ministack_flow import open_database
from stackproof.targets.flows.postgres import Database
from tests.live_fakes import deployment, stack
from tests.targets.flow_template import body
from tests.targets.flows.test_ministack_flow import DECLARED

CLEANED = replace(DECLARED, cleanup="DELETE FROM things WHERE key LIKE :prefix")

WRONG_CLEANUPS = {
    "DELETE FROM thigns WHERE key LIKE :prefix": "SQLSTATE 42P01",
    "DELETE FROM archive WHERE key LIKE :prefix": "would have removed 0 rows",
    "DELETE FROM things WHERE key = :prefix": "would have removed 0 rows",
    "DELETE FROM archive WHERE key NOT LIKE :prefix": "would have removed 3 rows",
    "DELETE FROM things WHERE key LIKE :prefix AND key <> 'canary-a'": r"of which 1 would be left",
}


@pytest.fixture(scope="module")
def pipeline(ministack: OwnedProcess) -> Iterator[AwsPipeline]:
    """An emulator as an account: its secret leads to a real database already."""
    emulator = MiniStackTarget(ministack.endpoint_url)
    made = stack(body(careful=True), name="Account")
    deployed = emulator.deploy(made)
    path = path_of(CLEANED, made.template)
    target = AwsTarget(endpoint_url=ministack.endpoint_url, region="us-east-1")
    with tempfile.TemporaryDirectory(prefix="stackproof-test-", dir="/tmp") as name:
        database = open_database(emulator, deployed, CLEANED, path, owner_pid=os.getpid(), directory=Path(name))
        try:
            yield AwsPipeline(target, deployed, CLEANED, path, ca_bundle=database.ready_data["ca_bundle"])
        finally:
            database.stop()
    lost = AwsPipeline(target, deployed, CLEANED, path, ca_bundle=None)
    assert "no connection to PostgreSQL" in str(lost.unreachable())
    with pytest.raises(ConfigError, match="give the statement that removes its rows"):
        AwsPipeline(target, deployed, DECLARED, path, ca_bundle=None)
    emulator.destroy("Account")


def test_canaries_arrive_once_and_are_removed(pipeline: AwsPipeline) -> None:
    assert pipeline.unreachable() is None
    made = stack(body(careful=True), name="Account")
    run = FlowRun(
        declared=CLEANED,
        path=path_of(CLEANED, made.template),
        pipeline=pipeline,
        record=lambda key: f'{{"key": "{key}"}}'.encode(),
        name="canary",
    )
    sent = run.send("a", "b", "c")
    assert sent.late == ()
    assert run.hand_over_again(sent).rows == sent.rows
    assert run.dead_letters() is not None
    assert pipeline.rows() != ()
    assert run.invoke({"good": None, "bad": b"no JSON"}).refused == ("bad",)
    pipeline._database.run("INSERT INTO things (key) VALUES ('real-1'), ('real-2')")
    pipeline.clean("other")
    careless = replace(CLEANED, cleanup="DELETE FROM things WHERE key LIKE :prefix OR true")
    before = pipeline.rows()
    pipeline._declared = careless
    with pytest.raises(TargetError, match=r"would have removed \d+ rows, and the test has made \d+") as caught:
        pipeline.clean("canary")
    assert (caught.value.code, pipeline.rows()) == ("LeftOver", before)
    pipeline._database.run("CREATE TABLE archive (key text)")
    pipeline._database.run("INSERT INTO archive VALUES ('x'), ('y'), ('z')")
    for statement, reason in WRONG_CLEANUPS.items():
        pipeline._declared = replace(CLEANED, cleanup=statement)
        with pytest.raises(
            TargetError, match=rf"{reason}.*it was rolled back; .*\(canary-a, canary-b, canary-c,"
        ) as caught:
            pipeline.clean("canary")
        assert (caught.value.code, pipeline.rows()) == ("LeftOver", before)
    assert pipeline._database.rows("SELECT key FROM archive") == (("x",), ("y",), ("z",))
    pipeline._declared = CLEANED
    pipeline.clean("canary")
    assert [row[0] for row in pipeline.rows()] == ["real-1", "real-2"]
    pipeline._database.run("DELETE FROM things")


def test_where_the_mapping_runs_several_batches_at_once_each_record_has_one_behind_it(pipeline: AwsPipeline) -> None:
    assert pipeline.at_once() == 1
    mapping = path_of(CLEANED, stack(body(careful=True), name="Account").template).mapping
    found = pipeline._deployment.resource(mapping)
    assert found is not None
    with pipeline._account.writing("changing the mapping behind the back of its template"):
        pipeline._account.client("lambda").update_event_source_mapping(UUID=found.physical_id, ParallelizationFactor=2)
    assert pipeline.at_once() == 2
    run = FlowRun(
        declared=CLEANED,
        path=FlowPath(mapping=mapping, secret="Secret"),
        pipeline=pipeline,
        record=lambda key: f'{{"key": "{key}"}}'.encode(),
        name="several",
    )
    sent = run.send("a", "b", "c")
    assert (sent.late, run.hand_over_again(sent).rows) == ((), sent.rows)
    behind = {sending.key: sending.partition_key for sending in pipeline._sent.values() if "-fence-" in sending.key}
    assert set(behind.values()) == {"several-a", "several-b", "several-c"}
    pipeline.clean("several")
    assert pipeline.rows() == ()


def test_nothing_but_a_declared_write_is_let_through(pipeline: AwsPipeline) -> None:
    with pytest.raises(TargetError, match="this run only reads"):
        pipeline._account.client("kinesis").put_record(StreamName="x", Data=b"", PartitionKey="x")


class Account(AwsTarget):
    """An account in memory that notes what is asked of it, and in which block of writing."""

    def __init__(self, *, allowed: str = "111111111111") -> None:
        super().__init__(region="us-east-1", allow_changes=True, allowed_accounts=(allowed,))
        self.log: list[str] = []

    @property
    def account(self) -> str:
        return "111111111111"

    @property
    def partition(self) -> str:
        return "aws"

    @contextmanager
    def writing(self, why: str) -> Iterator[None]:
        with super().writing(why):
            self.log.append(f"begin {why}")
            yield
            self.log.append(f"end {why}")

    def secret_value(self, secret_id: str) -> str:
        self.log.append(f"read {secret_id}")
        return json.dumps({"host": "db", "port": 5432, "username": "u", "password": "p", "dbname": "d"})


class Rows(Database):
    """A database whose query gives one answer after the other, the last one for ever."""

    def __init__(self, log: list[str], *answers: tuple[str, ...]) -> None:
        self._log, self._answers = log, list(answers)
        self.row_count = 1

    def run(self, statement: str, **values: str) -> tuple[tuple[Any, ...], ...]:
        self._log.append(f"{statement} {values}" if values else statement)
        if values:
            return ()
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return tuple((key,) for key in found)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        yield self
        self._log.append("commit")


def in_memory(account: Account, *answers: tuple[str, ...]) -> AwsPipeline:
    there = deployment({name: ("AWS::X::Y", name.lower()) for name in ("Stream", "Function", "Secret")})
    now = iter(range(1000))
    pipeline = AwsPipeline(
        account,
        there,
        CLEANED,
        FlowPath(mapping="Mapping", secret="Secret"),
        ca_bundle=None,
        late=Limit(seconds=3, clock=lambda: next(now), sleep=lambda _: None),
    )
    pipeline._database = Rows(account.log, *(answers or ((),)))
    pipeline._sent = {key: Sending(key=key, data=b"", shard_id="0") for key in ("canary-a", "other-b")}
    account.log.clear()
    return pipeline


def test_in_an_account_that_is_not_allowed_not_even_the_secret_is_read() -> None:
    account = Account(allowed="222222222222")
    with pytest.raises(TargetError, match="account 111111111111 is not in allowed_accounts"):
        in_memory(account)
    assert account.log == []


def test_rows_are_removed_as_a_declared_write() -> None:
    account = Account()
    in_memory(account, ("canary-a",), ("canary-a",), ()).clean("canary")
    deleted = f"{CLEANED.cleanup} {{'prefix': 'canary-%'}}"
    why = "removing the rows of canaries"
    rows = str(CLEANED.rows)
    assert account.log == [f"begin {why}", rows, rows, deleted, rows, "commit", f"end {why}"]


def test_rows_that_come_late_are_waited_for_before_they_are_removed() -> None:
    account = Account()
    in_memory(account, (), (), ("canary-a",), ("canary-a",), ()).clean("canary")
    assert account.log.count(str(CLEANED.rows)) == 3 + 2
    assert account.log[-4].startswith(str(CLEANED.cleanup))


def test_records_that_never_arrive_are_named_since_their_rows_would_stay() -> None:
    account = Account()
    pipeline = in_memory(account, ())
    pipeline._database.row_count = 0  # type: ignore[attr-defined]
    with pytest.raises(TargetError, match=r"1 of the records had not arrived .* like canary-% \(canary-a\)") as caught:
        pipeline.clean("canary")
    assert caught.value.code == "LeftOver"
    assert any(line.startswith(str(CLEANED.cleanup)) for line in account.log)
    pipeline.clean("canary")


@pytest.mark.parametrize(
    "cleanup",
    ["DELETE FROM things", "DELETE FROM things WHERE key LIKE 'x'::prefix", "DELETE FROM things WHERE a = :prefixes"],
)
def test_a_cleanup_that_does_not_say_whose_rows_go_is_refused_before_anything_is_asked(cleanup: str) -> None:
    account = Account()
    declared = replace(CLEANED, cleanup=cleanup)
    with pytest.raises(ConfigError) as caught:
        AwsPipeline(account, deployment({}), declared, FlowPath(mapping="M", secret="S"), ca_bundle=None)
    assert f"cleanup={cleanup!r} would remove rows of others too" in str(caught.value)
    assert account.log == []


OTHER = ("canary-a", "other-b", "real")


@pytest.mark.parametrize(
    ("before", "after", "removed", "is_fine"),
    [
        (OTHER, ("other-b", "real"), 1, True),
        (("canary-a", *OTHER), ("other-b", "real"), 2, True),  # stored twice, which its test reports
        (OTHER, ("other-b", "real"), 2, False),  # a row that the query does not show
        (OTHER, ("other-b",), 1, False),
        (OTHER, (), 1, False),
        ((), (), 0, True),
        ((), (), 1, False),  # the query does not show what was sent
        (OTHER, ("other-b", "real"), 0, False),
        (OTHER, OTHER, 0, False),
        (OTHER, OTHER, 1, False),  # another table's
        (("canary-a", *OTHER), OTHER, 1, False),
    ],
)
def test_a_cleanup_that_takes_rows_of_others_or_leaves_some_is_rolled_back(
    before: tuple[str, ...],
    after: tuple[str, ...],
    removed: int,
    is_fine: bool,  # noqa: FBT001
) -> None:
    account = Account()
    pipeline = in_memory(account, before, after)
    pipeline._sent = {}
    pipeline._database.row_count = removed  # type: ignore[attr-defined]
    if not is_fine:
        with pytest.raises(TargetError, match=rf"would have removed {removed} rows, and the test has made \d"):
            pipeline.clean("canary")
    else:
        pipeline.clean("canary")
    assert ("commit" in account.log) is is_fine


def test_a_statement_that_the_database_refuses_leaves_rows_and_names_them() -> None:
    class Refusing(Rows):
        def run(self, statement: str, **values: str) -> tuple[tuple[Any, ...], ...]:
            if values:
                raise TargetError("PostgreSQL answered with SQLSTATE 42P01", code="42P01")
            return super().run(statement)

    account = Account()
    pipeline = in_memory(account)
    pipeline._database = Refusing(account.log, ("canary-a", "real"))
    with pytest.raises(
        TargetError, match=r"failed \(PostgreSQL answered with SQLSTATE 42P01\): .* \(canary-a\)"
    ) as caught:
        pipeline.clean("canary")
    assert (caught.value.code, "commit" in account.log) == ("LeftOver", False)


def test_where_the_table_is_not_there_yet_nothing_has_to_be_removed() -> None:
    class Bare(Rows):
        def run(self, statement: str, **values: str) -> tuple[tuple[Any, ...], ...]:
            raise TargetError(f"PostgreSQL answered to {statement} {values}", code=self.code)

        code = "42P01"

    account = Account()
    pipeline = in_memory(account)
    pipeline._sent, pipeline._database = {}, Bare(account.log)
    pipeline.clean("canary")
    Bare.code = "42501"
    with pytest.raises(TargetError, match="PostgreSQL answered"):
        pipeline.clean("canary")
