"""Custom resources: they are there at once, and their handler is not run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["CUSTOM", "HANDLERS"]


def _create(call: Call) -> Created:
    return Created(physical_id=call.name)


CUSTOM: Final = Handler(create=_create)

HANDLERS: Final[Mapping[str, Handler]] = {"AWS::CloudFormation::CustomResource": CUSTOM}
