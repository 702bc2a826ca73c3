"""Variables of functions as JSON: for all of them, and for one by its name."""

import json
from collections.abc import Mapping
from typing import NamedTuple

# What stands under this name is for every function.
EVERYWHERE = "Parameters"
_WORDS = {True: "true", False: "false", None: ""}


class EnvVars(NamedTuple):
    """Variables for all functions, and for some, by a name of theirs."""

    everywhere: Mapping[str, str]
    somewhere: Mapping[str, Mapping[str, str]]

    def of(self, *names: str) -> dict[str, str]:
        """Return those of a function; of its names the first that is there counts."""
        own = next((self.somewhere[each] for each in names if each in self.somewhere), {})
        return {**self.everywhere, **own}


NONE = EnvVars({}, {})


def parse_env_vars(text: str) -> EnvVars:
    """Return the variables of a JSON object; raise `ValueError` that says what is wrong in it."""
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("the top should be an object")  # noqa: TRY004 - one kind for all
    everywhere = {name: _text(each) for name, each in told.items() if not isinstance(each, dict)}
    somewhere = {
        function: {name: _text(each) for name, each in own.items()}
        for function, own in told.items()
        if isinstance(own, dict)
    }
    return EnvVars({**somewhere.pop(EVERYWHERE, {}), **everywhere}, somewhere)


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
