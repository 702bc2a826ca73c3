"""From the bytes of a YAML file to values that know their lines."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from localfn.errors import ProjectError
from localfn.model import Place
from localfn.project_file.written import Written

# The parser in C is ten times faster; some builds of PyYAML come without it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float")}
_DEPTH = 20
_NODES = 10_000


def load(path: Path) -> Written:
    """Return what a file says; raise `ProjectError` for one that is no YAML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        composed = yaml.compose(text, Loader=_LOADER)
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _not_yaml(path, error) from error
    if composed is None:
        return Written({}, Place(path, 1))
    return _Builder(path).build(composed)


def _not_yaml(path: Path, error: Exception) -> ProjectError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return ProjectError(
        f"{Place(path, mark.line + 1 if mark is not None else 0)}: this is not valid YAML: "
        f"{problem}.",
        hint="Correct the line; what was opened on a line before may be missing its end.",
    )


class _Builder:
    """Turns composed YAML into values, anchors copied and merge keys merged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._constructor = yaml.constructor.SafeConstructor()
        self._made = 0

    def build(self, raw: yaml.Node, depth: int = 0) -> Written:
        place = self._place(raw)
        self._made += 1
        if depth > _DEPTH or self._made > _NODES:
            raise ProjectError(
                f"{place}: this is nested too deeply, or an anchor contains itself.",
                hint="Write the values out.",
            )
        if isinstance(raw, yaml.MappingNode):
            return Written(self._children(raw, depth), place)
        if isinstance(raw, yaml.SequenceNode):
            return Written(tuple(self.build(each, depth + 1) for each in raw.value), place)
        plain = raw.tag in _PLAIN
        value = self._constructor.construct_object(raw) if plain else raw.value
        return Written(value, place, raw.value)

    def _children(self, raw: yaml.MappingNode, depth: int) -> Mapping[str, Written]:
        self._refuse_twice(raw)
        try:
            self._constructor.flatten_mapping(raw)
        except yaml.YAMLError as error:
            raise _not_yaml(self._path, error) from error
        # A mapping begins where its first key is; the key that it stands under tells more.
        return {
            key.value: self.build(value, depth + 1)._replace(place=self._place(key))
            for key, value in raw.value
        }

    def _refuse_twice(self, raw: yaml.MappingNode) -> None:
        lines: dict[str, int] = {}
        for key, _ in raw.value:
            place = self._place(key)
            if not isinstance(key, yaml.ScalarNode):
                raise ProjectError(
                    f"{place}: a key is a mapping or a list; it should be text.",
                    hint="Quote keys and values that begin with `{`, `[` or `?`.",
                )
            if key.value in lines:
                raise ProjectError(
                    f"{place}: `{key.value}` was already written in line {lines[key.value]}.",
                    hint="Remove one of the two.",
                )
            lines[key.value] = place.line

    def _place(self, raw: yaml.Node) -> Place:
        return Place(self._path, raw.start_mark.line + 1)
