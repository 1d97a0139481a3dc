"""The composition root: from settings to concrete adapters. The one package that knows them all."""

from __future__ import annotations

from stackproof.wiring.checking import Checked, checked_app, checked_paths, found_stacks, scanned_assembly
from stackproof.wiring.engine_versions import affected_by, deployed_versions, refreshed_versions, write_versions
from stackproof.wiring.fleet import discovered, fleet_plan, fleet_runs, fleet_workers
from stackproof.wiring.live import (
    RUN_FUNCTIONS,
    FlowPlace,
    account_pipeline,
    capabilities,
    catalog,
    child_families,
    flow_target,
    listings,
    node,
    read_types,
    readers,
    schemas,
    start_emulator,
)
from stackproof.wiring.memory import SignIn, audit_store, notifiers, require_channels
from stackproof.wiring.notifications import unique, vacuous, with_notifications
from stackproof.wiring.project import DeployOptions, EngineSet, Project

__all__ = [
    "RUN_FUNCTIONS",
    "Checked",
    "DeployOptions",
    "EngineSet",
    "FlowPlace",
    "Project",
    "SignIn",
    "account_pipeline",
    "affected_by",
    "audit_store",
    "capabilities",
    "catalog",
    "checked_app",
    "checked_paths",
    "child_families",
    "deployed_versions",
    "discovered",
    "fleet_plan",
    "fleet_runs",
    "fleet_workers",
    "flow_target",
    "found_stacks",
    "listings",
    "node",
    "notifiers",
    "read_types",
    "readers",
    "refreshed_versions",
    "require_channels",
    "scanned_assembly",
    "schemas",
    "start_emulator",
    "unique",
    "vacuous",
    "with_notifications",
    "write_versions",
]
