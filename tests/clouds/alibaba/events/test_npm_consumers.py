"""Events are read by the code on npm that reads the cloud's own: its types, and its decoders."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cbor2
import pytest

from localfn.payloads.catalog import catalog, find_source
from localfn.payloads.event import generate
from tests import npm

HERE = Path(__file__).resolve().parent / "npm"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages, installed once."""
    folder = tmp_path_factory.mktemp("npm")
    for each in HERE.iterdir():
        shutil.copy(each, folder)
    npm.install(folder)
    return folder


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one event of each kind that is no plain text."""
    folder = tmp_path_factory.mktemp("events")
    for source in catalog("alibaba"):
        for kind in source.events.values():
            if kind.encoding != "text":
                ending = "cbor" if kind.encoding == "cbor" else "json"
                event = generate(source, kind.name, {}, seed=1)
                (folder / f"{source.name}-{kind.name}.{ending}").write_bytes(event.payload)
    return folder


@pytest.fixture(scope="module")
def told(packages: Path, events: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "read.cjs", str(events)], cwd=packages, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_cloudevents_sdk_for_node_reads_every_envelope(
    told: dict[str, Any], events: Path
) -> None:
    read = 0
    for path in events.glob("*.json"):
        payload = json.loads(path.read_bytes())
        for each, found in zip(
            payload if isinstance(payload, list) else [payload], told[path.name], strict=True
        ):
            record = json.loads(each) if isinstance(each, str) else each
            if "specversion" in record:
                expected = {key: record[key] for key in ("id", "type", "source", "data")}
                assert found == expected, path.name
                read += 1
            else:
                assert found is None
    assert read >= 11


def test_a_decoder_for_node_reads_the_rows_of_a_table(told: dict[str, Any], events: Path) -> None:
    rows = list(events.glob("*.cbor"))

    assert len(rows) == 3
    for path in rows:
        assert told[path.name] == cbor2.loads(path.read_bytes())


# The event, the library's type of it, and the keys that only the library has.
TYPES: list[tuple[str, str, str, dict[str, str]]] = [
    ("timer", "tick", "FC.TimerEvent", {}),
    ("oss", "put-object", "FC.OSSEvent", {}),
    ("oss", "append-object", "FC.OSSEvent", {}),
    ("log", "shard-range", "FC.SLSEvent", {}),
    ("cdn", "log-file-created", "FC.CDNEvent", {}),
    ("mns-topic", "stream-attributes", "FC.MNSEvent", {}),
    ("mns-topic", "json", "FC.MNSEvent", {"Context": ""}),
    # The contract's flag is true or false, the library's is a text.
    ("api-gateway", "request", "Omit<FC.APIGatewayEvent, 'isBase64Encoded'>", {}),
]


def complaints(packages: Path, *typed: tuple[str, object]) -> str:
    """What TypeScript has against values as ones of their types; "" where nothing."""
    lines = ["import { FC } from '@midwayjs/faas-typings/typings/fc';"]
    for place, (kind, payload) in enumerate(typed):
        # By a name of its own, a value may have more keys than its type, as real events do.
        lines.append(f"const raw{place} = {json.dumps(payload)};")
        lines.append(f"export const event{place}: {kind} = raw{place};")
    (packages / "event.ts").write_text("\n".join(lines))
    done = subprocess.run(
        [packages / "node_modules" / ".bin" / "tsc", "--noEmit", "--strict", "event.ts"],
        cwd=packages,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def made(source: str, event: str) -> dict[str, object]:
    return json.loads(generate(find_source("alibaba", source), event, {}, seed=1).payload)


def test_events_are_of_the_types_that_a_framework_gives_its_handlers(packages: Path) -> None:
    typed = [(kind, {**made(source, event), **more}) for source, event, kind, more in TYPES]

    assert complaints(packages, *typed) == ""


def test_an_event_that_lacks_a_key_is_not_of_the_type(packages: Path) -> None:
    payload = made("timer", "tick")
    del payload["payload"]

    assert "Property 'payload' is missing" in complaints(packages, ("FC.TimerEvent", payload))
