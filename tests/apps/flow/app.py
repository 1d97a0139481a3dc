"""Writes a cloud assembly around the template beside it, so that tests need no CDK for it."""

import json
import os
from pathlib import Path

OUT = Path(os.environ["CDK_OUTDIR"])
MANIFEST = {
    "version": "55.0.0",
    "artifacts": {
        "Flow": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": {"templateFile": "Flow.template.json"},
        }
    },
}
OUT.mkdir(parents=True)
(OUT / "Flow.template.json").write_text(Path("template.json").read_text(encoding="utf-8"), encoding="utf-8")
(OUT / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
