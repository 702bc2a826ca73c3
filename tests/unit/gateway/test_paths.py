import pytest

from localfn.gateway.paths import pattern


@pytest.mark.parametrize(
    ("written", "path", "values"),
    [
        ("/a", "/a", {}),
        ("/a", "/a/", None),
        ("/a/*", "/a/b", {}),
        ("/a/*", "/a", {}),
        ("/*", "/", {}),
        ("/a/{id}", "/a/1", {"id": "1"}),
        ("/a/{id}", "/a/1/", {"id": "1"}),
        ("/a/{id}", "/a/", None),
        ("/a/{id}", "/a/1/2", None),
        ("/a/{id}/b/{n}", "/a/1/b/2%2F3", {"id": "1", "n": "2%2F3"}),
        ("/a/{rest+}", "/a/1/2/3", {"rest": "1/2/3"}),
        ("/a/{rest+}", "/a/1/", {"rest": "1"}),
        ("/a/{rest+}", "/a/", None),
        ("/{proxy+}", "/", None),
        ("/a.b/{id}", "/axb/1", None),
        ("/{a}-{b}", "/1-2", {"a": "1", "b": "2"}),
        ("/a/{id}/*", "/a/1/x/y", {"id": "1"}),
    ],
)
def test_a_pattern_says_what_its_placeholders_stand_for(
    written: str, path: str, values: dict[str, str] | None
) -> None:
    assert pattern(written).match(path) == values


def test_the_most_exact_pattern_comes_first() -> None:
    written = ["/*", "/{proxy+}", "/a/{rest+}", "/{x}/b", "/a/{y}", "/a/b", "/a/*"]

    ranked = sorted(written, key=lambda each: pattern(each).rank)

    assert ranked == ["/a/b", "/a/{y}", "/{x}/b", "/a/{rest+}", "/{proxy+}", "/a/*", "/*"]
