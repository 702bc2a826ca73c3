"""Start, call and stop containers or processes: the only package that touches either."""
