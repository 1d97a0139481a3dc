"""What a reporter writes, as text."""

from __future__ import annotations

import io

from stackproof.policy.ports import Reporter
from stackproof.policy.report import CheckReport


def written(reporter: Reporter, report: CheckReport) -> str:
    """All that the reporter writes of the report."""
    stream = io.StringIO()
    reporter.write(report, stream)
    return stream.getvalue()
