import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.functional.conftest import Localfn

PROCESS = ("invoke", "--runner", "process")


def test_standard_output_is_the_answer_byte_for_byte(localfn: Localfn) -> None:
    payload = bytes(range(256))

    done = localfn(*PROCESS, "-e", "-", given=payload)

    assert done.returncode == 0
    assert done.stdout == payload
    assert b"printed" in done.stderr


def test_a_bare_command_shows_its_help_as_wrong_use_without_calling_it_an_error(
    localfn: Localfn,
) -> None:
    done = localfn()

    assert done.returncode == 2
    assert done.stderr.startswith(b"Usage: localfn")
    assert b"invoke" in done.stderr


def test_an_event_is_taken_from_a_file_from_json_or_from_a_pipe(
    localfn: Localfn, project: Path
) -> None:
    (project / "event.json").write_text('{"from": "file"}')

    assert localfn(*PROCESS, "-e", "event.json").stdout == b'{"from": "file"}'
    assert localfn(*PROCESS, "-e", '{"from": "text"}').stdout == b'{"from": "text"}'
    assert localfn(*PROCESS, given=b"piped").stdout == b"piped"


def test_an_event_generated_for_the_function_fits_its_own_trigger(localfn: Localfn) -> None:
    done = localfn(*PROCESS, "--generate", "oss", "--seed", "7")

    record = json.loads(done.stdout)["events"][0]
    assert record["oss"]["bucket"]["name"] == "shop-img"
    assert record["oss"]["object"]["key"].startswith("raw/")
    assert record["oss"]["object"]["key"].endswith(".jpg")
    assert record["eventName"] == "ObjectCreated:PutObject"
    assert record["region"] == "cn-hangzhou"


def test_a_timer_event_carries_the_triggers_name_and_payload(localfn: Localfn) -> None:
    done = localfn(*PROCESS, "--generate", "timer")

    event = json.loads(done.stdout)
    assert event["triggerName"] == "tick"
    assert event["payload"] == '{"job":"sweep"}'


def test_fields_of_a_generated_event_can_be_set(localfn: Localfn) -> None:
    done = localfn(*PROCESS, "--generate", "oss/put-object", "--set", "key=raw/mine.jpg")

    assert json.loads(done.stdout)["events"][0]["oss"]["object"]["key"] == "raw/mine.jpg"


def test_a_failed_function_has_exit_code_1_and_the_clouds_error_as_answer(
    localfn: Localfn,
) -> None:
    done = localfn(*PROCESS, given=b"fail")

    assert done.returncode == 1
    assert json.loads(done.stdout)["errorMessage"] == "no"
    assert b"Error: Unhandled function error" in done.stderr


def test_the_json_envelope_tells_everything_and_nothing_else_is_printed(
    localfn: Localfn,
) -> None:
    done = localfn(*PROCESS, "--output", "json", given=b"fail")

    told = json.loads(done.stdout)
    assert told["version"] == 1
    assert told["ok"] is False
    assert told["failure"]["kind"] == "handler-raised"
    assert "printed" in told["logs"]
    assert set(told) == {
        "version",
        "function",
        "request_id",
        "ok",
        "payload",
        "payload_encoding",
        "failure",
        "duration_ms",
        "cold_start_ms",
        "peak_memory_mb",
        "logs",
        "logs_encoding",
    }


def test_variables_of_the_template_and_of_the_command_line_reach_the_function(
    localfn: Localfn,
) -> None:
    done = localfn(*PROCESS, "--env", "EXTRA=more", given=b"env")

    assert done.stdout == b"dev more"


def test_repeated_calls_are_warm(localfn: Localfn) -> None:
    done = localfn(*PROCESS, "--repeat", "3", "--output", "json", given=b"x")

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["cold_start_ms"] is None for each in told] == [False, True, True]


def test_a_lone_file_runs_without_a_template(localfn: Localfn, project: Path) -> None:
    (project / "s.yaml").unlink()

    done = localfn("--provider", "alibaba", *PROCESS, "code/index.py:handler", given=b"alone")

    assert (done.returncode, done.stdout) == (0, b"alone")


def test_a_function_that_takes_too_long_is_ended(localfn: Localfn) -> None:
    done = localfn(*PROCESS, "--timeout", "0.5", given=b"sleep")

    assert done.returncode == 1
    assert b"timed out" in done.stdout
    pid = int(re.search(rb"pid (\d+)", done.stderr)[1])
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)]
)
def test_an_interrupted_call_leaves_nothing_running(
    project: Path, environ: dict[str, str], number: int, code: int
) -> None:
    (project / "sleep.txt").write_bytes(b"sleep")
    with subprocess.Popen(
        [sys.executable, "-m", "localfn", *PROCESS, "-e", "sleep.txt"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project,
        env=environ,
        # A shell that starts the tests in the background has told all below to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        line = next(each for each in running.stderr if each.startswith(b"pid "))
        pid = int(line.split()[1])

        os.kill(running.pid, number)
        said = running.stderr.read()

    assert running.returncode == code
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("invoke", "nothing"), 2, "there is no function `nothing`"),
        (("invoke", "-e", "absent.json"), 2, "absent.json"),
        (("invoke", "-e", '{"broken"'), 2, "JSON"),
        (("invoke", "--generate", "osss"), 2, "Did you mean `oss`?"),
        (("invoke", "--generate", "oss", "--set", "bukket=x"), 2, "bukket"),
        (("invoke", "--generate", "oss", "-e", "{}"), 2, "exclude each other"),
        (("invoke", "--set", "a=b"), 2, "--generate"),
        (("invoke", "--generate", "oss", "--set", "key"), 2, "is not FIELD=VALUE"),
        (("invoke", "-e", "code"), 2, "the event `code` cannot be read"),
        (("invoke", "-e", "many\nlines " * 9), 2, "many lines many lines"),
        (("invoke", "--env", "x"), 2, "is not NAME=value"),
        (("invoke", "--env-file", "absent.env"), 2, "absent.env` cannot be read"),
        (("invoke", "--timeout", "-1"), 2, "which is not more than 0"),
        (("invoke", "--runner", "podman"), 2, "podman"),
        (("invok",), 2, "Did you mean `invoke`?"),
        (("--template", "absent.yaml", "list"), 2, "absent.yaml"),
        (("--provider", "alibab", "list"), 2, "Did you mean `alibaba`?"),
        (("-C", "/nowhere/at/all", "list"), 2, "is not a folder"),
        (("invoke", "missing.py:handler"), 2, "its cloud is not known"),
        (("init", "alibaba-oss-thumbnai"), 2, "Did you mean `alibaba-oss-thumbnail`?"),
    ],
)
def test_a_wrong_word_gets_one_clear_error_and_a_hint(
    localfn: Localfn, project: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    if "missing.py:handler" in words:
        (project / "s.yaml").unlink()

    done = localfn(*words)

    text = done.stderr.decode()
    assert done.returncode == code, text
    assert said in text
    assert "error: " in text
    assert "hint: " in text
    assert "Traceback" not in text
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("runtime: python3.10", "runtime: python3.1", r"s\.yaml:9: .*`python3\.1`"),
        ("code: ./code", "code: ./cod", r"s\.yaml:11: .*cod"),
        ("edition: 3.0.0", "edition: [3.0.0", r"s\.yaml:\d+"),
        ("handler: index.handler", "handlr: index.handler", r"s\.yaml:\d+: .*`handler`"),
        ("memorySize: 256", "memorySize: lots", r"s\.yaml:12: .*`lots`"),
    ],
)
def test_a_wrong_template_is_told_with_file_and_line(
    localfn: Localfn, project: Path, old: str, new: str, said: str
) -> None:
    template = project / "s.yaml"
    template.write_text(template.read_text().replace(old, new))

    done = localfn("invoke", "--runner", "process")

    text = done.stderr.decode()
    assert done.returncode == 3, text
    assert re.search(said, text), text
    assert "hint: " in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no zip", "this is not a zip file"),
        (b"", "this is not a zip file"),
        ({"../out.py": "x"}, "leads out of the archive's own folder"),
        ({"/etc/out.py": "x"}, "leads out of the archive's own folder"),
    ],
)
def test_a_package_that_cannot_be_unpacked_is_one_error_and_leaves_nothing(
    localfn: Localfn, project: Path, content: bytes | dict[str, str], said: str
) -> None:
    package = project / "package.zip"
    if isinstance(content, dict):
        with zipfile.ZipFile(package, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
    else:
        package.write_bytes(content)
    template = project / "s.yaml"
    template.write_text(template.read_text().replace("./code", "./package.zip"))

    done = localfn(*PROCESS)

    text = done.stderr.decode()
    assert done.returncode == 3, text
    assert said in text
    assert "package.zip" in text
    assert "hint: " in text
    assert "Traceback" not in text
    assert [each.name for each in project.rglob("out.py")] == []
    assert list((project / ".localfn" / "code").iterdir()) == []


def test_code_outside_the_project_runs_and_validate_says_so(
    localfn: Localfn, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project / "code" / "index.py").replace(elsewhere / "index.py")
    template = project / "s.yaml"
    template.write_text(template.read_text().replace("./code", str(elsewhere)))

    assert localfn(*PROCESS, given=b"there").stdout == b"there"
    assert b"lies outside the template's folder" in localfn("validate").stdout


def test_an_interpreter_that_is_named_and_not_there_is_told_with_its_place(
    localfn: Localfn, project: Path
) -> None:
    (project / "localfn.yaml").write_text("runner: process\ninterpreters: {python3.10: gone}\n")

    done = localfn("invoke")

    assert done.returncode == 4
    assert b"localfn.yaml:2: " in done.stderr
    assert b"which should run `python3.10`, is not a program" in done.stderr
    assert b"hint: Correct `interpreters` in localfn.yaml" in done.stderr


def test_an_interpreter_that_is_named_runs_the_function(localfn: Localfn, project: Path) -> None:
    program = project / "mine" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    (project / "code" / "index.py").write_text(
        "import sys\ndef handler(event, context):\n    return sys.executable\n"
    )
    (project / "localfn.yaml").write_text(f"interpreters: {{python3.10: mine/{program.name}}}\n")

    done = localfn(*PROCESS)

    assert done.stdout.decode() == str(program)
    assert b"is not installed" not in done.stderr


def test_a_mount_that_a_process_cannot_have_is_told_and_named_in_a_variable(
    localfn: Localfn, project: Path
) -> None:
    template = project / "s.yaml"
    # Hiding the code is what no mount may do.
    place = project.resolve()
    template.write_text(
        template.read_text().replace(
            "memorySize: 256",
            f"nasConfig: {{mountPoints: [{{serverAddr: 'h:/', mountDir: {place}}}]}}",
        )
    )
    (project / "code" / "index.py").write_text(
        "import os\ndef handler(event, context):\n"
        "    return [v for k, v in os.environ.items() if k.startswith('LOCALFN_MOUNT_')]\n"
    )

    done = localfn(*PROCESS)

    (told,) = json.loads(done.stdout)
    assert Path(told).is_dir()
    assert f"`{place}` of `echo` cannot be shown to a process here" in done.stderr.decode()


def test_validate_lists_every_finding_and_fails_for_an_error(
    localfn: Localfn, project: Path
) -> None:
    assert localfn("validate").returncode == 0
    template = project / "s.yaml"
    template.write_text(template.read_text().replace("python3.10", "python3.1"))

    done = localfn("validate")

    assert done.returncode == 3
    assert re.search(rb"s\.yaml:9: error: .*python3\.1", done.stdout)


def test_validate_tells_what_is_wrong_in_localfn_yaml_and_what_this_machine_lacks(
    localfn: Localfn, project: Path
) -> None:
    (project / "localfn.yaml").write_text("runnr: docker\nnetwork: none\n")
    template = project / "s.yaml"
    template.write_text(template.read_text().replace("timeout: 20", "layers: [lib]"))

    done = localfn("validate")
    told = json.loads(localfn("validate", "--output", "json").stdout)["findings"]

    assert done.returncode == 3
    assert b"localfn.yaml:1: error: `runnr` is no key of `localfn.yaml`." in done.stdout
    assert re.search(rb"s\.yaml:4: error: the layer `lib` of `echo` is not on this", done.stdout)
    assert b"0 functions can run, 2 findings." in done.stdout
    assert [(Path(each["file"]).name, each["line"]) for each in told] == [
        ("localfn.yaml", 1),
        ("s.yaml", 4),
    ]


def test_localfn_yaml_is_read_by_every_command_and_its_first_wrong_line_stops_it(
    localfn: Localfn, project: Path
) -> None:
    (project / "localfn.yaml").write_text("environment: {EXTRA: from-file}\nrunner: process\n")
    assert localfn("invoke", given=b"env").stdout == b"dev from-file"

    (project / "localfn.yaml").write_text("environment: [EXTRA]\n")
    for words in (("invoke",), ("list",), ("doctor",)):
        done = localfn(*words)

        assert done.returncode == 3
        assert b"localfn.yaml:1: `environment` is a list, which is not a mapping." in done.stderr
        assert b"hint: " in done.stderr


def test_list_shows_the_functions(localfn: Localfn) -> None:
    told = json.loads(localfn("list", "--output", "json").stdout)

    assert [each["key"] for each in told["functions"]] == ["echo"]
    assert b"timer:tick, oss:onput" in localfn("list").stdout


def test_doctor_names_every_runtime(localfn: Localfn) -> None:
    done = localfn("doctor")

    assert done.returncode == 0, done.stderr
    for runtime in (b"python2.7", b"python3.12", b"nodejs4.4", b"nodejs20"):
        assert runtime in done.stdout


def test_init_copies_a_sample_and_never_over_files(localfn: Localfn, project: Path) -> None:
    assert b"alibaba-oss-thumbnail" in localfn("init").stdout

    done = localfn("init", "alibaba-timer-report", "mine")

    assert done.returncode == 0
    assert (project / "mine" / "template.yml").is_file()
    again = localfn("init", "alibaba-timer-report", "mine")
    assert again.returncode == 2
    assert b"is not empty" in again.stderr


def test_help_imports_nothing_heavy() -> None:
    heavy = {"docker", "flask", "faker", "watchdog", "debugpy", "yaml", "requests"}
    program = (
        "import sys\nfrom localfn.cli.root import _outcome\n_outcome(['--help'])\n"
        f"sys.exit(','.join({heavy!r} & set(sys.modules)) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert b"generate-event" in done.stdout
