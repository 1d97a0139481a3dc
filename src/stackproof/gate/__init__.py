"""The gate: every stage that has to hold before a merge, in order, with one exit code."""
