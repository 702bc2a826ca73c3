"""From a `Call` to a `Result`."""
