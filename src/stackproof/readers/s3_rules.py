"""Lifecycle and replication rules of buckets, which the service writes quite differently from CloudFormation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackproof.core.json import JsonValue
from stackproof.readers.access import chosen

__all__ = ["lifecycle_rule", "replication_rule"]


def lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, JsonValue]:
    """One rule as CloudFormation writes it."""
    where = rule.get("Filter") or {}
    both = where.get("And") or where
    tags = both.get("Tags") or ([where["Tag"]] if "Tag" in where else [])
    expiration = rule.get("Expiration") or {}
    noncurrent = rule.get("NoncurrentVersionExpiration") or {}
    found: dict[str, JsonValue] = {
        "Id": rule.get("ID"),
        "Status": rule["Status"],
        "Prefix": rule.get("Prefix") or both.get("Prefix") or None,
        "TagFilters": [chosen(tag, ("Key", "Value")) for tag in tags] or None,
        "ObjectSizeGreaterThan": both.get("ObjectSizeGreaterThan"),
        "ObjectSizeLessThan": both.get("ObjectSizeLessThan"),
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
        "ExpirationInDays": expiration.get("Days"),
        "ExpirationDate": _date(expiration.get("Date")),
        "ExpiredObjectDeleteMarker": expiration.get("ExpiredObjectDeleteMarker"),
        "NoncurrentVersionExpiration": chosen(noncurrent, ("NoncurrentDays", "NewerNoncurrentVersions")) or None,
        "NoncurrentVersionTransitions": [
            {
                "StorageClass": transition["StorageClass"],
                "TransitionInDays": transition.get("NoncurrentDays"),
                **chosen(transition, ("NewerNoncurrentVersions",)),
            }
            for transition in rule.get("NoncurrentVersionTransitions", ())
        ]
        or None,
        "Transitions": [
            {
                key: value
                for key, value in (
                    ("StorageClass", transition["StorageClass"]),
                    ("TransitionInDays", transition.get("Days")),
                    ("TransitionDate", _date(transition.get("Date"))),
                )
                if value is not None
            }
            for transition in rule.get("Transitions", ())
        ]
        or None,
    }
    return {key: value for key, value in (found | _formerly(found)).items() if value is not None}


def _formerly(rule: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The members of older templates, which had one entry instead of a list."""
    former: dict[str, JsonValue] = {}
    expiration = rule["NoncurrentVersionExpiration"] or {}
    if expiration.keys() == {"NoncurrentDays"}:
        former["NoncurrentVersionExpirationInDays"] = expiration["NoncurrentDays"]
    for name in ("Transition", "NoncurrentVersionTransition"):
        several = rule[f"{name}s"] or []
        if len(several) == 1:
            former[name] = several[0]
    return former


def replication_rule(rule: Mapping[str, Any]) -> dict[str, JsonValue]:
    """One rule as CloudFormation writes it."""
    found = {("Id" if key == "ID" else key): value for key, value in rule.items()}
    where = dict(rule.get("Filter") or {})
    if "Tag" in where:
        where["TagFilter"] = where.pop("Tag")
    if "And" in where:
        where["And"] = {("TagFilters" if key == "Tags" else key): value for key, value in where["And"].items()}
    return {**found, "Filter": where} if where else found


def _date(value: Any) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")
