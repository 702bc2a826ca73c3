"""Serve triggers, SDK APIs and localfn's own API. Only this package imports Flask."""
