"""What a template mounts, in all three dialects, and what is not uploaded."""

import re
from pathlib import Path

import pytest

from localfn.model import Reading, Volume
from localfn.providers.alibaba.templates import lone_function
from tests.clouds.alibaba.templates.conftest import Read, only, told

FC3 = """\
edition: 3.0.0
resources:
  shop:
    component: fc3
    props:
      functionName: resize
      runtime: python3.10
      handler: i.h
      code: code
      nasConfig:
        userId: 10003
        mountPoints: [{serverAddr: 'x.nas:/data', mountDir: /mnt/data, enableTLS: true}]
"""
FC = """\
edition: 1.0.0
services:
  shop:
    component: fc
    props:
      service:
        name: shop
        nasConfig: {mountPoints: [{serverAddr: x.nas, nasDir: /data, fcDir: /mnt/data}]}
      function: {name: resize, runtime: python3, handler: i.h, codeUri: code}
"""
FUN = """\
ROSTemplateFormatVersion: '2015-09-01'
Transform: 'Aliyun::Serverless-2018-04-03'
Resources:
  shop:
    Type: 'Aliyun::Serverless::Service'
    Properties:
      NasConfig: {MountPoints: [{ServerAddr: 'x.nas:/data', MountDir: /mnt/data}]}
    resize:
      Type: 'Aliyun::Serverless::Function'
      Properties: {Handler: i.h, Runtime: python3, CodeUri: code}
"""
DIALECTS = {"fc3": ("s.yaml", FC3), "fc": ("s.yaml", FC), "fun": ("template.yml", FUN)}
each_dialect = pytest.mark.parametrize(("name", "text"), DIALECTS.values(), ids=DIALECTS)


@each_dialect
def test_a_file_system_is_mounted_the_same_in_every_dialect(
    read: Read, name: str, text: str
) -> None:
    assert only(read(text, name=name)).mounts == (Volume("x.nas:/data", "/mnt/data"),)


@each_dialect
def test_a_file_system_of_its_own_has_the_place_that_the_vendors_tools_give_it(
    read: Read, name: str, text: str
) -> None:
    auto = re.sub(r"asConfig:[^/]*/data[^\n]*", "asConfig: Auto", text)

    assert only(read(auto, name=name)).mounts == (Volume("auto", "/mnt/auto"),)


def test_buckets_stand_behind_file_systems_and_may_be_read_only(fc3: Read) -> None:
    function = only(
        fc3(
            "nasConfig: {mountPoints: [{serverAddr: 'n:/', mountDir: /mnt/n}]}\n"
            "ossMountConfig:\n  mountPoints:\n"
            "    - {bucketName: b, bucketPath: /p/, mountDir: /mnt/b/, readOnly: true}\n"
            "    - {bucketName: c, mountDir: /mnt/c}"
        )
    )

    assert function.mounts == (
        Volume("n:/", "/mnt/n"),
        Volume("oss://b/p", "/mnt/b", writable=False),
        Volume("oss://c", "/mnt/c"),
    )


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("{serverAddr: h}", "`mountDir` is missing, so it is not mounted"),
        ("{serverAddr: h, mountDir: data}", "`mountDir` is `data`, no absolute path"),
        ("{serverAddr: h, mountDir: /mnt/../etc}", "`mountDir` is `/mnt/../etc`, no absolute path"),
        ("{serverAddr: h, mountDir: /code/}", "`mountDir` is `/code/`, where nothing can be"),
        ("{serverAddr: h, mountDir: /}", "`mountDir` is `/`, where nothing can be mounted"),
        ("{serverAddr: h, mountDir: '${env(NO)}'}", "where nothing can be mounted"),
    ],
)
def test_a_place_where_nothing_can_be_is_left_out_with_its_line(
    fc3: Read, point: str, message: str
) -> None:
    reading: Reading = fc3(f"nasConfig:\n  mountPoints:\n    - {point}")

    assert reading.functions[0].mounts == ()
    assert any(
        each.startswith("warning s.yaml:12 resize: ") and message in each for each in told(reading)
    ), told(reading)


def test_two_mounts_at_one_place_are_told(fc3: Read) -> None:
    reading = fc3(
        "nasConfig: {mountPoints: [{serverAddr: a, mountDir: /mnt/x}]}\n"
        "ossMountConfig: {mountPoints: [{bucketName: b, mountDir: /mnt/x}]}"
    )

    assert reading.functions[0].mounts == (Volume("a", "/mnt/x"),)
    assert "`/mnt/x` is the place of two mounts" in told(reading)[0]


def test_more_mounts_than_the_cloud_takes_are_told(fc3: Read) -> None:
    points = ", ".join(f"{{serverAddr: h, mountDir: /mnt/{n}}}" for n in range(6))

    reading = fc3(f"nasConfig: {{mountPoints: [{points}]}}")

    assert told(reading) == [
        "warning s.yaml:10 resize: there are 6 mount points; the cloud takes 5."
    ]


def test_a_mount_configuration_that_is_none_is_told(fc3: Read) -> None:
    reading = fc3("nasConfig: yes please")

    assert reading.functions[0].mounts == ()
    assert "`nasConfig` is `yes please`, so nothing is mounted" in told(reading)[0]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("s.yaml", FC3, ["code/.fcignore"]),
        ("s.yaml", FC, ["code/.fcignore"]),
        ("template.yml", FUN, ["code/.funignore", ".funignore"]),
    ],
)
def test_the_files_that_say_what_is_not_uploaded_are_those_of_the_dialect(
    read: Read, tmp_path: Path, name: str, text: str, expected: list[str]
) -> None:
    function = only(read(text, name=name))

    assert [str(each.relative_to(tmp_path)) for each in function.ignores] == expected


def test_a_lone_file_honours_the_rules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "index.py").touch()

    function = lone_function(tmp_path, "index.py", "handler", "")

    assert function.ignores == (tmp_path / ".fcignore",)
