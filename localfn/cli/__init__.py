"""The command line."""

from localfn.cli.root import run

__all__ = ["run"]
