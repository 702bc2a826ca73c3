"""Debuggers: stable ports, relays between editors and workers, the debuggers' own files."""
