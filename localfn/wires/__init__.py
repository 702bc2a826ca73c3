"""Protocols that an instance may speak."""
