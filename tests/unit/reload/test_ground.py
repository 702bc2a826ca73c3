from pathlib import Path

from localfn.reload.ground import Ground, Sources
from localfn.reload.ignores import Ignores
from localfn.reload.scope import Root

ROOT = Path("/shop")
GROUND = Ground(
    sources={
        "resize": Sources(ROOT / "resize", (ROOT / "layers" / "pillow",), ("*.md",)),
        "report": Sources(ROOT / "report.zip"),
        "site": Sources(ROOT / ".", (ROOT / "layers" / "pillow",)),
    },
    main=ROOT / "s.yaml",
    template=frozenset({ROOT / "s.yaml", ROOT / "base.yaml", ROOT / "dist"}),
    settings=frozenset({ROOT / ".env", ROOT / "localfn.yaml"}),
    ignores=("*.log",),
)


def touched(*paths: str) -> set[str]:
    return set(GROUND.meaning([ROOT / each for each in paths]).functions)


def test_code_touches_the_functions_that_are_made_of_it() -> None:
    assert touched("resize/index.py") == {"resize", "site"}
    assert touched("resize-more/index.py") == {"site"}
    assert touched("report.zip") == {"report", "site"}
    assert touched("../elsewhere/index.py") == set()
    assert touched("resize") == {"resize", "site"}


def test_a_layer_touches_all_functions_that_have_it_and_is_a_dependency() -> None:
    meaning = GROUND.meaning([ROOT / "layers" / "pillow" / "python" / "PIL.py"])

    assert meaning.functions == {"resize", "site"}
    assert meaning.dependencies == {"resize", "site"}


def test_what_a_package_manager_installed_is_a_dependency() -> None:
    meaning = GROUND.meaning([ROOT / "resize" / "node_modules" / ".package-lock.json"])

    assert meaning.dependencies == {"resize", "site"}
    assert not GROUND.meaning([ROOT / "resize" / "index.py"]).dependencies


def test_the_template_and_the_settings_beside_the_code_touch_no_function_by_themselves() -> None:
    template = GROUND.meaning([ROOT / "s.yaml"])
    settings = GROUND.meaning([ROOT / ".env"])

    assert (template.functions, template.template, template.settings) == (set(), True, False)
    assert (settings.functions, settings.template, settings.settings) == (set(), False, True)


def test_what_the_template_was_looking_for_concerns_it_even_as_a_folder() -> None:
    assert GROUND.meaning([ROOT / "dist" / "index.js"]).template
    assert GROUND.meaning([ROOT / "base.yaml"]).template
    assert not GROUND.meaning([ROOT / "resize" / "index.py"]).template


def test_everything_a_project_stands_on_is_watched_with_the_ignores_for_it() -> None:
    roots = GROUND.roots()

    assert Root(ROOT / "resize", Ignores(["*.md", "*.log"])) in roots
    assert Root(ROOT, Ignores(["*.log"])) in roots
    assert Root(ROOT / "layers" / "pillow", Ignores(["*.log"])) in roots
    assert Root(ROOT / ".env") in roots
    assert Root(ROOT / "base.yaml") in roots
    assert len(roots) == 9
