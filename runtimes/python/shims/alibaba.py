"""How Alibaba Function Compute calls a Python handler (contract alibaba-fc, sections 2.1 and 9).

Loaded by ../worker.py; the syntax of Python 2.7.
"""

from __future__ import absolute_import

import io
import json
import os
import sys
import time

# The module is kept, as Python 2 empties one that nobody holds.
from shims import expecting

if sys.version_info[0] > 2:
    unicode = str

HIDDEN = frozenset()
DUMPS_ON_TERMINATE = ("python3.9", "python3.10")


# --- the place -----------------------------------------------------------------------------


def prepare(init):
    """Make the process look as the platform makes it before user code is loaded."""
    global INIT, REQUEST
    INIT = init
    if init.get("concurrency", 1) > 1:
        REQUEST = expecting.RequestOfThread()
    sys.path[:0] = search_path(init["code"], init["layers"])
    expecting.when_imported("logging", set_up_logging)
    if init["runtime"] in DUMPS_ON_TERMINATE:
        dump_stacks_on_terminate()


def search_path(code, layers):
    """Return the folders that come before the interpreter's own (section 2.1)."""
    version = "python%d.%d" % sys.version_info[:2]
    folders = [code]
    for layer in layers:
        folders.append(os.path.join(layer, "python", "lib", version, "site-packages"))
        folders.append(os.path.join(layer, "python"))
    # Where the vendors' tools put dependencies: `fun install` and `s build` (section 3.1).
    for tool in (".s", ".fun"):
        folders.append(os.path.join(code, tool, "python", "lib", version, "site-packages"))
    return folders[:1] + [each for each in folders[1:] if os.path.isdir(each)]


REQUEST = {"id": ""}
INIT = {}


def set_up_logging(logging):
    """Give the root logger the platform's format; user code may change it as it likes."""

    class LogFormatter(logging.Formatter):
        """`2022-08-01T09:32:56.797Z <request id> [INFO] text`, in UTC."""

        converter = time.gmtime

        def formatTime(self, record, datefmt=None):
            """Return the moment of a record as the platform writes it."""
            seconds = time.strftime("%Y-%m-%dT%H:%M:%S", self.converter(record.created))
            return "%s.%03dZ" % (seconds, record.msecs)

        def format(self, record):
            """Return one record, with the id of the invocation that is running."""
            record.fc_request_id = REQUEST["id"]
            return logging.Formatter.format(self, record)

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LogFormatter("%(asctime)s %(fc_request_id)s [%(levelname)s] %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def dump_stacks_on_terminate():
    """Print what every thread was doing when the time was up, and leave."""
    import signal

    def dump(_number, frame):
        import traceback

        print("Dumping stack trace after function timeout")
        for number, stack in sys._current_frames().items():
            print("Thread %d:" % number)
            shown = frame if stack.f_code is dump.__code__ else stack
            frames = [each for each in traceback.extract_stack(shown) if each[0] not in HIDDEN]
            sys.stdout.write("".join(traceback.format_list(frames)))
        sys.stdout.flush()
        os._exit(143)

    signal.signal(signal.SIGTERM, dump)


# --- the context ---------------------------------------------------------------------------


class Credentials(object):
    """Temporary credentials of the function's role."""

    def __init__(self, told):
        self.access_key_id = self.accessKeyId = told["access_key_id"]
        self.access_key_secret = self.accessKeySecret = told["access_key_secret"]
        self.security_token = self.securityToken = told["security_token"]


class Facts(object):
    """A bag of named facts."""

    def __init__(self, **facts):
        self.__dict__.update(facts)


class WithLogger(object):
    """A context whose logger, the root logger, is there once it is asked for."""

    def __getattr__(self, name):
        if name != "logger":
            raise AttributeError("%s has no %s" % (type(self).__name__, name))
        import logging

        self.logger = logging.getLogger()
        return self.logger


class Context(WithLogger):
    """What handlers of Python 2.7 to 3.10 receive."""

    def __init__(self, told):
        function, service = told["function"], told["service"]
        self.request_id = self.requestId = told["request_id"]
        self.credentials = Credentials(told["credentials"])
        self.function = Facts(**function)
        self.service = Facts(**service)
        self.region = told["region"]
        self.account_id = self.accountId = told["account_id"]
        self.retry_count = told["retry_count"]
        self.tracing = Facts(**told["tracing"])
        self._told = told

    def getLogger(self):
        """Return the logger of this function."""
        return self.logger

    def to_json(self):
        """Return the context as JSON text."""
        told, keys = self._told, self.credentials
        service = told["service"]
        return json.dumps(
            {
                "requestId": told["request_id"],
                "credentials": {
                    "accessKeyId": keys.access_key_id,
                    "accessKeySecret": keys.access_key_secret,
                    "securityToken": keys.security_token,
                },
                "function": told["function"],
                "service": {
                    "name": service["name"],
                    "logProject": service["log_project"],
                    "logStore": service["log_store"],
                    "qualifier": service["qualifier"],
                    "versionId": service["version_id"],
                },
                "region": told["region"],
                "accountId": told["account_id"],
                "retryCount": told["retry_count"],
            }
        )


class LaterContext(WithLogger):
    """What handlers of Python 3.12 receive: no credentials, no service."""

    def __init__(self, told):
        service = told["service"]
        self.account_id = told["account_id"]
        self.request_id = told["request_id"]
        self.region = told["region"]
        self.log_project = service["log_project"]
        self.log_store = service["log_store"]
        self.function = Facts(
            version_id=service["version_id"], qualifier=service["qualifier"], **told["function"]
        )
        self._told = told

    def to_json(self):
        """Return the context as JSON text."""
        told = dict(self._told)
        service = told.pop("service")
        told.pop("credentials")
        told["log_project"], told["log_store"] = service["log_project"], service["log_store"]
        return json.dumps(told)


def make_context(told):
    """Return the context of one invocation, and let log lines carry its id."""
    REQUEST["id"] = told["request_id"]
    return LaterContext(told) if told["form"] == "later" else Context(told)


# --- the handler ---------------------------------------------------------------------------


def load_handler(name, broken):
    """Return the callable that `name` means; raise `broken` as the platform words it."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot or not module_name or not function_name:
        raise broken(
            "handler-missing",
            "InvalidHandleName",
            "Invalid handler '%s'" % name,
            [],
            "A handler is written `file.function`, such as `index.handler`.",
        )
    module = import_module(module_name, broken)
    handler = getattr(module, function_name, None)
    if handler is None:
        raise broken(
            "handler-missing",
            "HandlerNotFound",
            "Handler '%s' is missing on module '%s'" % (function_name, module_name),
            [],
            "",
        )
    return handler


def import_module(name, broken):
    """Return the user's module; raise `broken` for all that can be wrong with it."""
    dotted = name.replace("/", ".").lstrip(".")
    try:
        __import__(dotted)
        return sys.modules[dotted]
    except ImportError as error:
        raise broken(
            "import-failed",
            "ImportModuleError",
            "Unable to import module '%s'" % name,
            trace_lines(error),
            advise_import(error, name),
        )
    except SyntaxError as error:
        raise broken(
            "import-failed",
            "UserCodeSyntaxError",
            "Syntax error in module '%s'" % name,
            trace_lines(error),
            "",
        )
    except Exception as error:
        raise broken(
            "import-failed",
            "UserCodeError",
            "Module initialization error: '%s'" % (error,),
            trace_lines(error),
            "",
        )


def advise_import(error, name):
    """Return one line that helps the person at the terminal."""
    missing = getattr(error, "name", None)
    if missing is None:
        missing = str(error).rpartition(" ")[2].strip("'\"")
    if missing == name.replace("/", ".").split(".")[0]:
        return (
            "There is no `%s.py` in the function's code folder; a handler is written "
            "`file.function`, such as `index.handler`." % name
        )
    return "`%s` is neither beside the code nor in a layer; `localfn install` puts it there." % (
        missing.partition(".")[0]
    )


def run_handler(handler, payload, header):
    """Return the bytes that the handler answers."""
    answer = handler(payload, make_context(header["context"]))
    try:
        return to_bytes(answer)
    except (TypeError, ValueError) as error:
        error.localfn_bad_reply = True
        raise


def run_http(handler, body, header):
    """Return status and headers, and the body, that a WSGI callable answers a request with."""
    started = {}

    def start_response(status, headers, exc_info=None):
        started["status"] = int(status.split(" ", 1)[0])
        started["headers"] = [[latin(name), latin(value)] for name, value in headers]
        return written.append

    written = []
    environ = make_environ(header["http"], body, make_context(header["context"]))
    pieces = handler(environ, start_response)
    try:
        for piece in pieces:
            written.append(piece)
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    try:
        return {"status": started["status"], "headers": started["headers"]}, b"".join(written)
    except (KeyError, TypeError) as error:
        if isinstance(error, KeyError):
            error = RuntimeError("the handler did not call start_response")
        error.localfn_bad_reply = True
        raise error


def make_environ(http, body, context):
    """Return what a WSGI callable is told of a request (section 2.1)."""
    environ = dict(os.environ)
    environ.update(
        {
            "REQUEST_METHOD": str(http["method"]),
            "SCRIPT_NAME": "",
            "PATH_INFO": native(http["path"]),
            "QUERY_STRING": native(http["requestURI"].partition("?")[2]),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "",
            "REMOTE_ADDR": str(http["clientIP"]),
            "SERVER_NAME": "FCRUNTIME",
            "SERVER_PORT": "9000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "FCRUNTIME/1.0",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "fc.request_uri": native(http["requestURI"]),
            "fc.context": context,
        }
    )
    for name, values in http["headersMap"].items():
        key = name.upper().replace("-", "_")
        joined = native(",".join(values))
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            environ["HTTP_" + key] = joined
        elif key == "CONTENT_TYPE":
            environ[key] = joined
    return environ


def native(text):
    """Return text as WSGI wants it: bytes in Python 2, bytes written as Latin-1 in Python 3."""
    raw = text.encode("utf-8", "replace")
    return raw if sys.version_info[0] == 2 else raw.decode("latin-1")


def latin(text):
    """Return a header of a WSGI callable as text; in Python 2 it is bytes."""
    return text.decode("latin-1") if isinstance(text, bytes) else text


def run_hook(handler, told):
    """Run an initializer, pre-stop or pre-freeze."""
    handler(make_context(told))


def to_bytes(answer):
    """Return an answer as the platform sends it (section 2.1, "result")."""
    if isinstance(answer, bytes):
        return answer
    if not isinstance(answer, unicode):
        answer = json.dumps(answer, indent=4, sort_keys=True, default=to_plain)
    return answer.encode("utf-8", "surrogateescape") if sys.version_info[0] > 2 else encode2(answer)


def encode2(answer):
    """Return text as bytes in Python 2, where either type may come."""
    return answer if isinstance(answer, str) else answer.encode("utf-8")


def to_plain(value):
    """Return what JSON takes for a value that it does not know."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


# --- failures ------------------------------------------------------------------------------


def describe(error):
    """Return the failure frame of an exception: frames of the runtime removed (section 9)."""
    stack = []
    bad_reply = getattr(error, "localfn_bad_reply", False)
    # An answer that cannot be sent fails in the runtime's own serializer: no frame is the user's.
    for path, line, name, text in () if bad_reply else frames_of(error):
        stack.append(
            ['File "%s"' % shown(path), "line %d" % line, "in %s" % name, (text or "").strip()]
        )
    return {
        "failure": "bad-reply" if bad_reply else "handler-raised",
        "type": type(error).__name__,
        "message": message_of(error),
        "stack": stack,
    }


def message_of(error):
    """Return the text of an exception, whatever it is made of."""
    try:
        return str(error)
    except Exception:  # a user's __str__ may raise
        return repr(type(error))


def frames_of(error):
    """Return (path, line, function, text) of the user's frames."""
    import traceback

    trace = getattr(error, "__traceback__", None) or sys.exc_info()[2]
    return [tuple(each)[:4] for each in traceback.extract_tb(trace) if each[0] not in HIDDEN]


def trace_lines(error):
    """Return a traceback as flat lines, without our frames and the import machinery's."""
    import traceback

    frames = [each for each in frames_of(error) if "importlib" not in each[0]]
    lines = []
    for path, line, name, text in frames:
        lines.append('File "%s", line %d, in %s' % (shown(path), line, name))
        if text:
            lines.append("    " + text.strip())
    for text in traceback.format_exception_only(type(error), error):
        lines.extend(shown(each) for each in text.rstrip("\n").split("\n"))
    return lines


def shown(text):
    """Return text with the code folder's path as the platform would show it."""
    return text.replace(INIT["code"].rstrip("/") + "/", INIT["shown_code"].rstrip("/") + "/")
