import sys
from pathlib import Path

import pytest

from localfn.reload.filesystems import silent

MOUNTS = """\
22 1 98:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:25 / /share rw shared:2 - nfs4 host:/share rw
31 30 0:26 / /share/fast rw shared:3 - ext4 /dev/sdb rw
32 22 0:27 / /mnt/c rw - 9p C: rw
33 22 0:28 / /with\\040space rw - cifs //host/x rw
34 22 0:29 / /remote rw - fuse.sshfs me@host: rw
35 22 0:30 / /over rw - nfs4 host:/x rw
36 22 0:31 / /over rw - ext4 /dev/sdc rw
a line that is none
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a table")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", ""),
        ("/share", "nfs4"),
        ("/share/deep/down", "nfs4"),
        ("/share/fast/code", ""),
        ("/shared", ""),
        ("/mnt/c/Users/me", "9p"),
        ("/with space/code", "cifs"),
        ("/remote/code", "fuse.sshfs"),
        ("/over/code", ""),
    ],
)
def test_file_systems_that_tell_nobody_are_known(path: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)

    assert silent(path, tmp_path / "mountinfo") == kind


def test_an_unknown_system_is_trusted(tmp_path: Path) -> None:
    assert silent("/home/me", tmp_path / "absent") == ""
