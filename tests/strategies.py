"""Hypothesis strategies for the values that cross processes."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.core.json import JsonValue
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.difference import Unread
from stackproof.gate.suite_facts import SuiteFacts, SuiteNotification
from stackproof.plugin.facts import ItemFacts, WorkerFacts
from stackproof.policy.finding import EngineAnswer, Finding, Kind, Origin, RuleCount, Suppression, SuppressionKind
from stackproof.policy.ledger import LedgerEntry, WaiverState
from stackproof.policy.report import PolicySummary
from stackproof.proof.flow_values import FlowFact
from stackproof.proof.observation import Change, Coverage, DriftStatus, PropertyDifference, ResourceProof, Unproven
from stackproof.template.location import Location

texts = st.text(st.characters(codec="utf-8"), max_size=8)
names = st.sampled_from(["A", "B", "Stack", "Prod/Web", "/Port", "ü"])
maybe = st.none() | names
numbers = st.none() | st.integers(1, 40)
counts = st.integers(0, 9)

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

call_counts = st.builds(
    CallCount,
    target=st.sampled_from(["moto", "aws"]),
    service=st.sampled_from(["sns", "s3"]),
    operation=st.sampled_from(["ListTopics", "HeadObject", "PutObject"]),
    kind=st.sampled_from(CallKind),
    declared=st.sampled_from(["", "deploying stack Net"]),
    count=st.integers(1, 9),
)
unread = st.builds(
    Unread,
    logical_id=st.sampled_from("AB"),
    question=st.sampled_from(["rules", "/Tags"]),
    reason=st.sampled_from(UnprovenReason),
    detail=st.sampled_from(["", "AccessDenied"]),
)
call_logs = st.lists(call_counts, max_size=6).map(lambda drawn: CallLog().merged(CallLog(counts=tuple(drawn))))
locations = st.builds(
    Location,
    stack_name=maybe,
    logical_id=maybe,
    resource_type=maybe,
    property_path=maybe,
    construct_path=maybe,
    file=maybe,
    line=numbers,
    template_file=maybe,
    template_line=numbers,
)
origins = st.builds(Origin, engine=names, rule_id=st.sampled_from(["E1", "W2", "CKV_1"]), message=names)
days = st.dates(date(2026, 1, 1), date(2027, 1, 1))
suppressions = st.builds(
    Suppression,
    kind=st.sampled_from(SuppressionKind),
    reason=texts,
    owner=maybe,
    expires=st.none() | days,
    ticket=maybe,
    where=maybe,
)
ledger_entries = st.builds(
    LedgerEntry,
    source=names,
    where=maybe,
    rule=maybe,
    control=maybe,
    stack=maybe,
    construct_path=maybe,
    reason=texts,
    owner=maybe,
    ticket=maybe,
    expires=st.none() | days,
    days_left=st.none() | st.integers(-9, 9),
    covers=counts,
    state=st.sampled_from(WaiverState),
)
findings = st.builds(
    Finding,
    rule_id=st.sampled_from(["E1", "W2", "CKV_1"]),
    kind=st.sampled_from(Kind),
    level=st.sampled_from(Level),
    message=names,
    location=locations,
    origins=st.lists(origins, min_size=1, max_size=2, unique=True).map(lambda drawn: tuple(sorted(drawn))),
    control=maybe,
    generated=st.booleans(),
    suppression=st.none() | suppressions,
)
rule_counts = st.builds(
    RuleCount,
    rule_id=names,
    engine=names,
    looked_at=counts,
    failed=counts,
    open=counts,
    waived=counts,
    project=st.booleans(),
)
notifications = st.builds(
    Notification, level=st.sampled_from(Level), message=texts, engine=maybe, file=maybe, rule_id=maybe
)
answers = st.builds(
    EngineAnswer,
    findings=st.lists(findings, max_size=2).map(tuple),
    counts=st.lists(rule_counts, max_size=2).map(tuple),
    notifications=st.lists(notifications, max_size=2).map(tuple),
)
deployed = st.builds(DeployedResource, logical_id=names, physical_id=texts, resource_type=names, status=names)
values = st.dictionaries(names, texts, max_size=2)
deployments = st.builds(
    Deployment,
    stack_name=names,
    stack_id=texts,
    status=names,
    account=names,
    region=names,
    partition=names,
    resources=st.lists(deployed, max_size=2).map(tuple),
    outputs=values,
    parameters=values,
    exports=values,
    zones=st.lists(names, max_size=2).map(tuple),
    pruned=values,
)
differences = st.builds(
    PropertyDifference, path=names, expected=json_values, actual=json_values, change=st.sampled_from(Change)
)
unproven = st.builds(Unproven, path=texts, reason=st.sampled_from(UnprovenReason), detail=texts)
proofs = st.builds(
    ResourceProof,
    location=locations,
    physical_id=maybe,
    status=st.sampled_from(DriftStatus),
    custom=st.booleans(),
    proven=st.lists(names, max_size=2).map(tuple),
    differences=st.lists(differences, max_size=2).map(tuple),
    unproven=st.lists(unproven, max_size=2).map(tuple),
)
flow_facts = st.builds(FlowFact, target=names, flow=names, text=texts, emulated=st.booleans())
coverages = st.builds(
    Coverage,
    resources_total=counts,
    resources_proven=counts,
    custom_resources=counts,
    properties_total=counts,
    properties_proven=counts,
    properties_differ=counts,
    properties_unproven=counts,
)
suite_notifications = st.builds(SuiteNotification, level=st.sampled_from(Level), message=texts)
suite_facts = st.builds(
    SuiteFacts,
    exit_code=counts,
    target=names,
    calls=call_logs,
    tests=st.dictionaries(names, counts, max_size=2),
    rules=st.dictionaries(names, counts, max_size=2),
    flows=st.lists(flow_facts, max_size=2).map(tuple),
    proofs=st.lists(proofs, max_size=2).map(tuple),
    partial=maybe,
    notifications=st.lists(suite_notifications, max_size=2).map(tuple),
    shortfalls=st.lists(texts, max_size=2).map(tuple),
    targets=st.dictionaries(names, coverages, max_size=2),
)
item_facts = st.builds(
    ItemFacts,
    category=maybe,
    exit_code=st.none() | counts,
    rule_outcome=maybe,
    expected=counts,
    proof=st.none() | proofs,
    proofs=st.dictionaries(names, proofs, max_size=2),
    notifications=st.lists(suite_notifications, max_size=2).map(tuple),
    flows=st.lists(flow_facts, max_size=2).map(tuple),
)
worker_facts = st.builds(WorkerFacts, calls=call_logs, is_live=st.booleans())
summaries = st.builds(PolicySummary, held=counts, violated=counts, waived=counts, open=counts, generated=counts)
