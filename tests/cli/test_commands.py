"""What every command has in common: help with an example, plain output, and one clear line for what is wrong."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from stackproof import __version__
from stackproof.cli import commands, main
from tests.running import environment, project, run, stackproof
from tests.watching import Watch, listens, needs_proc, started


def leaves(group: click.Group = commands, *path: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        each = group.get_command(context, name)
        assert each is not None
        found += leaves(each, *path, name) if isinstance(each, click.Group) else [(*path, name)]
    return found


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize("path", leaves(), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert called(*path, "--help") == 0
    printed = capsys.readouterr().out
    assert re.search(rf"Examples?:\n +(eval \"\$\()?stackproof {' '.join(path)}", printed)


def test_the_commands_and_exit_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("-h") == 0
    printed = capsys.readouterr().out
    assert {leaf[0] for leaf in leaves()} <= set(re.findall(r"^  ([\w-]+)", printed, re.MULTILINE))
    assert re.findall(r"^ +(\d)  ", printed, re.MULTILINE) == ["0", "1", "2", "3"]


NO_REGION = "--region moon: this is not a region: give one like eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/x"
URL = ("--endpoint-url", "http://127.0.0.1:1")


@pytest.mark.parametrize("command", ["prove", "deploy", "drift audit", "target describe"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--region", "moon"), NO_REGION),
        (("--region", "moon", "--target", "moto"), NO_REGION),
        (("--profile", "nix", *URL), "--profile nix: http://127.0.0.1:1 is an emulator"),
        (("--profile", "nix", "--target", "moto"), "--profile nix: moto is an emulator, which takes any credentials"),
        (("--role-arn", "foo", *URL), "--role-arn foo: this is not the ARN of a role"),
        (("--role-arn", ROLE, "--target", "moto"), "moto is started for this run and has no such role"),
    ],
    ids=["region", "region of an emulator", "profile", "profile of an emulator", "role", "role of a new emulator"],
)
@pytest.mark.usefixtures("processes")
def test_what_no_place_can_be_asked_for_is_2_before_anything_starts(
    command: str,
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project("tiny", tmp_path))
    assert called(*command.split(), *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err.splitlines()[-1]
    assert "starting" not in printed.err


NOT_WRITTEN = (
    ("prove",),
    ("iam-policy",),
    ("target", "up"),
    ("check",),
    ("deploy",),
    ("drift", "audit"),
    ("synth",),
)


@pytest.mark.parametrize("arguments", NOT_WRITTEN, ids=" ".join)
def test_a_project_that_cannot_be_written_is_2_with_what_to_do(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in place of the folder refuses every user; permissions do not keep root out."""
    folder = project("tiny", tmp_path)
    (folder / ".stackproof").write_text("", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert called(*arguments) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("stackproof: ")]
    assert line.startswith(f"stackproof: error: {folder}/.stackproof: cannot be written (")
    assert line.endswith("name a folder that can be written with the environment variable STACKPROOF_STATE_DIR")


@pytest.mark.usefixtures("processes")
def test_what_is_kept_may_lie_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project("tiny", tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("STACKPROOF_STATE_DIR", str(tmp_path / "elsewhere"))
    assert called("synth") == 0
    assert (tmp_path / "elsewhere" / ".stackproof" / "synth").is_dir()
    assert not (folder / ".stackproof").exists()
    monkeypatch.setenv("STACKPROOF_STATE_DIR", "within")  # from the project's root; the app does not read it
    assert [called("synth"), called("synth")] == [0, 0]
    assert "".join(capsys.readouterr()).count("from the cache") == 1
    assert called("cache", "clean") == 0
    assert list((folder / "within").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("iam-policy",), ("check", "--format", "json")], ids=" ".join)
@pytest.mark.usefixtures("processes")
def test_a_report_that_cannot_be_written_is_3_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stackproof", *arguments]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command, cwd=project("tiny", tmp_path), env=environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    said = done.stderr.decode()
    assert said.splitlines()[-1] == "stackproof: error: the report could not be written: No space left on device"
    assert "Traceback" not in said


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert stackproof(tmp_path, "--version").stdout == f"stackproof, version {__version__}\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("check", "--nonsense"), ("synth", "-c", "nonsense")])
@pytest.mark.usefixtures("in_tmp_path")
def test_a_wrong_command_line_is_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert called(*arguments) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "usage", "message", "code"),
    [
        (("chek",), "stackproof", "No such command 'chek'.", 2),
        (("check", "--strct"), "stackproof check", "No such option '--strct'.", 2),
        (("versions", "explain", "postgres"), "stackproof versions explain", "Missing argument 'VERSION'.", 2),
        (("prove", "--jobs", "0"), "stackproof prove", "Invalid value for '--jobs': 0 is not in the range", 2),
        (("prove", "--stack", "a", "--stack", "b"), "", "--stack takes one stack, not 2", 2),
        (("check", "--output", "a", "--output", "b"), "", "--output a: give the --format before its --output", 2),
        (("synth",), "", "pyproject.toml:2: [tool.stackproof] nonsense: unknown key: known are ", 2),
        (("drift", "adopt", "gone.json"), "", "gone.json: cannot be read: No such file or directory", 3),
    ],
    ids=["command", "option", "argument", "value", "repeated", "outputs", "configuration", "input"],
)
def test_every_error_has_one_prefix(
    arguments: tuple[str, ...],
    usage: str,
    message: str,
    code: int,
    in_tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Errors of click, of the configuration and of a file: one line each, and before it at most the usage."""
    if arguments == ("synth",):
        (in_tmp_path / "pyproject.toml").write_text("[tool.stackproof]\nnonsense = 1\n", encoding="utf-8")
    assert called(*arguments) == code
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith(f"stackproof: error: {message}")
    assert sum("rror:" in line for line in lines) == 1
    if usage:
        assert lines[-3] == f"Try '{usage} --help' for help."


@pytest.mark.parametrize("command", ["synth", "check", "gate", "deploy", "prove"])
@pytest.mark.usefixtures("in_tmp_path")
def test_where_there_is_no_app_it_is_said_what_to_do(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(command) == 2
    shown = capsys.readouterr().err
    assert re.search(r"stackproof: error: there is no CDK app in .*cdk\.json", shown)
    assert shown.endswith(", or give templates: stackproof check template.yaml\n") == (command == "check")
    assert "give templates" not in shown or command == "check"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), ZeroDivisionError("x")])
def test_a_command_that_is_broken_off_has_decided_nothing(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise error

    monkeypatch.setitem(commands.commands, "broken", click.Command("broken", callback=broken))
    assert called("broken") == 3
    printed = capsys.readouterr().err.strip()
    if isinstance(error, ZeroDivisionError):
        assert "ZeroDivisionError: x" in printed
        assert printed.splitlines()[-1].startswith("stackproof: internal error: there is no result")
    else:
        assert printed == "stackproof: interrupted"


@pytest.mark.parametrize("arguments", [("check", "--format", "json"), ("check",), ("synth",)])
@pytest.mark.usefixtures("processes")
def test_a_reader_that_goes_away_is_no_violation_and_no_traceback(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Whether the output is longer than what Python keeps before it writes, or not."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "stackproof", *arguments],
        cwd=project("tiny", tmp_path),
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


# --- cache


@pytest.mark.usefixtures("processes")
def test_the_cache_is_shown_and_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project("tiny", tmp_path)
    monkeypatch.chdir(folder)
    assert called("cache", "info") == 0
    assert capsys.readouterr().out == f"{folder / '.stackproof'}: 0 files, 0.0 MB\n"
    assert called("synth") == 0
    capsys.readouterr()
    assert called("cache", "info") == 0
    shown = re.fullmatch(rf"{folder / '.stackproof'}: (\d+) files, 0\.0 MB\n", capsys.readouterr().out)
    assert shown is not None
    assert int(shown[1]) > 3
    assert called("cache", "clean") == 0
    assert capsys.readouterr().out == f"{folder / '.stackproof'}: removed {shown[1]} files, 0.0 MB\n"
    assert not (folder / ".stackproof").exists()
    assert called("synth") == 0
    assert "synthesized in" in capsys.readouterr().err
    assert called("cache", "info") == 0
    [count] = re.findall(r": (\d+) files", capsys.readouterr().out)
    kept = ("audits.db", "ephemeral/sp-1.json", "target.json")
    (folder / ".stackproof" / "ephemeral").mkdir()
    for name in kept:
        (folder / ".stackproof" / name).write_text("{}", encoding="utf-8")
    assert called("cache", "clean") == 0
    assert capsys.readouterr().out == (
        f"{folder / '.stackproof'}: removed {count} files, 0.0 MB\n"
        "kept audits.db: the memory of audits\n"
        "kept ephemeral: notes about ephemeral stacks; `stackproof target clean` removes such stacks\n"
        "kept target.json: the emulator that `stackproof target up` started\n"
    )
    assert all((folder / ".stackproof" / name).is_file() for name in kept)


# --- tools


def test_tools_that_are_there_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stackproof.policy.engines import tools

    monkeypatch.setenv("STACKPROOF_TOOLS_DIR", str(tmp_path))
    python = tools.checkov_directory() / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tools.checkov_directory() / tools._MARKER).touch()
    assert called("tools", "install") == 0
    said = f"checkov {tools.CHECKOV_VERSION} is already installed: {tools.checkov_directory()}\n"
    assert capsys.readouterr() == (said, "")


def test_an_engine_that_is_named_and_missing_is_2_with_the_command_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACKPROOF_TOOLS_DIR", str(tmp_path / "none"))
    folder = project("tiny", tmp_path)
    monkeypatch.chdir(folder)
    (folder / "pyproject.toml").write_text("[tool.stackproof.engines]\ncheckov = {}\n", encoding="utf-8")
    assert called("check") == 2
    assert capsys.readouterr().err == "stackproof: error: checkov is not installed: stackproof tools install\n"


@pytest.mark.usefixtures("processes")
def test_an_engine_that_is_missing_where_none_is_named_is_said(tmp_path: Path) -> None:
    (tmp_path / "template.json").write_text('{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}', encoding="utf-8")
    done = stackproof(tmp_path, "check", "template.json", STACKPROOF_TOOLS_DIR=str(tmp_path / "none"))
    assert done.returncode in {0, 1}, done.stderr
    printed = " ".join(done.stdout.split())
    assert "warning: checkov: checkov skipped: not installed (run 'stackproof tools install')" in printed


# --- target


@needs_proc
@pytest.mark.usefixtures("processes")
def test_an_emulator_runs_from_up_to_down(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")

    def target(word: str) -> tuple[str, str]:
        done = run(folder, "stackproof", "target", word, **watch.variables)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    assert target("status") == ("no emulator runs that 'stackproof target up' started\n", "")
    assert target("down")[1] == "no emulator runs that 'stackproof target up' started\n"
    try:
        first = target("up")[0]
        assert target("up")[0] == first
        url = re.fullmatch(r"export AWS_ENDPOINT_URL=(http://127\.0\.0\.1:\d+)\n", first)
        assert url is not None
        assert listens(url[1])
        assert re.fullmatch(rf"moto runs at {url[1]} \(process \d+\)\n", target("status")[0])
        deployed = stackproof(folder, "deploy", "--endpoint-url", url[1])
        assert deployed.stdout.startswith("Tiny: CREATE_COMPLETE, 2 resources on endpoint\n"), deployed.stderr
    finally:
        assert target("down")[1].endswith(f"stopped {url[1] if url else ''}\n")
    assert watch.started("stackproof.targets.emulators.moto_server") == 1
    assert watch.left() == []
    assert not listens(url[1])


@needs_proc
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("processes")
def test_an_emulator_by_name_runs_in_the_foreground_until_a_signal(sent: signal.Signals, tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    with started(folder, ("stackproof", "target", "up", "ministack"), **watch.variables) as process:
        assert process.stdout is not None
        url = next(each for line in process.stdout if (each := re.search(r"AWS_ENDPOINT_URL=(\S+)", line)))
        assert listens(url[1])
        deployed = stackproof(folder, "deploy", "--target", "ministack", "--endpoint-url", url[1])
        assert deployed.stdout.startswith("Tiny: CREATE_COMPLETE, 2 resources on ministack\n"), deployed.stderr
        os.killpg(process.pid, sent)
        assert process.wait(60) == 0
    assert watch.started("stackproof.targets.emulators.ministack_server") == 1
    assert watch.left() == []
    assert not listens(url[1])


@pytest.mark.usefixtures("processes")
def test_several_targets_are_proven_one_by_one_and_together(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    done = stackproof(folder, "prove", "--target", "moto,ministack", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["target"] == "moto + ministack"
    assert {name: target["resources"]["proven"] for name, target in report["targets"].items()} == {
        "moto": 2,
        "ministack": 2,
    }
    assert stackproof(folder, "prove", "--target", "moto,prod").returncode == 2


@pytest.mark.parametrize(
    "noted", ["{", "[]", "{}", '{"pid": "0x"}', '{"pid": "1", "endpoint_url": "http://127.0.0.1:1"}']
)
def test_a_process_that_is_not_ours_is_left_alone(
    noted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project("tiny", tmp_path)
    monkeypatch.chdir(folder)
    (folder / ".stackproof").mkdir()
    (folder / ".stackproof" / "target.json").write_text(noted, encoding="utf-8")
    assert called("target", "down") == 0
    assert capsys.readouterr().err == "no emulator runs that 'stackproof target up' started\n"


# --- output


@pytest.mark.parametrize("more", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
@pytest.mark.usefixtures("processes")
def test_output_that_no_terminal_reads_is_plain(more: dict[str, str], tmp_path: Path) -> None:
    done = stackproof(project("tiny", tmp_path), "gate", "--static", **more)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


@pytest.mark.usefixtures("processes")
def test_a_terminal_with_no_color_gets_plain_output(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb") as reading:
        process = subprocess.Popen(
            [sys.executable, "-m", "stackproof", "check"],
            cwd=project("tiny", tmp_path),
            env={**environment(), "NO_COLOR": "1"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        printed = b""
        while True:
            try:
                chunk = os.read(reading.fileno(), 4096)
            except OSError:  # how Linux says that the other side has closed
                break
            if not chunk:
                break
            printed += chunk
        assert process.wait() == 0
    assert b"rules held" in printed
    assert b"\x1b" not in printed


@pytest.mark.usefixtures("processes")
def test_reports_go_where_each_output_says(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    (folder / "out").mkdir()
    arguments = ("--format", "json", "--output", "out/check.json", "--format", "terminal", "--output", "-")
    done = stackproof(folder, "check", *arguments)
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "policy: ")
    assert json.loads((folder / "out" / "check.json").read_text(encoding="utf-8"))["command"] == "check"
    more = stackproof(folder, "check", "--output", "a", "--output", "b")
    assert (more.returncode, more.stderr[:27]) == (2, "stackproof: error: --output")
    (folder / "file").touch()
    where = stackproof(folder, "check", "--output", "file/check.txt")
    assert where.returncode == 2
    assert "--output file/check.txt: file: is not a folder" in where.stderr
