"""What moto's CloudFormation lacks or drops, completed: resource types that pass on all that the service's API takes.

Runs inside the emulator's process only. Each type creates its resource by calling the emulated service through
boto3, exactly as AWS's own CloudFormation does: what the service's API does not accept or keep is not kept here.
"""

from __future__ import annotations

from stackproof.targets.emulators.moto_models.models import register

__all__ = ["register"]
