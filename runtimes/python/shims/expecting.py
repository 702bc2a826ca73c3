"""What shims of several clouds need to set the scene before user code is loaded.

Standard library only, and the syntax of Python 2.7.
"""

import sys


def when_imported(name, act):
    """Call `act(module)` when user code imports a module, or now where it has been imported.

    Logging is a third of what a worker has to load before it can answer.
    """
    if name in sys.modules or sys.version_info < (3, 4):
        act(__import__(name))
    else:
        sys.meta_path.insert(0, Expecting(name, act))


class Expecting(object):
    """Finds one module as the others would, and says when it is loaded."""

    def __init__(self, name, act):
        self._name = name
        self._act = act
        self._loader = None

    def find_spec(self, name, path=None, target=None):
        """Return the spec of the module that is expected, loaded by this object; else None."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        specs = (each.find_spec(name, path, target) for each in sys.meta_path)
        spec = next((each for each in specs if each is not None), None)
        if spec is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        """Return what the module's own loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module):
        """Load the module; from then on it is as if nobody had waited for it."""
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._act(module)


class RequestOfThread(object):
    """The invocation that each thread runs; in threads of the user's own the last one's."""

    def __init__(self):
        import threading

        self._own = threading.local()
        self._last = ""

    def __getitem__(self, name):
        return getattr(self._own, name, self._last)

    def __setitem__(self, name, id_):
        setattr(self._own, name, id_)
        self._last = id_
