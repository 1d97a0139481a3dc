"""Assertions on a template: CDK's methods and matchers, and queries. None of them passes without a check."""

from __future__ import annotations

from stackproof.assertions.failures import StackAssertionError, UnknownNameError, VacuousAssertionError
from stackproof.assertions.match import Match
from stackproof.assertions.matcher import ABSENT, Matcher, MatchOutcome, Mismatch, Pattern
from stackproof.assertions.matching import Capture
from stackproof.assertions.query import ResourceList, StackQuery
from stackproof.assertions.template import TemplateAssertions

__all__ = [
    "ABSENT",
    "Capture",
    "Match",
    "MatchOutcome",
    "Matcher",
    "Mismatch",
    "Pattern",
    "ResourceList",
    "StackAssertionError",
    "StackQuery",
    "TemplateAssertions",
    "UnknownNameError",
    "VacuousAssertionError",
]
