"""Deployments: bringing stacks to a target, why one failed, and stacks of one run."""
