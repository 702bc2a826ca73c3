"""What these tests share with those against the outside world."""

from tests.integration.conftest import base, engine

__all__ = ["base", "engine"]
