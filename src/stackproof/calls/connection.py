"""How AWS, or an emulator of it, is reached."""

from __future__ import annotations

from dataclasses import dataclass

from stackproof.core.json import JsonObject, JsonValue, optional_str

__all__ = ["Connection"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Connection:
    """An endpoint in place of AWS's own, a profile, a region and a role to assume; None is the default of each."""

    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None
    role_arn: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        return {
            "endpoint_url": self.endpoint_url,
            "profile": self.profile,
            "region": self.region,
            "role_arn": self.role_arn,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Connection:
        return cls(
            endpoint_url=optional_str(data["endpoint_url"]),
            profile=optional_str(data["profile"]),
            region=optional_str(data["region"]),
            role_arn=optional_str(data["role_arn"]),
        )
