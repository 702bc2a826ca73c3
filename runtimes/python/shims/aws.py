"""How AWS Lambda calls a Python handler (contract aws-lambda, sections 2.1, 8 and 9).

Loaded by ../worker.py; the syntax of Python 2.7. What a handler may do depends on the runtime's id
(`python3.12`), not on the Python that happens to run it.
"""

from __future__ import absolute_import

import json
import os
import sys
import time

# The module is kept, as Python 2 empties one that nobody holds.
from shims import expecting

HIDDEN = frozenset()
# From this version on answers are written in UTF-8, up to it in ASCII with escapes.
UTF8_SINCE = (3, 12)
# What every log record has; what else it carries the user has added.
PLAIN_RECORD = frozenset(
    "name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno "
    "funcName created msecs relativeCreated thread threadName processName process taskName "
    "message asctime aws_request_id".split()
)
# What the cloud's own images bring along.
OWN_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
# A debugger stops the clock; then code is told that much time is left.
NO_LIMIT_MS = 900000


# --- the place -----------------------------------------------------------------------------


def prepare(init):
    """Make the process look as the platform makes it before user code is loaded."""
    global INIT, REQUEST
    INIT = init
    if init.get("concurrency", 1) > 1:
        REQUEST = expecting.RequestOfThread()
    sys.path[:0] = search_path(init["code"], init["layers"])
    os.environ["AWS_LAMBDA_LOG_STREAM_NAME"] = log_stream()
    expecting.when_imported("logging", set_up_logging)


def search_path(code, layers):
    """Return the folders that come before the interpreter's own (section 3.2)."""
    version = "python%d.%d" % sys.version_info[:2]
    found = []
    for layer in layers:
        found.append(os.path.join(layer, "python", "lib", version, "site-packages"))
        found.append(os.path.join(layer, "python"))
    # Where `localfn install` puts packages; `sam build` leaves that folder alone.
    found.append(os.path.join(code, ".aws-sam", "python", "lib", version, "site-packages"))
    return [code] + [each for each in found if os.path.isdir(each)]


def log_stream():
    """Return the name of the stream that this environment alone writes to."""
    told = (time.strftime("%Y/%m/%d", time.gmtime()), INIT["context"]["function_version"])
    return "%s/[%s]" % told + "".join("%02x" % byte for byte in bytearray(os.urandom(16)))


REQUEST = {"id": ""}
INIT = {}


def logs_json():
    """Return whether the function's log is one JSON object a line."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def set_up_logging(logging):
    """Give the root logger the platform's format; user code may change it as it likes."""

    class TextFormatter(logging.Formatter):
        """`[INFO]<tab>2025-11-24T10:16:05.123Z<tab><request id><tab>text`, in UTC."""

        def formatTime(self, record, datefmt=None):
            """Return the moment of a record as the platform writes it."""
            seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            return "%s.%03dZ" % (seconds, record.msecs)

        def format(self, record):
            """Return one record, with the id of the invocation that is running."""
            record.aws_request_id = REQUEST["id"]
            return logging.Formatter.format(self, record)

    class JsonFormatter(logging.Formatter):
        """One JSON object for each record (section 8.2)."""

        def format(self, record):
            """Return one record, with the id of the invocation that is running."""
            return json.dumps(told_of(record, self), ensure_ascii=False, default=str)

    handler = logging.StreamHandler(sys.stdout)
    if logs_json():
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            TextFormatter("[%(levelname)s]\t%(asctime)s\t%(aws_request_id)s\t%(message)s")
        )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    if level:
        root.setLevel({"TRACE": 5, "FATAL": logging.CRITICAL}.get(level) or level)


def told_of(record, formatter):
    """Return a log record as the fields of a JSON line; those without a value are left out."""
    told = {
        "timestamp": moment(record.created),
        "level": record.levelname,
        "message": record.getMessage(),
        "logger": record.name,
        "requestId": REQUEST["id"],
    }
    if record.exc_info and record.exc_info[0]:
        kind, error, trace = record.exc_info
        told["stackTrace"] = formatter.formatException(record.exc_info).split("\n")
        told["errorType"] = kind.__name__
        told["errorMessage"] = message_of(error)
        told["location"] = "%s:%s:%d" % (record.pathname, record.funcName, record.lineno)
    for name, value in record.__dict__.items():
        if name not in PLAIN_RECORD:
            told.setdefault(name, value)
    return dict((name, value) for name, value in told.items() if value not in (None, ""))


def moment(seconds):
    """Return a time as JSON lines have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


# --- the context ---------------------------------------------------------------------------


class Shown(object):
    """An object that prints as its fields."""

    fields = ()

    def __repr__(self):
        told = ",".join("%s=%r" % (name, getattr(self, name)) for name in self.fields)
        return "%s([%s])" % (type(self).__name__, told)


class CognitoIdentity(Shown):
    """Who called a mobile application's function: nobody here."""

    fields = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self):
        self.cognito_identity_id = None
        self.cognito_identity_pool_id = None


class Client(Shown):
    """The application that a client context names."""

    fields = (
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )

    def __init__(self, told):
        for name in self.fields:
            setattr(self, name, told.get(name))


class ClientContext(Shown):
    """What the caller sent beside the event."""

    fields = ("custom", "env", "client")

    def __init__(self, told):
        self.custom = told.get("custom")
        self.env = told.get("env")
        client = told.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class LambdaContext(Shown):
    """What a handler receives beside the event (section 2.1)."""

    fields = (
        "aws_request_id",
        "log_group_name",
        "log_stream_name",
        "function_name",
        "memory_limit_in_mb",
        "function_version",
        "invoked_function_arn",
        "client_context",
        "identity",
        "tenant_id",
    )

    def __init__(self, told, deadline_ms):
        self.aws_request_id = told["request_id"]
        self.log_group_name = told["log_group"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.function_name = told["function_name"]
        self.memory_limit_in_mb = str(told["memory_mb"])
        self.function_version = told["function_version"]
        self.invoked_function_arn = told["function_arn"]
        client = told["client_context"]
        self.client_context = ClientContext(client) if isinstance(client, dict) else None
        self.identity = CognitoIdentity()
        self.tenant_id = told["tenant_id"]
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self):
        """Return how long the invocation may still take."""
        if self._deadline_ms is None:
            return NO_LIMIT_MS
        return max(0, int(self._deadline_ms - time.time() * 1000))

    def log(self, message):
        """Print a message."""
        sys.stdout.write(str(message))
        sys.stdout.flush()


def make_context(header):
    """Return the context of one invocation, and let log lines carry its id."""
    told = header["context"]
    REQUEST["id"] = told["request_id"]
    os.environ["_X_AMZN_TRACE_ID"] = str(told["trace_id"])
    return LambdaContext(told, header.get("deadline_ms"))


# --- the handler ---------------------------------------------------------------------------


def load_handler(name, broken):
    """Return the callable that `name` means; raise `broken` as the platform words it."""
    REQUEST["id"] = ""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise reported(
            broken,
            "handler-missing",
            "MalformedHandlerName",
            "Bad handler '%s': %s" % (name, error),
            advice="A handler is written `file.function`, such as `app.handler`.",
        )
    module = import_module(module_name, broken)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise reported(
            broken,
            "handler-missing",
            "HandlerNotFound",
            "Handler '%s' missing on module '%s'" % (function_name, module_name),
        )


def import_module(name, broken):
    """Return the user's module; raise `broken` for what the platform has words for."""
    dotted = name.replace("/", ".")
    if dotted.split(".")[0] in sys.builtin_module_names:
        raise reported(
            broken,
            "import-failed",
            "BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % name,
            advice="Rename the file: Python has a module of its own of this name.",
        )
    try:
        __import__(dotted)
        return sys.modules[dotted]
    except ImportError as error:
        raise reported(
            broken,
            "import-failed",
            "ImportModuleError",
            "Unable to import module '%s': %s" % (name, message_of(error)),
            advice=advise_import(error, name),
        )
    except SyntaxError as error:
        raise reported(
            broken,
            "import-failed",
            "UserCodeSyntaxError",
            "Syntax error in module '%s': %s" % (name, message_of(error)),
            ['  File "%s" Line %s\n    %s' % (shown(error.filename), error.lineno, error.text)],
        )
    except Exception as error:
        told = dict(describe(error), failure="import-failed", advice="")
        refusal = broken("import-failed", told["type"], told["message"], told["stack"])
        raise refusal


def reported(broken, failure, kind, message, stack=(), advice=""):
    """Return the failure of a handler that cannot be had, after printing it as the platform does."""
    kind = "Runtime." + kind
    print_error(kind, message, list(stack))
    return broken(failure, kind, message, list(stack), advice)


def advise_import(error, name):
    """Return one line that helps the person at the terminal."""
    missing = getattr(error, "name", None)
    if missing is None:
        missing = str(error).rpartition(" ")[2].strip("'\"")
    if missing == name.replace("/", ".").split(".")[0]:
        return "There is no `%s.py` in the function's code folder." % name
    package = missing.partition(".")[0]
    if package in OWN_PACKAGES:
        return (
            "`%s` is a part of the cloud's own image, but not of this machine: name it in "
            "requirements.txt, and `localfn install` puts it beside the code." % package
        )
    return "`%s` is neither beside the code nor in a layer; `localfn install` puts it there." % (
        package
    )


def run_handler(handler, payload, header):
    """Return the bytes that the handler answers."""
    context = make_context(header)
    answer = handler(read_event(payload), context)
    if isinstance(answer, bytes) and sys.version_info[0] > 2:
        return answer
    try:
        return to_json(answer)
    except Exception as error:
        raise Unusable("MarshalError", "Unable to marshal response: %s" % message_of(error))


def run_hook(handler, told):
    """Do nothing: Lambda has no hooks."""


def read_event(payload):
    """Return the event that a payload holds; none is an empty object (unverified)."""
    try:
        return json.loads(payload.decode("utf-8") or "{}")
    except ValueError as error:
        raise Unusable("UnmarshalError", "Unable to unmarshal input: %s" % message_of(error))


def to_json(answer):
    """Return an answer as the platform sends it (section 2.1, "Return")."""
    version = tuple(int(each) for each in INIT["runtime"].replace("python", "").split("."))
    text = json.dumps(answer, ensure_ascii=version < UTF8_SINCE, default=to_plain)
    return text if isinstance(text, bytes) else text.encode("utf-8")


def to_plain(value):
    """Return what JSON takes for a value that it does not know."""
    if type(value).__name__ == "Decimal":
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


# --- failures ------------------------------------------------------------------------------


class Unusable(Exception):
    """What came or what would go is no JSON."""

    def __init__(self, kind, message):
        Exception.__init__(self, message)
        self.kind = "Runtime." + kind


def describe(error):
    """Return the failure frame of an exception, after printing it as the platform does."""
    if isinstance(error, Unusable):
        kind, stack = error.kind, []
    else:
        kind, stack = type(error).__name__, stack_of(error)
    message = message_of(error)
    print_error(kind, message, stack)
    return {
        "failure": "bad-reply" if kind == "Runtime.MarshalError" else "handler-raised",
        "type": kind,
        "message": message,
        "stack": stack,
    }


def print_error(kind, message, stack):
    """Print an error as the platform logs it (sections 8.1 and 8.2)."""
    if logs_json():
        told = {
            "timestamp": moment(time.time()),
            "level": "ERROR",
            "errorMessage": message,
            "errorType": kind,
            "requestId": REQUEST["id"],
            "stackTrace": stack,
        }
        text = json.dumps(told, ensure_ascii=False)
    else:
        # The platform joins the lines by carriage returns, which hide them on a terminal.
        trace = "".join(stack) or "\n"
        text = "[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (kind, message, trace)
    sys.stdout.write(text.rstrip("\n") + "\n")


def message_of(error):
    """Return the text of an exception, whatever it is made of."""
    try:
        return str(error)
    except Exception:  # a user's __str__ may raise
        return repr(type(error))


def stack_of(error):
    """Return the user's frames, each as Python prints it."""
    import traceback

    trace = getattr(error, "__traceback__", None) or sys.exc_info()[2]
    frames = [
        (shown(path), line, name, text)
        for path, line, name, text in (tuple(each)[:4] for each in traceback.extract_tb(trace))
        if path not in HIDDEN and "importlib" not in path
    ]
    return traceback.format_list(frames)


def shown(text):
    """Return text with the code folder's path as the platform would show it."""
    here, there = INIT["code"].rstrip("/") + "/", INIT["shown_code"].rstrip("/") + "/"
    return str(text).replace(here, there)
