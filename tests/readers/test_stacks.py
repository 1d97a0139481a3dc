"""Whole stacks on the emulator: what is proven, what a denied call costs, what tampering shows, and what is gone.

What is changed or removed is that of another account, so that the tests of one stack may run in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stackproof.calls.recorder import CallRecorder
from stackproof.core.json import canonical
from stackproof.proof.iam_resources import CfnLintActions
from stackproof.proof.observation import Change, DriftStatus, ResourceProof
from stackproof.proof.permissions import MANAGED_POLICY_SIZE, IamScope, Permissions, Purpose, compiled
from stackproof.readers import READERS
from stackproof.readers.access import LiveReader
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.moto_gaps import GAPS, is_gap
from stackproof.template.assembly import Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.loading.template import load_template
from stackproof.template.template import Template
from tests.readers import examples, unemulated
from tests.readers.actions import action_of
from tests.readers.deployed import STACKS, Calls, Deployed
from tests.readers.removals import GOES_WITH, NOT_REMOVED, chosen, remove
from tests.readers.tampering import DELETED_OTHERWISE, KINDS, TAMPERED, UNCHANGEABLE, UNPROVEN
from tests.targets.wide_template import WIDE

Proofs = Mapping[str, ResourceProof]
TEMPLATES = {path.stem: load_template(path) for path in STACKS}
WIDE_TYPES = {resource["Type"] for resource in WIDE["Resources"].values()}
STACK_TYPES = {resource.resource_type for template in TEMPLATES.values() for resource in template.resources}


def test_every_resource_is_seen_and_no_property_differs(proofs: Proofs) -> None:
    assert [(name, difference) for name, proof in proofs.items() for difference in proof.differences] == []
    assert {name: proof.status for name, proof in proofs.items()} == dict.fromkeys(proofs, DriftStatus.IN_SYNC)


def test_what_is_not_proven_has_exactly_the_known_reasons(proofs: Proofs) -> None:
    found = {
        (str(proof.location.resource_type), unproven.path): unproven.reason.value
        for proof in proofs.values()
        for unproven in proof.unproven
    }
    assert [key for key, reason in found.items() if reason == "not_emulated" and not is_gap(*key)] == []
    read = {key: reason for key, reason in found.items() if reason != "not_emulated"}
    assert {key: reason for key, reason in read.items() if UNPROVEN.get(key) != reason} == {}


def test_a_gap_is_still_one(deployed: Deployed, proofs: Proofs) -> None:
    """Fails when the emulator learns the property: then its row has to go."""
    unproven = {
        (str(proof.location.resource_type), unproven.path)
        for proof in proofs.values()
        for unproven in proof.unproven
        if unproven.reason.value == "not_emulated"
    }
    set_here = {
        (resource.resource_type, pointer)
        for resource in deployed.template.resources
        for (resource_type, pointer) in GAPS
        if resource_type == resource.resource_type and _set(resource.properties, pointer.split("/")[1:])
    }
    learnt = {row for row in set_here if not any(kind == row[0] and _below(row[1], path) for kind, path in unproven)}
    assert learnt == set()


def _set(value: object, names: list[str]) -> bool:
    """Whether the template sets something at the pointer."""
    if not names:
        return True
    if names[0] == "*":
        items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        return any(_set(member, names[1:]) for member in items)
    return isinstance(value, Mapping) and names[0] in value and _set(value[names[0]], names[1:])


def _below(pointer: str, path: str) -> bool:
    """Whether the unproven property is the row's, one below it, or an array that counts as one and holds it."""
    return all(want in {"*", have} for want, have in zip(pointer.split("/"), path.split("/"), strict=False))


def test_a_reader_calls_what_it_declares_and_nothing_else(calls: Calls) -> None:
    for name, (resource_type, made) in calls.items():
        reader = READERS[resource_type]
        assert isinstance(reader, LiveReader)
        assert {action_of(*call) for call in made} - set(reader.actions) == set(), name


def test_the_whole_proof_makes_no_call_that_its_own_policy_does_not_allow(deployed: Deployed) -> None:
    """Finding the stack included; and nothing is allowed that neither the harness nor a reader of its types needs."""
    recorder = CallRecorder()
    target = MotoTarget(deployed.target.endpoint_url, calls=recorder)
    found = target.deployment(deployed.deployment.stack_name)
    replace(deployed, target=target, deployment=found).proofs()
    log = recorder.log()
    allowed = policy_of(deployed.template)
    assert (log.writes, log.refused) == (0, 0)
    assert {count.action for count in log.counts if not allowed.allows(count.action)} == set()
    declared = {
        action
        for resource in deployed.template.resources
        if isinstance(reader := READERS[resource.resource_type], LiveReader)
        for action in reader.actions
    }
    bare = policy_of(replace(deployed.template, resources=()))
    assert set(allowed.actions) - declared <= set(bare.actions)
    assert len(canonical(allowed.document())) <= MANAGED_POLICY_SIZE


def policy_of(template: Template) -> Permissions:
    """The policy for proving a template."""
    return compiled(
        [(Stack(name=str(template.stack_name), template=template), IamScope())],
        Purpose.PROVE,
        readers={name: reader.actions for name, reader in READERS.items() if isinstance(reader, LiveReader)},
        schemas=CfnLintSchemas(),
        actions=CfnLintActions(),
    )


def test_a_denied_call_never_looks_like_a_difference(deployed: Deployed, calls: Calls) -> None:
    """Whatever is refused is an error of the whole reading, or named property by property."""
    for name, (_, made) in calls.items():
        for call in sorted(made):
            proof = deployed.denied(name, call)
            assert proof.differences == (), (name, call)
            assert proof.status in {DriftStatus.IN_SYNC, DriftStatus.NOT_CHECKED}, (name, call)


def test_tampering_is_seen_as_exactly_that_property_of_that_resource(tampered_with: Deployed) -> None:
    deployed, proofs = tampered_with, tampered_with.proofs()
    tampered = TAMPERED.get(deployed.name, ())
    prover = deployed.prover()
    with deployed.target.writing("tampering"):
        for tampering in tampered:
            parameters = prover.resolved(tampering.parameters)
            assert isinstance(parameters, Mapping)
            getattr(deployed.target.client(tampering.service), tampering.operation)(**parameters)
    changed = {(name, difference.path) for name, proof in deployed.proofs().items() for difference in proof.differences}
    assert changed == {
        (tampering.logical_id, path)
        for tampering in tampered
        for path in (_paths(proofs[tampering.logical_id]) if tampering.path == "*" else (tampering.path,))
    }


def _paths(proof: ResourceProof) -> tuple[str, ...]:
    """All properties of a resource that was in sync."""
    return (*proof.proven, *(unproven.path for unproven in proof.unproven))


def test_one_resource_of_each_type_is_removed_and_each_is_named_and_nothing_else(removed: Deployed) -> None:
    """Behind the back of a separate stack, in another account."""
    prover = removed.prover()
    wanted = {resource.logical_id for resource in chosen(removed.name, removed.template)}
    for resource in chosen(removed.name, removed.template):
        remove(resource, prover, removed.target)
    proofs = removed.proofs()
    along = {name for stack, name in GOES_WITH if stack == removed.name}
    assert {name for name, proof in proofs.items() if proof.status is DriftStatus.DELETED} == wanted | along
    assert {name for name, proof in proofs.items() if proof.differences} <= wanted | along
    changes = {difference.change for proof in proofs.values() for difference in proof.differences}
    assert changes <= {Change.REMOVE}


def test_each_type_is_removed_in_one_of_the_stacks() -> None:
    removed = {resource.resource_type for stack, template in TEMPLATES.items() for resource in chosen(stack, template)}
    assert removed == STACK_TYPES - DELETED_OTHERWISE
    rows = {(stack, resource.logical_id) for stack, template in TEMPLATES.items() for resource in template.resources}
    assert GOES_WITH.keys() | NOT_REMOVED.keys() <= rows


def test_every_reader_is_proven_on_the_emulator_or_on_recorded_answers() -> None:
    assert set(READERS) - STACK_TYPES - WIDE_TYPES <= {
        example.resource_type for example in (*examples.EXAMPLES, *unemulated.EXAMPLES)
    }
    assert len(STACK_TYPES) >= 50
    assert set(READERS) >= STACK_TYPES


def test_every_type_of_the_stacks_is_tampered_with_or_in_the_wide_template() -> None:
    rows = [(TEMPLATES[stack].resource(row.logical_id), row) for stack, rows in TAMPERED.items() for row in rows]
    assert [tampered for resource, tampered in rows if resource is None] == []
    tampered = {resource.resource_type for resource, _ in rows if resource is not None}
    assert STACK_TYPES - WIDE_TYPES - tampered == UNCHANGEABLE


def test_the_changes_are_of_thirty_kinds_and_more() -> None:
    """Each kind has its row: one that is taken out of the table is missed here."""
    rows = {(stack, change.logical_id, change.path) for stack, changes in TAMPERED.items() for change in changes}
    assert {kind: row for kind, row in KINDS.items() if row not in rows} == {}
    assert len(KINDS) >= 30
    assert len(set(KINDS.values())) == len(KINDS)


def test_every_row_of_the_tables_is_about_something() -> None:
    for resource_type, pointer in GAPS:
        templates = [*TEMPLATES.values()] if resource_type not in WIDE_TYPES else []
        assert resource_type in WIDE_TYPES or any(
            _set(resource.properties, pointer.split("/")[1:])
            for template in templates
            for resource in template.resources
            if resource.resource_type == resource_type
        ), (resource_type, pointer)
