"""The CDK app: reads the settings from the context and synthesizes TapStack."""

import sys
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from settings import SettingError, Settings
from tap_stack import TapStack


def main(context: Mapping[str, Any] | None = None) -> int:
    """Synthesize; the result is the exit code, 2 when a setting cannot be used."""
    app = cdk.App(context=context)
    try:
        settings = Settings.from_context(app.node.get_all_context())
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # The id stays the same in every environment, so construct paths and logical ids do too.
    TapStack(app, "TapStack", settings=settings)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
