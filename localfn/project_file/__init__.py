"""localfn.yaml: how a project wants to be run, checked against a JSON schema that ships.

Also `.env` files, which stand above it.
"""

from localfn.project_file.file import FILE, ProjectFile, read_project_file
from localfn.project_file.schema import SCHEMA, Rule, read_schema
from localfn.project_file.told import Told
from localfn.project_file.values_file import read_values_file
from localfn.templates.env_file import read_env_file, read_env_vars

__all__ = [
    "FILE",
    "SCHEMA",
    "ProjectFile",
    "Rule",
    "Told",
    "read_env_file",
    "read_env_vars",
    "read_project_file",
    "read_schema",
    "read_values_file",
]
