"""`localfn init`: copy a sample project."""

import shutil
from collections.abc import Callable
from pathlib import Path

import click

from localfn import assets, providers
from localfn.cli.table import table
from localfn.errors import UsageError

NOT_COPIED = ("__pycache__", ".localfn", "*.pyc")


@click.command()
@click.argument("sample", required=False)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def init(sample: str | None, folder: Path | None) -> None:
    """Copy SAMPLE into FOLDER (default: its own name); without one, show the samples."""
    samples = _samples()
    if sample is None:
        rows = [(name, _title(path)) for name, path in samples.items()]
        click.echo(table(("SAMPLE", "WHAT IT SHOWS"), rows))
        return
    if sample not in samples:
        from difflib import get_close_matches

        near = get_close_matches(sample, samples, 1, 0.4)
        raise UsageError(
            f"there is no sample `{sample}`.",
            hint=f"Did you mean `{near[0]}`?" if near else f"There is {', '.join(samples)}.",
        )
    target = folder or Path(sample)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"`{target}` is not empty.", hint="Name another folder.")
    shutil.copytree(samples[sample], target, ignore=_made_by_runs(), dirs_exist_ok=True)
    click.echo(f"{target}: see `{target / 'README.md'}`", err=True)


def _made_by_runs() -> Callable[[str, list[str]], set[str]]:
    """Return what leaves out that samples were tried where they are."""
    packages = (Path(providers.load(each).packages).parts[0] for each in providers.names())
    return shutil.ignore_patterns(*NOT_COPIED, *packages)


def _samples() -> dict[str, Path]:
    home = assets.folder("samples")
    return {each.name: each for each in sorted(home.iterdir()) if (each / "README.md").is_file()}


def _title(path: Path) -> str:
    first = (path / "README.md").read_text(encoding="utf-8").lstrip().splitlines()[0]
    return first.lstrip("# ")
