"""Proof of deployed stacks: live properties compared with what the templates set, and how much is covered."""
