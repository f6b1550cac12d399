"""A clean root that runs: systemd is process 1 of namespaces of its own, on this machine's network.

So units start as they do for an operator, hardening included.
"""

import os
import subprocess
from pathlib import Path

from package.clean_root import ENVIRONMENT, CleanRoot
from support.waiting import until

# Below the group that the script joins, systemd makes those of the units.
JOIN = """
echo $$ >"$1/cgroup.procs"
exec unshare --mount --pid --fork --cgroup --uts --ipc --kill-child sh -ec "$3" sh "$2"
"""
# A root of its own, not chroot: units with user namespaces refuse to start in one. Kernel settings
# and devices are this machine's, and out of reach.
BOOT = """
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do cp -a /dev/$node dev; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . .
umount -l .
exec /usr/bin/env -i container=other /lib/systemd/systemd --show-status=no --unit=multi-user.target
"""


def unified_groups() -> Path:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, path, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(path)
    raise AssertionError("no cgroup2 is mounted here, which systemd needs")


class Machine:
    def __init__(self, root: CleanRoot) -> None:
        (root.path / "usr/sbin/policy-rc.d").unlink()
        self._group = unified_groups() / f"exchange-life-{os.getpid()}"
        self._group.mkdir()
        self._process = subprocess.Popen(
            ["sh", "-ec", JOIN, "sh", self._group, root.path, BOOT],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._runs, within_s=60, what="systemd has started")

    def _runs(self) -> bool:
        assert self._process.poll() is None, "systemd has ended"
        return self.run("systemctl", "is-active", "multi-user.target", check=False) == "active\n"

    def run(self, *words: str, check: bool = True) -> str:
        pid = self._process.pid
        first = Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()
        done = subprocess.run(
            ["nsenter", "--target", first, "-m", "-p", "-C", "-u", "-i", "-r", "-w", *words],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert not check or done.returncode == 0, f"{' '.join(words)}:\n{done.stdout[-4000:]}"
        return done.stdout

    def shown(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def log_of(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit)

    def close(self) -> None:
        self._process.kill()
        self._process.wait(30)
        until(self._group_is_gone, within_s=30, what="all processes of the machine have ended")

    def _group_is_gone(self) -> bool:
        folders = [*self._group.rglob("*/"), self._group]
        for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
            try:
                folder.rmdir()
            except OSError:
                return False
        return True
