"""`python -m localfn` is `localfn`."""

from localfn.cli import run

if __name__ == "__main__":
    run()
