"""Files for a stack: archives are the same bytes for the same files."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from stackproof.core.errors import TargetError
from stackproof.targets.cloudformation.assets import AssetStore, zipped
from stackproof.template.assembly import FileAsset
from tests.live_fakes import RecordedClient, failure, stack

BODY: dict[str, dict[str, str]] = {"Resources": {}}


def test_an_archive_depends_on_nothing_but_its_files(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        names = ["b.py", "a.py", "inner/c.py"]
        for name in names if folder == "one" else reversed(names):
            (tmp_path / folder / name).write_text(name)
    (tmp_path / "one" / "a.py").chmod(0o700)
    (tmp_path / "two" / "a.py").chmod(0o755)
    os.utime(tmp_path / "two" / "b.py", (0, 10**9))
    assert zipped(tmp_path / "one") == zipped(tmp_path / "two")
    archive = zipfile.ZipFile(BytesIO(zipped(tmp_path / "one")))
    assert archive.namelist() == ["a.py", "b.py", "inner/c.py"]
    assert archive.getinfo("a.py").external_attr >> 16 == 0o100755
    assert archive.getinfo("b.py").external_attr >> 16 == 0o100644


def client(**answers: object) -> RecordedClient:
    made = RecordedClient(answers)
    made.exceptions = SimpleNamespace(ClientError=ClientError, NoSuchBucket=KeyError)
    return made


def store(s3: RecordedClient, *, region: str = "eu-west-1", partition: str = "aws", makes: bool = False) -> AssetStore:
    return AssetStore(s3, account="1", region=region, partition=partition, makes_buckets=makes)


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    s3 = client(head_object={})
    asset = FileAsset(path="gone", packaging="file", bucket="b-${AWS::AccountId}", key="${AWS::Region}/k")
    store(s3).publish(stack(BODY, path=str(tmp_path / "t.json"), assets=(asset,)))
    assert s3.calls == [("head_object", {"Bucket": "b-1", "Key": "eu-west-1/k"})]


def test_a_file_that_is_missing_is_said(tmp_path: Path) -> None:
    asset = FileAsset(path="gone", packaging="file", bucket="b", key="k")
    with pytest.raises(TargetError, match="cannot read the asset gone: No such file"):
        store(client(head_object=failure("404"))).publish(stack(BODY, path=str(tmp_path / "t.json"), assets=(asset,)))


def test_a_bucket_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    asset = FileAsset(path="x", packaging="file", bucket="b", key="k")
    with pytest.raises(TargetError, match="publishing to bucket b: 403"):
        store(client(head_object=failure("403"))).publish(stack(BODY, path=str(tmp_path / "t.json"), assets=(asset,)))


def test_an_emulators_bucket_is_made_in_its_region() -> None:
    s3 = client(head_bucket=failure("404"), create_bucket={}, head_object={})
    url = store(s3, makes=True).put_template(stack(BODY), "{}")
    assert dict(s3.calls)["create_bucket"] == {
        "Bucket": "cdk-hnb659fds-assets-1-eu-west-1",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
    }
    assert url.startswith("https://s3.eu-west-1.amazonaws.com/cdk-hnb659fds-assets-1-eu-west-1/stackproof/")


def test_a_templates_url_in_china() -> None:
    url = store(client(head_object={}), region="cn-north-1", partition="aws-cn").put_template(stack(BODY), "{}")
    assert url.startswith("https://s3.cn-north-1.amazonaws.com.cn/")
