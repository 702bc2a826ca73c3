"""The mock method for `OPTIONS` that the transform adds: it names the methods of its path."""

from collections import defaultdict

from localfn.providers.aws.templates.entry import Book

_ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def with_methods(book: Book) -> None:
    """Fill in what rules of REST APIs allow where they name no methods: those of the path."""
    methods: dict[object, set[str]] = defaultdict(set)
    for entry in book.entries:
        for each in entry.triggers:
            if each.source == "api":
                told = each.options.get("methods")
                methods[_way(each.options)].update(told if isinstance(told, tuple) else _ALL)
    for entry in book.entries:
        for place, each in enumerate(entry.triggers):
            cors = each.options.get("cors")
            if each.source == "api" and isinstance(cors, dict) and "methods" not in cors:
                allowed = tuple(sorted({*methods[_way(each.options)], "OPTIONS"}))
                options = {**each.options, "cors": {**cors, "methods": allowed}}
                entry.triggers[place] = each._replace(options=options)


def _way(options: object) -> tuple[object, object]:
    assert isinstance(options, dict)
    return options.get("api_id"), options.get("path")
