"""Engine versions, judged: pure functions over the standard library alone, so that any interpreter can import them."""
