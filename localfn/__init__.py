"""Run, trigger and debug any cloud function on your own machine."""

__version__ = "0.1.0"
