"""The command line."""

import gc

# Importing makes many objects that live on; looking through them every 700 costs a call 6 %. Set
# before the first of them are made.
COLLECT_EVERY = 20_000
gc.set_threshold(COLLECT_EVERY)

from localfn.cli.root import run  # noqa: E402 - see above

__all__ = ["run"]
