"""The memory of audits: since when each difference exists, and which channels have it."""
