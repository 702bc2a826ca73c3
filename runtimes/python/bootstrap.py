"""Starts the worker that runs a Python function (worker.py).

Only this file is compiled at every start; the worker and its shim keep their bytecode beside them
where that folder can be written. The syntax of Python 2.7.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    sys.path[:] = [HERE] + [each for each in sys.path if each != HERE]
    import worker

    # From here on nothing is written beside the user's code, and user code finds none of ours.
    sys.path.remove(HERE)
    worker.main(HERE)
