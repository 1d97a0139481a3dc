"""CDK's own assertions, to hold ours against."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def cdk(processes: None) -> Any:
    """`aws_cdk.assertions`, on the Node that pip installed: the plugin names it to jsii."""
    import aws_cdk.assertions

    return aws_cdk.assertions
