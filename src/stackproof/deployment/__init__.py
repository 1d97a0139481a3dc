"""Deployments: bringing stacks to a target, why one failed, and stacks that live for one run."""
