"""Evaluates engine versions: pure functions over the standard library, so that any interpreter can import them."""
