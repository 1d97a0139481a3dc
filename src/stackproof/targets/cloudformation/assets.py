"""Files that must lie in a bucket before a stack is created."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stackproof.core.errors import TargetError
from stackproof.targets.failures import error_code, translated_errors
from stackproof.template.assembly import FileAsset, Stack

__all__ = ["AssetStore", "zipped"]

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that an archive can hold
_ABSENT: Final = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})
_EXECUTABLE: Final = 0o111


def zipped(directory: Path) -> bytes:
    """The folder as an archive: the same bytes for the same files, whenever and wherever."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in directory.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(file.relative_to(directory).as_posix(), _EPOCH)
            mode = 0o755 if file.stat().st_mode & _EXECUTABLE else 0o644
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, file.read_bytes())
    return buffer.getvalue()


class AssetStore:
    """The buckets of one account and region; on an emulator they are made when they are missing."""

    def __init__(self, s3: Any, *, account: str, region: str, partition: str, makes_buckets: bool) -> None:
        self._s3 = s3
        self._region = region
        self._makes_buckets = makes_buckets
        self._placeholders: Mapping[str, str] = {
            "${AWS::AccountId}": account,
            "${AWS::Region}": region,
            "${AWS::Partition}": partition,
        }

    def publish(self, stack: Stack) -> None:
        """Upload every asset of the stack to where its template expects it; assets that exist already stay."""
        own = Path(stack.template.path)
        for asset in stack.assets:
            file = own.parent / asset.path
            if file.name == own.name:
                continue  # the template itself travels with the request, or is put by `put_template`
            self._put(self._resolved(asset.bucket), self._resolved(asset.key), lambda a=asset, f=file: _content(a, f))

    def put_template(self, stack: Stack, body: str) -> str:
        """Put a template that is too large for a request; gives its URL."""
        bucket = next((asset.bucket for asset in stack.assets), "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}")
        bucket = self._resolved(bucket)
        key = f"stackproof/{stack.template.digest}.json"
        self._put(bucket, key, body.encode)
        suffix = "amazonaws.com.cn" if self._placeholders["${AWS::Partition}"] == "aws-cn" else "amazonaws.com"
        return f"https://s3.{self._region}.{suffix}/{bucket}/{key}"

    def _put(self, bucket: str, key: str, content: Any) -> None:
        with translated_errors(f"publishing to bucket {bucket}"):
            if self._makes_buckets:
                self._make(bucket)
            try:
                self._s3.head_object(Bucket=bucket, Key=key)
            except self._s3.exceptions.ClientError as error:
                if error_code(error) not in _ABSENT:
                    raise
            else:
                return
            try:
                self._s3.put_object(Bucket=bucket, Key=key, Body=content())
            except self._s3.exceptions.NoSuchBucket as error:
                message = f"there is no bucket {bucket} for the stack's files: `cdk bootstrap` makes it"
                raise TargetError(message, service="s3", operation="PutObject", code="NoSuchBucket") from error

    def _make(self, bucket: str) -> None:
        try:
            self._s3.head_bucket(Bucket=bucket)
        except self._s3.exceptions.ClientError:
            location = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
            self._s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": location} if location else {}))

    def _resolved(self, text: str) -> str:
        for placeholder, value in self._placeholders.items():
            text = text.replace(placeholder, value)
        return text


def _content(asset: FileAsset, file: Path) -> bytes:
    if asset.content is not None:
        return asset.content.encode()
    try:
        return zipped(file) if asset.packaging == "zip" and file.is_dir() else file.read_bytes()
    except OSError as error:
        raise TargetError(f"cannot read the asset {asset.path}: {error.strerror}", code="AssetMissing") from error
