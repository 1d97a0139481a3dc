"""Remedies of a difference: the commands that revert it, and the patch of the app that accepts it."""
