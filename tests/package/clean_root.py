"""A clean Debian 12 in a folder, and commands that run in it."""

import shlex
import subprocess
from pathlib import Path

# Mounts are the command's own and vanish with it.
ENTER = (
    "mount --make-rprivate / && mount --rbind /dev {root}/dev && mount -t proc proc {root}/proc"
    ' && exec chroot {options} {root} "$@"'
)
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
# As unattended-upgrades answers for an administrator.
APT = ("apt-get", "-y", "-q", "-oDpkg::Use-Pty=0")
KEEP = ("-oDpkg::Options::=--force-confdef", "-oDpkg::Options::=--force-confold")


class CleanRoot:
    def __init__(self, archive: Path, folder: Path) -> None:
        self.path = folder
        subprocess.run(["tar", "-C", folder, "-xf", archive], check=True, timeout=300)
        for name in ("resolv.conf", "hosts"):
            (folder / "etc" / name).write_bytes(Path("/etc", name).read_bytes())
        # No service starts in a folder.
        policy = folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def command(self, *words: str, user: str = "") -> list[str]:
        options = f"--userspec={user}:{user}" if user else ""
        enter = ENTER.format(root=shlex.quote(str(self.path)), options=options)
        return ["unshare", "--mount", "sh", "-c", enter, "sh", *words]

    def run(
        self, *words: str, user: str = "", check: bool = True, timeout_s: float = 600
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words, user=user),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
        )
        assert not check or done.returncode == 0, f"{shlex.join(words)}:\n{done.stdout[-4000:]}"
        return done

    def install(self, *packages: str) -> str:
        return self.run(*APT, *KEEP, "install", *packages).stdout

    def take_in(self, package: Path) -> str:
        """Copies a file into /tmp of the root, and says where it is."""
        (self.path / "tmp" / package.name).write_bytes(package.read_bytes())
        return f"/tmp/{package.name}"

    def named(self, word: str) -> set[str]:
        """Every file whose name holds the word, but for pages that man keeps as it showed them."""
        wanted = ("-name", f"*{word}*", "!", "-path", "/tmp/*", "!", "-path", "/var/cache/man/*")
        return set(self.run("find", "/", "-xdev", *wanted).stdout.split("\n")) - {""}

    def text(self, path: str) -> str:
        return (self.path / path.lstrip("/")).read_text()

    def stat(self, path: str) -> str:
        return self.run("stat", "-c", "%U:%G %a", path).stdout.strip()
