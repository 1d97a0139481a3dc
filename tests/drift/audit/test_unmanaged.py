"""Unmanaged resources: scopes, resources that belong to a stack after all, and what could not be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stackproof.core.errors import ConfigError, TargetError
from stackproof.drift.audit.unmanaged import Unmanaged, parse_scope, unmanaged
from stackproof.drift.child import Listed
from stackproof.drift.ports import Listing
from tests.drift.fakes import FakeCatalog
from tests.live_fakes import ACCOUNT, REGION, FakeTarget, failure

QUEUE, TOPIC, GROUP = "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::EC2::SecurityGroup"


_LISTS = ((ACCOUNT, REGION, TOPIC), (ACCOUNT, REGION, QUEUE))


def listing(kind: str, *items: Listed, in_vpc: bool = False) -> Listing:
    return Listing(resource_type=kind, read=lambda _: items, actions=(), in_vpc=in_vpc)


LISTINGS = {
    QUEUE: listing(QUEUE, Listed(resource_type=QUEUE, physical_id="u/app-q", name="app-q", arn=":1:app-q")),
    TOPIC: listing(
        TOPIC,
        Listed(resource_type=TOPIC, physical_id="arn:aws:sns:r:1:app-t", name="app-t", arn="arn:aws:sns:r:1:app-t"),
    ),
    GROUP: listing(
        GROUP,
        Listed(resource_type=GROUP, physical_id="sg-1", name="web", arn=":security-group/sg-1", vpc_id="vpc-1"),
        Listed(resource_type=GROUP, physical_id="sg-2", name="web", arn=":security-group/sg-2", vpc_id="vpc-2"),
        in_vpc=True,
    ),
}


def found(
    catalog: FakeCatalog,
    *scopes: str,
    listings: Mapping[str, Listing] = LISTINGS,
    managed: Callable[[tuple[str, str]], bool] = lambda _: False,
) -> Unmanaged:
    return unmanaged(
        [parse_scope(scope) for scope in scopes],
        [QUEUE, TOPIC, GROUP, "AWS::IAM::Policy", "AWS::CDK::Metadata", "AWS::EFS::FileSystem"],
        managed=managed,
        listings=listings,
        target=FakeTarget(),
        catalog=catalog,
    )


def ids(seen: Unmanaged) -> list[str | None]:
    return [difference.physical_id for difference in seen.differences]


def test_without_a_scope_nothing_is_listed() -> None:
    assert found(FakeCatalog()) == Unmanaged()


def test_each_scope_finds_its_own() -> None:
    catalog = FakeCatalog()
    catalog.tags["app=x"] = frozenset(
        {"arn:aws:sns:r:1:app-t", "arn:aws:sqs:r:1:app-q", "arn:aws:ec2:r:1:security-group/sg-2"}
    )
    assert ids(found(catalog, "prefix:app-")) == ["arn:aws:sns:r:1:app-t", "u/app-q"]
    assert ids(found(catalog, "vpc:vpc-1")) == ["sg-1"]
    seen = [(ACCOUNT, REGION, part) for part in (GROUP, TOPIC, QUEUE)]
    assert list(found(catalog, "vpc:vpc-1").looked_at) == seen
    assert ids(found(catalog, "tag:app=x")) == ["sg-2", "arn:aws:sns:r:1:app-t", "u/app-q"]


def test_what_an_audited_stack_or_any_other_has_is_managed() -> None:
    catalog = FakeCatalog()
    catalog.owners["u/app-q"] = "Other"
    assert ids(found(catalog, "prefix:app-", managed=lambda key: key[1].endswith("app-t"))) == []


def test_what_cannot_be_listed_is_said() -> None:
    seen = found(FakeCatalog(), "vpc:vpc-1")
    assert [notification.message for notification in seen.notifications] == [
        f"--scope: the lists of these types have no VPC: {TOPIC}, {QUEUE}",
        "--scope: these types cannot be listed, so their unmanaged resources are not found: AWS::EFS::FileSystem",
    ]


def test_what_fails_is_said_and_never_called_unmanaged() -> None:
    def denied(_: Any) -> list[Listed]:
        raise failure("AccessDenied", status=403)

    def broken(_: Any) -> list[Listed]:
        raise KeyError("x")

    catalog = FakeCatalog()
    catalog.tags["app=x"] = TargetError("no tags")
    catalog.owners["sg-1"] = TargetError("no owner")
    listings = {
        **LISTINGS,
        QUEUE: Listing(resource_type=QUEUE, read=denied, actions=()),
        TOPIC: Listing(resource_type=TOPIC, read=broken, actions=()),
    }
    seen = found(catalog, "tag:app=x", "prefix:app-", "vpc:vpc-1", listings=listings)
    assert (seen.differences, seen.looked_at) == ((), ())
    assert found(catalog, "vpc:vpc-2").looked_at == ((ACCOUNT, REGION, GROUP), *_LISTS)
    assert found(catalog, "vpc:vpc-1").looked_at == _LISTS
    errors = [notification.message for notification in seen.notifications if notification.level.value == "error"]
    assert errors == [
        "--scope tag:app=x was not checked: no tags",
        f"--scope: {TOPIC} could not be listed (the listing broke: KeyError): 'x'",
        f"--scope: {QUEUE} could not be listed (denied): {failure('AccessDenied')}",
        f"--scope: whether a stack has {GROUP} sg-1 is not known: no owner",
    ]


@pytest.mark.parametrize("text", ["", "tag:", "tag:app", "tag:=", "vpc", "name:x", "prefix:"])
def test_a_scope_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="expected tag:KEY=VALUE"):
        parse_scope(text)


def test_a_name_is_found_in_an_arn_of_its_own_service_only() -> None:
    catalog = FakeCatalog()
    catalog.tags["app=x"] = frozenset({"arn:aws:sns:r:1:app-q", "arn:aws:sqs:r:1:other"})
    assert ids(found(catalog, "tag:app=x")) == []


def test_where_everything_can_be_listed_nothing_has_to_be_said() -> None:
    seen = unmanaged(
        [parse_scope("prefix:app-")],
        [QUEUE],
        managed=lambda _: True,
        listings=LISTINGS,
        target=FakeTarget(),
        catalog=FakeCatalog(),
    )
    assert seen == Unmanaged(listed=1, looked_at=seen.looked_at, account=ACCOUNT, region=REGION, is_whole=True)
    unlisted = unmanaged(
        [parse_scope("prefix:app-")],
        [QUEUE, "AWS::Glue::Job"],
        managed=lambda _: True,
        listings=LISTINGS,
        target=FakeTarget(),
        catalog=FakeCatalog(),
    )
    assert not unlisted.is_whole


ROLE = "AWS::IAM::Role"


def of_a_global_service(
    told: str | Exception | None, *, region: str = "", names: tuple[str, ...] = ("app-r",)
) -> dict[str, Listing]:
    def region_of(_: Any, listed: Listed) -> str | None:
        assert listed.resource_type == ROLE
        if isinstance(told, Exception):
            raise told
        return told

    rows = [Listed(resource_type=ROLE, physical_id=name, name=name, arn="", region=region) for name in names]
    return {ROLE: Listing(resource_type=ROLE, read=lambda _: rows, actions=(), region_of=region_of)}


def roles(listings: Mapping[str, Listing], *, owner: str | None = None) -> Unmanaged:
    catalog = FakeCatalog()
    if owner:
        catalog.owners["app-r"] = owner
    return unmanaged(
        [parse_scope("prefix:app-")],
        [ROLE],
        managed=lambda _: False,
        listings=listings,
        target=FakeTarget(),
        catalog=catalog,
    )


def test_what_a_stack_of_another_region_may_have_is_not_called_unmanaged() -> None:
    seen = roles(of_a_global_service(None))
    assert (seen.differences, seen.undecided, seen.looked_at, seen.is_whole) == ((), 1, (), False)
    said = (
        f"--scope: 1 of {ROLE} are in no stack of {REGION} and may be in a stack of another region, "
        "which was not read: app-r"
    )
    assert [(notification.level.value, notification.message) for notification in seen.notifications] == [
        ("warning", said)
    ]
    many = roles(of_a_global_service(None, names=tuple(f"app-{number:02}" for number in range(12))))
    [note] = many.notifications
    assert note.message.endswith("app-08, app-09 and 2 more")


@pytest.mark.parametrize(
    ("told", "region", "owner", "found"),
    [
        ("eu-west-1", "", None, []),
        (REGION, "", None, ["app-r"]),
        (None, REGION, None, ["app-r"]),
        (None, "eu-west-1", None, []),
        (None, "", "Other", []),
    ],
)
def test_the_region_of_a_resource_says_whose_it_is(
    told: str | None, region: str, owner: str | None, found: list[str]
) -> None:
    seen = roles(of_a_global_service(told, region=region), owner=owner)
    assert (ids(seen), seen.undecided, seen.notifications, seen.is_whole) == (found, 0, (), True)


@pytest.mark.parametrize(
    ("error", "why"), [(failure("AccessDenied", status=403), "denied"), (KeyError("Role"), "KeyError")]
)
def test_a_region_that_cannot_be_read_is_said(error: Exception, why: str) -> None:
    seen = roles(of_a_global_service(error))
    assert (seen.differences, seen.undecided, seen.looked_at) == ((), 0, ())
    [note] = seen.notifications
    assert note.level.value == "error"
    assert note.message.startswith(f"--scope: the region of {ROLE} app-r is not known ({why})")
