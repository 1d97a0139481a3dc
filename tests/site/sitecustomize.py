"""Python imports this in every process below a test run; in one that would be an emulator it has one forked instead.

See `emulator_forks.py`. It is imported by any interpreter, so it imports nothing unless it is needed.
"""

import os
import sys

if os.environ.get("STACKPROOF_TEST_FORKS") and "stackproof.targets.emulators.moto_server" in sys.orig_argv:
    import emulator_forks  # type: ignore[import-not-found] # beside this file, on the path of that process

    emulator_forks.be_forked(os.environ.pop("STACKPROOF_TEST_FORKS"))
