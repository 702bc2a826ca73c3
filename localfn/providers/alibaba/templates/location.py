"""Where the vendor's tools look for a template (contract alibaba-fc, section 1.1)."""

import re
from pathlib import Path

SERVERLESS_DEVS_NAMES = ("s.yaml", "s.yml")
FUNCRAFT_NAMES = ("template.yml", "template.yaml", "faas.yml", "faas.yaml")
TEMPLATE_NAMES = (*SERVERLESS_DEVS_NAMES, *FUNCRAFT_NAMES)

_BUILT = Path(".fun", "build", "artifacts")
_BUILT_NAMES = ("template.yml", "template.yaml")
# Other clouds name their files `template.yaml` too; the Transform tells whose it is.
_TRANSFORM = re.compile(rb"""\bTransform["']?\s*:[\s\[-]*["']?Aliyun::Serverless""")


def find_template(folder: Path) -> Path | None:
    """Return the template that the vendor's tools would take, or None."""
    for name in SERVERLESS_DEVS_NAMES:
        if (folder / name).is_file():
            return folder / name
    built = [folder / _BUILT / name for name in _BUILT_NAMES]
    beside = [folder / name for name in FUNCRAFT_NAMES]
    return next((each for each in (*built, *beside) if has_transform(each)), None)


def has_transform(path: Path) -> bool:
    """Return whether this file names the Transform of Funcraft."""
    try:
        return _TRANSFORM.search(path.read_bytes()) is not None
    except OSError:
        return False
