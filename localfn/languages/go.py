"""Go: a compiled program that asks for its events by the library of its cloud."""

from localfn.languages.polling import polling

LANGUAGE = polling("go")
