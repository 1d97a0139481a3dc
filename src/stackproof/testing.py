"""Everything that a suite imports: assertions, matchers, verdicts and flows, under one path.

```python
from stackproof.testing import Match, ResourceProof, RuleVerdict, TemplateAssertions
```

The fixtures (`template`, `stack`, `prover`, `deployment`, `target`, `data_flow` and others) come with the pytest plugin
and need no import.
"""

from __future__ import annotations

from stackproof.assertions import (
    ABSENT,
    Capture,
    Match,
    Matcher,
    MatchOutcome,
    Mismatch,
    Pattern,
    ResourceList,
    StackAssertionError,
    StackQuery,
    TemplateAssertions,
    UnknownNameError,
    VacuousAssertionError,
)
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.ports import Target
from stackproof.policy.report import RuleVerdict
from stackproof.proof.flow import DataFlow, Flow, OpenFlow, flow
from stackproof.proof.flow_values import Delivery, Row
from stackproof.proof.observation import DriftStatus, PropertyDifference, ResourceProof
from stackproof.proof.prover import Prover
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Resource, Template

__all__ = [
    "ABSENT",
    "Assembly",
    "Capture",
    "DataFlow",
    "Delivery",
    "DeployedResource",
    "Deployment",
    "DriftStatus",
    "Flow",
    "Match",
    "MatchOutcome",
    "Matcher",
    "Mismatch",
    "OpenFlow",
    "Pattern",
    "PropertyDifference",
    "Prover",
    "Resource",
    "ResourceList",
    "ResourceProof",
    "Row",
    "RuleVerdict",
    "SchemaSource",
    "Stack",
    "StackAssertionError",
    "StackQuery",
    "Target",
    "Template",
    "TemplateAssertions",
    "UnknownNameError",
    "VacuousAssertionError",
    "flow",
]
