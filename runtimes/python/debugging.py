"""Opens debugpy in a worker before user code is loaded. Loaded only when a debugger is wanted.

The syntax of Python 2.7. The debugger's files are not the user's and not ours: they come from a
folder of their own, chosen by the Python that runs here.
"""

import os
import sys
import threading
import time

# How long a predecessor's debugger may take to give the port back.
PORT_LIMIT_S = 5.0


def open_debugger(asked, broken):
    """Listen as `asked` says, and wait for an editor as long as it says."""
    folder = choose(asked["folders"], broken)
    # Only about the text of a warning: user code is read from files in any case.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    writes_nothing = sys.dont_write_bytecode
    # Its own files are compiled where they lie, if they may be written.
    sys.dont_write_bytecode = False
    sys.path.insert(0, folder)
    try:
        import debugpy

        listen(debugpy, (asked["host"], asked["port"]), broken)
        if asked["wait_s"] != 0:
            await_editor(debugpy, asked["wait_s"])
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = writes_nothing
        del os.environ["PYDEVD_DISABLE_FILE_VALIDATION"]


def choose(folders, broken):
    """Return the folder of the debugger for this Python: that of the newest it is new enough for."""
    own = sys.version_info[:2]
    fitting = [each for each in folders if tuple(each[0]) <= own]
    if fitting:
        return max(fitting)[1]
    version = "%d.%d" % own
    raise broken(
        "init-failed",
        "DebuggerMissing",
        "There is no debugger here for Python %s" % version,
        [],
        "The image has Python %s, not the runtime's; choose another image, or a newer runtime."
        % version,
    )


def listen(debugpy, address, broken):
    """Listen in this process where that can be: nothing then outlives it and keeps the port."""
    # Python children would each be stopped for a debugger of their own.
    debugpy.configure(subProcess=False)
    deadline = time.time() + PORT_LIMIT_S
    while True:
        try:
            try:
                debugpy.listen(address, in_process_debug_adapter=True)
            except TypeError:  # before debugpy 1.6
                debugpy.listen(address)
            return
        except Exception as error:
            if time.time() > deadline:
                raise broken(
                    "init-failed",
                    "DebuggerFailed",
                    "The debugger cannot listen on port %d: %s" % (address[1], error),
                    [],
                    "",
                )
            time.sleep(0.05)


def await_editor(debugpy, limit_s):
    """Wait until an editor has set its breakpoints; None: as long as it takes."""
    if limit_s is None:
        debugpy.wait_for_client()
        return
    if not hasattr(debugpy.wait_for_client, "cancel"):  # what serves Python 2
        deadline = time.time() + limit_s
        while not debugpy.is_client_connected():
            if time.time() > deadline:
                return
            time.sleep(0.02)
        debugpy.wait_for_client()
        return
    enough = threading.Timer(limit_s, debugpy.wait_for_client.cancel)
    enough.daemon = True
    enough.start()
    debugpy.wait_for_client()
    enough.cancel()
