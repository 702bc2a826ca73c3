"""Where the vendor's tools look for a template (contract aws-lambda, section 1.1)."""

import re
from contextlib import suppress
from pathlib import Path

from localfn.templates.notebook import Notebook

NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")
_BUILT = Path(".aws-sam", "build", "template.yaml")
_SYNTHESIZED = Path("cdk.out")
# Other clouds name their files `template.yaml` too; the types of resources tell whose it is.
_MARKS = re.compile(
    rb"""\bTransform["']?\s*:[\s\[-]*["']?AWS::|["']?Type["']?\s*:\s*["']?AWS::"""
    rb"""|\bAWSTemplateFormatVersion\b"""
)


def find_template(folder: Path) -> Path | None:
    """Return the template that the vendor's tools would take, or None."""
    names = (*_named(folder), _BUILT, *map(Path, TEMPLATE_NAMES))
    found = (folder / each for each in names)
    return next((each for each in found if recognizes(each)), None) or _synthesized(folder)


def recognizes(path: Path) -> bool:
    """Return whether a file is a template of CloudFormation, even one with broken YAML."""
    try:
        return _MARKS.search(path.read_bytes()) is not None
    except OSError:
        return False


def _named(folder: Path) -> tuple[Path, ...]:
    """Return the template that the settings of the vendor's tool name."""
    for name in NAMES:
        with suppress(OSError):
            if b"template" in (folder / name).read_bytes():
                # Loaded here: few projects say so.
                from localfn.providers.aws.templates.samconfig import read_samconfig

                named = read_samconfig(folder, "", Notebook()).template
                return (Path(named),) if named else ()
    return ()


def is_built(path: Path) -> bool:
    """Return whether a template is what the vendor's tool made of another."""
    return path.parent.name == _BUILT.parent.name and path.parent.parent.name == ".aws-sam"


def _synthesized(folder: Path) -> Path | None:
    """Return the only stack that the CDK has written, None where there are none or several."""
    stacks = sorted((folder / _SYNTHESIZED).glob("*.template.json"))
    return stacks[0] if len(stacks) == 1 and recognizes(stacks[0]) else None
