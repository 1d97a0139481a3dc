"""The IAM permissions that a project's stacks need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stackproof.template.assembly import Stack
from stackproof.wiring.live import audit_actions, schemas

if TYPE_CHECKING:
    from stackproof.proof.permissions import Permissions, Purpose

from stackproof.wiring.project import Project

__all__ = ["required_permissions"]


def required_permissions(
    project: Project,
    stacks: Sequence[Stack],
    purpose: Purpose,
    *,
    region: str | None = None,
    account: str | None = None,
) -> Permissions:
    """The permissions for these stacks, in the account and region that they name, else in the project's."""
    from stackproof.proof.iam_resources import CfnLintActions
    from stackproof.proof.permissions import IamScope, Purpose, compiled
    from stackproof.readers import READERS
    from stackproof.readers.access import LiveReader

    settings = project.settings
    return compiled(
        [
            (
                stack,
                IamScope(
                    account=account or stack.account or settings.account or "*",
                    region=region or stack.region or settings.region,
                ),
            )
            for stack in stacks
        ],
        purpose,
        readers={name: reader.actions for name, reader in READERS.items() if isinstance(reader, LiveReader)},
        schemas=schemas(),
        actions=CfnLintActions(),
        also=audit_actions(stacks) if purpose is Purpose.DRIFT else (),
    )
