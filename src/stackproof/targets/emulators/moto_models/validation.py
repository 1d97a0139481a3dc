"""ValidateTemplate names the resource types that the emulator does not make, as AWS's does; moto ignores them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["extend_validation"]


def extend_validation(made_here: Collection[str]) -> None:
    """Extend moto's backend; `made_here` are the types that our handlers make. Once in a process."""
    from moto.cloudformation.exceptions import ValidationError
    from moto.cloudformation.models import CloudFormationBackend
    from moto.cloudformation.parsing import NULL_MODELS, get_model_map

    validated = CloudFormationBackend.validate_template

    def validate_template(backend: Any, template: str) -> Any:
        try:
            body = json.loads(template)
        except ValueError:
            return validated(backend, template)
        known = {*get_model_map(), *made_here} - {*NULL_MODELS}
        if unknown := sorted(_types(body) - known):
            raise ValidationError(message=f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        return []

    setattr(CloudFormationBackend, "validate_template", validate_template)  # noqa: B010 - mypy knows it as a method


def _types(body: object) -> set[str]:
    """The types of a template's resources, less the custom ones, which may have any name."""
    resources = body.get("Resources") if isinstance(body, Mapping) else None
    found = {str(resource.get("Type")) for resource in (resources or {}).values() if isinstance(resource, Mapping)}
    return {resource_type for resource_type in found if not resource_type.startswith("Custom::")} - {
        "AWS::CloudFormation::CustomResource"
    }
