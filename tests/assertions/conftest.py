"""CDK's own assertions, to hold ours against."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def cdk(processes: None) -> ModuleType:
    """`aws_cdk.assertions`, on the Node that pip installed: the plugin names it to jsii."""
    import aws_cdk.assertions

    return aws_cdk.assertions
