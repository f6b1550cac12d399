"""Completions, asked of the shells themselves, against what --help tells."""

import os
import pty
import re
import select
import shlex
import subprocess
from pathlib import Path

import pytest
from support.commands import all_commands, exchange
from support.waiting import until

SHELLS = ("bash", "zsh", "fish")
# Prints the line that is being edited, whenever ^G is typed.
ZSH_START = """
autoload -Uz compinit && compinit -u -D
source {script}
PROMPT='' RPROMPT=''
show() {{ print -r -- "<$BUFFER>" }}
zle -N show
bindkey '^G' show
print ready-now
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("completions")
    paths = {}
    for shell in SHELLS:
        paths[shell] = folder / f"_exchange.{shell}"
        paths[shell].write_text(exchange("completion", shell))
    return paths


def everywhere() -> frozenset[str]:
    """Options of the program, which each verb understands."""
    return all_commands()[0].options


def run(shell: str, text: str) -> list[str]:
    plain = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run([shell, *plain, "-c", text], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, ""), f"{shell}: {done.stderr}"
    return done.stdout.splitlines()


def bash_completes(script: Path, *words: str) -> set[str]:
    quoted = " ".join(shlex.quote(word) for word in ("exchange", *words))
    return set(
        run(
            "bash",
            f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _exchange;"
            ' printf "%s\\n" "${COMPREPLY[@]}"',
        )
    ) - {""}


def fish_completes(script: Path, *words: str) -> set[str]:
    line = shlex.quote(" ".join(("exchange", *words)))
    return {found.split("\t")[0] for found in run("fish", f"source {script}; complete -C {line}")}


ASK = {"bash": bash_completes, "fish": fish_completes}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_valid(shell, scripts):
    subprocess.run([shell, "-n", scripts[shell]], check=True, timeout=30)


@pytest.mark.parametrize("shell", ASK)
def test_it_offers_every_option_of_each_verb(shell, scripts):
    for command in all_commands():
        offered = ASK[shell](scripts[shell], *command.path, "-")
        assert offered == command.options | everywhere(), command


@pytest.mark.parametrize("shell", ASK)
def test_it_offers_the_verbs_below_each_verb(shell, scripts):
    for command in all_commands():
        if command.verbs:
            assert ASK[shell](scripts[shell], *command.path, "") == command.verbs, command


@pytest.mark.parametrize("shell", ASK)
def test_it_offers_the_members_of_a_set_and_the_names_of_files(shell, scripts, tmp_path):
    ask = ASK[shell]
    (tmp_path / "january.ndjson").touch()
    assert ask(scripts[shell], "push", "--api", "") == {"v1", "v2"}
    assert ask(scripts[shell], "completion", "") == set(SHELLS)
    for words in (["push"], ["--config"], ["push", "--results"]):
        assert ask(scripts[shell], *words, f"{tmp_path}/jan") == {f"{tmp_path}/january.ndjson"}


@pytest.mark.parametrize("shell", ASK)
def test_a_value_is_not_taken_for_a_verb(shell, scripts):
    ask = ASK[shell]
    assert ask(scripts[shell], "--config", "serve", "outbox", "rel") == {"release"}


def zsh_arguments(script: Path, *path: str) -> set[str]:
    """The options that the function of a verb gives to _arguments."""
    told = run(
        "zsh",
        f'compdef() {{}}; source {script}; _arguments() {{ print -rl -- "$@" }};'
        f" _describe() {{}}; {'_'.join(('_exchange', *path))}",
    )
    return {
        name for line in told for name in re.findall(r"^(?:\([^)]*\))?\*?(-\w|--[\w-]+)=?\[", line)
    }


def test_zsh_is_told_every_option_of_each_verb(scripts):
    for command in all_commands():
        told = zsh_arguments(scripts["zsh"], *command.path)
        assert told == command.options | everywhere(), command


def test_zsh_completes_at_its_prompt(scripts, tmp_path):
    start = tmp_path / "start"
    start.write_text(ZSH_START.format(script=scripts["zsh"]))
    leader, follower = pty.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(tmp_path)},
        start_new_session=True,
    )
    seen = ""

    def shows(text: str) -> bool:
        nonlocal seen
        while select.select([leader], [], [], 0)[0]:
            seen += os.read(leader, 65536).decode(errors="replace")
        return text in seen

    try:
        os.write(leader, f"source {start}\n".encode())
        until(lambda: shows("ready-now"), within_s=20, what="zsh has started")
        for typed, line in (
            (b"exchange outb", "<exchange outbox >"),
            (b"li", "<exchange outbox list >"),
            (b"--rec", "<exchange outbox list --record=>"),
        ):
            os.write(leader, typed + b"\t\a")
            until(lambda line=line: shows(line), within_s=10, what=f"zsh shows {line}")
    finally:
        shell.kill()
        shell.wait(10)
        os.close(leader)
        os.close(follower)
