"""A template of a topic and whatever else a test needs."""

from __future__ import annotations

from typing import Any

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}


def body(**more: Any) -> dict[str, Any]:
    """The template."""
    return {"Resources": {"Topic": TOPIC, **more}}
