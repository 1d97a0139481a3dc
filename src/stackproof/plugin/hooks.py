"""The hooks of a run in a project that uses stackproof: generated items, refused tests, facts for the controller."""

from __future__ import annotations

import contextlib
import inspect
import os
import textwrap
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stackproof.calls.recorder import CallRecorder
from stackproof.config.settings import find_root, load_settings
from stackproof.core.errors import StackproofError
from stackproof.plugin import fixtures, flows, masking
from stackproof.plugin.cancelling import Cancelling
from stackproof.plugin.controller import Controller
from stackproof.plugin.facts import ItemFacts, WorkerFacts, facts_on, hand_over, put_facts
from stackproof.plugin.outcomes import CALLS, CATEGORY, LEDGERS, LIVE, facts_of
from stackproof.plugin.own_clients import OWN_CLIENTS, OwnClients
from stackproof.plugin.run import RUN, close_run, join_run, send_run
from stackproof.suite_rules.rules import asserts_something, evaluate_test

_FIXTURES = frozenset({"assembly", "cdk_stack", "template", "stack"})
_LIVE = frozenset({"target", "deployment", "prover", "aws_client", "targets", "provers", "data_flow"})
_GENERATED = {"resource_proof", "rule_verdict"}
_LIVE_FOLDERS = pytest.StashKey[tuple[Path, ...]]()
_LIVE_SUITE = "integration"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "allow_suite_rule(rule_id, reason): keep a test that a rule about test code (SP001 …) refuses"
    )
    config.stash[RUN] = join_run(config)
    config.stash[CALLS] = CallRecorder()
    from stackproof.wiring.live import node

    config.pluginmanager.register(fixtures, "stackproof-fixtures")
    config.stash[OWN_CLIENTS] = OwnClients(config.stash[CALLS])
    if (found := node()) is not None:
        os.environ.setdefault("JSII_NODE", str(found))  # suites may make constructs themselves, as `synth` does
    config.pluginmanager.register(flows, "stackproof-flows")
    config.pluginmanager.register(masking.Masking(config), "stackproof-masking")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Controller(config), "stackproof-controller")
        config.pluginmanager.register(Cancelling(), "stackproof-cancelling")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist is optional, so are its types
    """Every worker joins the controller's run."""
    send_run(node.config.stash[RUN], node.workerinput)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note whether the run has live tests, before options such as `-k` deselect them."""
    config.stash[LIVE] = any(_reads_target(test_item) for test_item in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its calls to the controller."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        stash = session.config.stash
        hand_over(output, WorkerFacts(calls=stash[CALLS].log(), is_live=stash.get(LIVE, False)))


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    for line in close_run(run, keep=config.getoption("keep")) if run is not None else ():
        print(line)  # noqa: T201 - the answer to --keep


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each resource of the template, or for each rule and stack."""
    if not _GENERATED & set(metafunc.fixturenames):
        return
    from stackproof.plugin.stacks import proven_stacks_of
    from stackproof.plugin.verdicts import verdicts_of

    if "resource_proof" in metafunc.fixturenames:
        stacks = proven_stacks_of(metafunc.config)
        first = stacks[0].name if sum(stack.parent is None for stack in stacks) == 1 else None
        pairs = [(stack, resource.logical_id) for stack in stacks for resource in stack.template.resources]
        rows = [(stack.artifact, logical_id) for stack, logical_id in pairs]
        ids = [logical_id if stack.name == first else f"{stack.name}/{logical_id}" for stack, logical_id in pairs]
        metafunc.parametrize("resource_proof", rows, ids=ids, indirect=True)
    if "rule_verdict" in metafunc.fixturenames:
        metafunc.parametrize("rule_verdict", sorted(verdicts_of(metafunc.config)), indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard every call of a live test, also those of clients that the test made itself."""
    own = item.config.stash.get(OWN_CLIENTS, None)
    if own is None or not (_reads_target(item) or _is_in_live_suite(item)):
        return (yield)
    with own.guarded():
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a test that cannot fail, before anything is synthesized or deployed for it."""
    _refuse(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that requests a template or a stack but checks nothing."""
    result = yield
    ledgers = item.stash.get(LEDGERS, [])
    if ledgers and not any(ledger.looked_at for ledger in ledgers):
        names = sorted({"template", "stack"} & set(getattr(item, "fixturenames", ())))
        pytest.fail(f"{_place(item)}: the test requests {' and '.join(names)} but checks nothing", pytrace=False)
    return result


def _refuse(item: pytest.Item) -> None:
    function = getattr(item, "function", None)
    used = _own_fixtures(item)
    in_suite = "suites" in item.path.parts or bool(used & (_FIXTURES | _LIVE))
    if function is None or not in_suite or used & _GENERATED:
        return
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(function))
    except (OSError, TypeError):
        return
    source = textwrap.dedent("".join(lines))
    allowed = {mark.args[0] for mark in item.iter_markers("allow_suite_rule") if mark.args}
    found = [
        finding
        for finding in evaluate_test(
            source, live=bool(used & _LIVE), helpers=_asserting(inspect.unwrap(function), source)
        )
        if finding.rule_id not in allowed
    ]
    if found:
        file = _relative(item)
        text = "\n".join(
            f"{file}:{first + finding.line - 1}: {finding.rule_id}: {finding.message}" for finding in found
        )
        pytest.fail(text, pytrace=False)


def _asserting(function: Any, source: str) -> set[str]:  # noqa: ANN401 - whatever pytest takes for a test
    """The functions that a test calls by their names, of its module or imported into it, that assert something."""
    found = set()
    for name, value in getattr(function, "__globals__", {}).items():
        if name in source and inspect.isfunction(value):
            with contextlib.suppress(OSError, TypeError):
                found |= {name} if asserts_something(textwrap.dedent(inspect.getsource(value))) else set()
    return found


def _own_fixtures(item: pytest.Item) -> set[str]:
    """The fixtures of this plugin that the test uses; one of the same name from elsewhere does not count."""
    info = getattr(item, "_fixtureinfo", None)
    found = info.name2fixturedefs.items() if info is not None else ()
    return {name for name, defined in found if defined[-1].func.__module__.startswith("stackproof.plugin.")}


def _reads_target(item: pytest.Item) -> bool:
    return bool(_own_fixtures(item) & (_LIVE | {"resource_proof"}))


def _is_in_live_suite(item: pytest.Item) -> bool:
    stash = item.config.stash
    if _LIVE_FOLDERS not in stash:
        stash[_LIVE_FOLDERS] = _live_folders(item.config.rootpath)
    is_named_so = {"suites", _LIVE_SUITE} <= {*item.path.parts}
    return is_named_so or any(item.path.is_relative_to(path) for path in stash[_LIVE_FOLDERS])


def _live_folders(project: Path) -> tuple[Path, ...]:
    """Where live tests are: the paths that the settings give to the suite of that name."""
    arguments: tuple[str, ...] = ()
    with contextlib.suppress(StackproofError):  # whatever needs the settings reports what is wrong with them
        project = find_root(project)
        arguments = load_settings(project).suites.get(_LIVE_SUITE, ())
    paths = [project / argument.partition("::")[0] for argument in arguments if not argument.startswith("-")]
    return tuple(path.resolve() for path in paths if path.exists())


def _place(item: pytest.Item) -> str:
    _, line, _ = item.location
    return f"{_relative(item)}:{(line or 0) + 1}"


def _relative(item: pytest.Item) -> str:
    path, root = item.path, item.config.rootpath
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Facts travel to the controller on the report, where xdist takes them along."""
    report = yield
    facts = facts_of(item) if _last(report) else ItemFacts()
    if report.skipped and CATEGORY in item.stash:
        facts = replace(facts, category=item.stash[CATEGORY])
    if call.excinfo is not None and isinstance(call.excinfo.value, StackproofError):
        facts = replace(facts, exit_code=call.excinfo.value.exit_code)
        report.longrepr = f"{type(call.excinfo.value).__name__}: {call.excinfo.value}"
    if facts != ItemFacts():
        put_facts(report, facts)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that cannot be collected has no verdict; where the reason is known, it is one line."""
    report = yield
    call = report.__dict__.get("call")  # pytest keeps it there until all hooks have run
    error = call.excinfo.value if call is not None and call.excinfo is not None else None
    if report.failed and isinstance(error, StackproofError):
        put_facts(report, ItemFacts(exit_code=error.exit_code))
        report.longrepr = f"{type(error).__name__}: {error}"
    return report


def _last(report: pytest.TestReport) -> bool:
    """The report of the call, or of a setup after which there is no call."""
    return report.when == "call" or (report.when == "setup" and not report.passed)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    category = facts_on(report).category
    if category is not None and report.skipped:
        return category, category[0], category.upper()
    return None
