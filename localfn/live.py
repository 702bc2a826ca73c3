"""Settings and project as they were last read, and read again when somebody asks."""

from collections.abc import Callable

from localfn.errors import ProjectError
from localfn.model import Function
from localfn.project import Project
from localfn.settings import Settings

Read = Callable[[], tuple[Settings, Project]]
# What was decided when the session was opened; other settings are followed.
FIXED = ("root", "template", "provider", "runner", "image", "registry", "network")


class Live:
    """What a session runs now. `read` reads it anew from the disk."""

    def __init__(self, settings: Settings, project: Project, read: Read) -> None:
        self.settings = settings
        self.project = project
        self._read = read
        self._known: tuple[Project | None, dict[str, Function]] = (None, {})

    def reopen(self) -> tuple[str, ...]:
        """Read all again; return the names of settings that changed and cannot be followed.

        Raises `LocalfnError`, and changes nothing, when settings or template are broken.
        """
        settings, project = self._read()
        if project.provider is not self.project.provider:
            raise ProjectError(
                f"{project.template}: this is a template of {project.provider.title} now.",
                hint="Start localfn again.",
            )
        before = self.settings
        fixed = tuple(each for each in FIXED if getattr(settings, each) != getattr(before, each))
        kept = {each: getattr(before, each) for each in fixed}
        self.settings, self.project = settings._replace(**kept), project
        return fixed

    def newest(self, function: Function) -> Function:
        """Return the function as the template has it now; itself where it is in no template."""
        project, known = self.project, self._known
        if known[0] is not project:
            known = self._known = (project, {each.key: each for each in project.functions})
        return known[1].get(function.key, function)
