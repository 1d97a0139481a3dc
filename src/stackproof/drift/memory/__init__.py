"""The memory of audits: since when each difference is there, and whom it was reported to."""
