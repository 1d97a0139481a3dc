"""Proves an AWS CDK or CloudFormation stack: in its template, against policy, and in the account."""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
