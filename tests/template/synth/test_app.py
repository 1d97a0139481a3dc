"""An app that does not synthesize is one clear line, and nothing that it started stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stackproof.core.errors import SynthError
from stackproof.template.synth.app import AppRun, run_app

MANIFEST = "import os, pathlib\nout = pathlib.Path(os.environ['CDK_OUTDIR'])\nout.mkdir()\n"
MANIFEST += "(out / 'manifest.json').write_text('{}')\n"


def ran(folder: Path, command: str = "python app.py", timeout: float = 60.0) -> AppRun:
    (folder / "beside").mkdir(exist_ok=True)
    return run_app(
        command=command,
        directory=folder,
        output=folder / "beside" / "cdk.out",
        context={},
        environment={},
        coverage=False,
        timeout=timeout,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise SystemExit(4)", r"ended with exit code 4: it printed nothing$"),
        ("print('first')\nraise ValueError('no such zone')", r"exit code 1: ValueError: no such zone$"),
        ("import os\nos.environ['TEAM']", r"KeyError: 'TEAM' \(.* name it in \[tool.stackproof\] synth_env\)$"),
        ("import no_such_library", r"no_such_library' \(install it beside stackproof: .* -m pip install …\)$"),
        ("import os\nos.kill(os.getpid(), 9)", r"was killed by signal 9: it printed nothing$"),
        ("", r"ended well but wrote no cloud assembly: it must call app.synth\(\)"),
    ],
)
@pytest.mark.usefixtures("processes")
def test_an_app_that_fails_is_one_line_that_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    with pytest.raises(SynthError, match=said) as caught:
        ran(tmp_path)
    assert "the app `python app.py`" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.usefixtures("processes")
def test_all_that_a_failed_app_printed_is_kept(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("print('first')\nraise ValueError('last')", encoding="utf-8")
    with pytest.raises(SynthError) as caught:
        ran(tmp_path)
    assert caught.value.output.startswith("first\nTraceback")


@pytest.mark.usefixtures("processes")
def test_an_app_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child.part', 'w').write(str(child.pid))\n"
        "import os; os.rename('child.part', 'child')\n"
        "time.sleep(600)\n",
        encoding="utf-8",
    )
    for seconds in (2, 20, 200):  # a machine that is busy may need more for the child alone
        with pytest.raises(SynthError, match=rf"did not end within {seconds} s \(synth_timeout\)"):
            ran(tmp_path, timeout=seconds)
        if (tmp_path / "child").exists():
            break
    status = Path("/proc", (tmp_path / "child").read_text(encoding="utf-8"), "stat")

    def is_gone() -> bool:
        try:
            return status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in {"Z", "X"}
        except (FileNotFoundError, ProcessLookupError):
            return True

    for _ in range(300):  # it was killed; a machine that is busy takes its time to end it
        if is_gone():
            break
        time.sleep(0.1)
    assert is_gone()


@pytest.mark.usefixtures("processes")
def test_what_an_app_leaves_to_its_end_is_done(tmp_path: Path) -> None:
    text = (
        "import atexit\n"
        "atexit.register(lambda: print('goodbye'))\n"
        "kept = open('beside/kept', 'w', encoding='utf-8')\n"
        "kept.write('not closed')\n"
        "raw = open('beside/raw', 'wb')\n"
        "raw.write(b'neither')\n"
    )
    (tmp_path / "app.py").write_text(MANIFEST + text + "raise SystemExit(0)\n", encoding="utf-8")
    assert ran(tmp_path).output == "goodbye\n"
    assert (tmp_path / "beside" / "kept").read_text(encoding="utf-8") == "not closed"
    assert (tmp_path / "beside" / "raw").read_bytes() == b"neither"


@pytest.mark.parametrize(
    "opened",
    [
        "import gzip; kept = gzip.open('beside/kept', 'wt'); kept.write('x' * 9)",
        "import zipfile; kept = zipfile.ZipFile('beside/kept', 'w'); kept.writestr('a', 'x')",
        "import io; kept = type('T', (io.TextIOWrapper,), {})(open('beside/kept', 'wb')); kept.write('x' * 9)",
    ],
    ids=["gzip", "zip", "own"],
)
@pytest.mark.usefixtures("processes")
def test_what_has_an_end_of_its_own_to_write_is_left_to_python(tmp_path: Path, opened: str) -> None:
    (tmp_path / "app.py").write_text(MANIFEST + opened, encoding="utf-8")
    ran(tmp_path)
    plain = subprocess.run(
        [sys.executable, "-c", f"import os; os.makedirs('plain/beside'); os.chdir('plain'); {opened}"],
        cwd=tmp_path,
        check=False,
    )
    assert plain.returncode == 0
    made, wanted = (tmp_path / "beside" / "kept").stat(), (tmp_path / "plain" / "beside" / "kept").stat()
    assert made.st_size == wanted.st_size


@pytest.mark.usefixtures("processes")
def test_an_odd_exit_code_is_told_as_python_tells_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(MANIFEST + "import sys; sys.exit(['bad thing'])", encoding="utf-8")
    with pytest.raises(SynthError, match=r"exit code 1: \['bad thing'\]"):
        ran(tmp_path)


def test_a_command_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="cannot be read: 'python \"app"):
        ran(tmp_path, 'python "app')


@pytest.mark.parametrize("command", ["python3 app.py", "python app.py && true", f"{sys.executable} app.py"])
@pytest.mark.usefixtures("processes")
def test_only_a_plain_command_of_this_python_is_traced(tmp_path: Path, command: str) -> None:
    (tmp_path / "app.py").write_text(MANIFEST, encoding="utf-8")
    made = ran(tmp_path, command)
    assert (made.outside is not None) == (command == "python3 app.py")
    assert made.coverage_file is None


@pytest.mark.usefixtures("processes")
def test_an_app_in_any_language_needs_only_write_to_the_folder_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "manifest.json").write_text("{}", encoding="utf-8")
    made = ran(tmp_path, 'echo copying; cp -r prepared "$CDK_OUTDIR"')
    assert made.output == "copying\n"
    assert (tmp_path / "beside" / "cdk.out" / "manifest.json").is_file()


@pytest.mark.usefixtures("processes")
def test_node_is_the_one_that_the_person_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "/opt/node")
    (tmp_path / "app.py").write_text(MANIFEST + "print(os.environ['JSII_NODE'])", encoding="utf-8")
    assert ran(tmp_path).output == "/opt/node\n"


def test_without_any_node_it_is_said_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JSII_NODE", raising=False)
    with pytest.raises(SynthError, match=r"pip install 'stackproof\[cdk\]'"):
        ran(tmp_path)


@pytest.mark.usefixtures("processes")
def test_node_on_the_path_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text(MANIFEST + "print('JSII_NODE' in os.environ)", encoding="utf-8")
    node = tmp_path / "bin" / "node"
    node.parent.mkdir()
    node.write_text("#!/bin/sh\n", encoding="utf-8")
    node.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", f"{node.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("JSII_NODE", raising=False)
    assert ran(tmp_path).output == "False\n"
