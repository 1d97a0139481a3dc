"""Adopting a difference: what would put it back, and the patch of the app that accepts it."""
