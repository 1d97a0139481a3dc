"""Stacks of one name differ in their artifact. A name that fits one stack alone chooses it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from stackproof.core.errors import ConfigError
from stackproof.deployment.deploy import deployed, in_dependency_order, nested_in
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.stack_names import (
    fitting,
    labels,
    live_name,
    matching,
    named_one,
    require_distinct_names,
    root_of,
    selector_of,
    shared_names,
    with_dependencies,
    with_nested,
)
from tests.live_fakes import FakeTarget, deployment, stack

BODY = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
STACK = "AWS::CloudFormation::Stack"


def made(artifact: str, name: str = "shop", region: str | None = "eu-west-1", **changes: Any) -> Stack:
    """A stack of an assembly; its construct path is its artifact."""
    found = stack(BODY, name=name, path=f"{artifact}.template.json")
    place: dict[str, Any] = {"artifact": artifact, "construct_path": artifact, "account": "1", "region": region}
    return replace(found, **{**place, **changes})


def nesting(artifact: str, **changes: Any) -> tuple[Stack, Stack]:
    """A stack that nests another one, and that one."""
    resource = {"Type": STACK, "Metadata": {"aws:asset:path": f"{artifact}.nested.template.json"}}
    body = {"Resources": {"Inner": resource}}
    parent = made(artifact, template=stack(body, path=f"{artifact}.template.json").template, **changes)
    inner = made(
        f"{artifact}/Inner",
        "shop/Inner",
        parent=artifact,
        construct_path=None,
        template=stack(BODY, path=f"cdk.out/{artifact}.nested.template.json").template,
    )
    return parent, inner


EU, US = made("shop-eu"), made("shop-us", region="us-west-2")
BOTH = "shop-eu (aws://1/eu-west-1) and shop-us (aws://1/us-west-2)"


def test_a_stack_that_no_assembly_names_is_its_name_also_under_another_name() -> None:
    plain = stack(BODY, name="Net")
    assert plain.artifact == "Net"
    assert replace(plain, name="Net-x").artifact == "Net"


def test_two_stacks_of_one_name_are_refused_with_both_and_a_remedy() -> None:
    said = f"two stacks are named shop: {BOTH}: stackproof cannot deploy or prove both in one run yet"
    with pytest.raises(ConfigError) as caught:
        require_distinct_names([EU, US, made("Net", "Net")])
    assert str(caught.value) == f"{said}; choose one with --stack shop-eu"
    assert caught.value.exit_code == 2
    require_distinct_names([EU, made("Net", "Net")])


def test_all_of_several_names_are_named() -> None:
    others = [made(artifact, "web", region=None) for artifact in ("a", "b", "c")]
    with pytest.raises(ConfigError) as caught:
        require_distinct_names([*others, US, EU])
    assert (
        f"two stacks are named shop: {' and '.join(reversed(BOTH.split(' and ')))}; three stacks are named web: a ("
        in (str(caught.value))
    )
    assert "deploy or prove them in one run" in str(caught.value)


def test_two_assemblies_of_one_app_are_told_apart_by_their_files() -> None:
    with pytest.raises(ConfigError, match=r"in dev\.json and .* in prod\.json.*; give each of them a different name"):
        require_distinct_names(
            [replace(EU, template=replace(EU.template, file=file)) for file in ("dev.json", "prod.json")]
        )


def test_the_remedy_is_a_stack_that_does_not_need_the_other_one() -> None:
    needing = replace(EU, dependencies=("shop-us",))
    with pytest.raises(ConfigError, match=r"; choose one with --stack shop-us$"):
        require_distinct_names([needing, US])
    with pytest.raises(ConfigError, match=r"; choose one with --stack shop-us$"):
        require_distinct_names(with_dependencies([needing], [needing, US]), every=[needing, US])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("shop", ["shop-eu", "shop-us"]),
        ("shop-us", ["shop-us"]),
        ("shop@us-west-2", ["shop-us"]),
        ("Net", ["net"]),
        ("net", ["net"]),
        ("other", []),
    ],
)
def test_a_stack_is_meant_by_its_name_its_construct_path_or_its_region(wanted: str, found: list[str]) -> None:
    assert [stack.artifact for stack in matching(wanted, [EU, US, made("net", "Net")])] == found


def test_a_name_goes_before_the_construct_path_of_another_stack() -> None:
    crossed = [made("a", "b"), made("b", "a")]
    assert [stack.artifact for stack in matching("a", crossed)] == ["b"]
    assert [stack.artifact for stack in matching("b", crossed)] == ["a"]
    assert [selector_of(stack, crossed) for stack in crossed] == ["b", "a"]


def test_a_stack_whose_construct_path_is_the_shared_name_is_chosen_by_its_region() -> None:
    stacks = [made("shop"), US]
    assert [selector_of(stack, stacks) for stack in stacks] == ["shop@eu-west-1", "shop-us"]
    assert named_one("shop@eu-west-1", stacks) == stacks[0]


def test_a_name_of_several_is_refused_and_one_of_none_is_none() -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--stack shop: two stacks are named shop: {BOTH}; choose one ")):
        named_one("shop", [EU, US])
    assert named_one("shop-eu", [EU, US]) == EU
    assert named_one("other", [EU, US]) is None


def test_an_assembly_gives_no_stack_for_a_name_that_two_have() -> None:
    assembly = Assembly(directory="cdk.out", stacks=(EU, US, made("net", "Net")))
    assert named_one("shop-us", assembly.stacks) == US
    assert named_one("Net", assembly.stacks) == named_one("net", assembly.stacks) == assembly.stacks[2]
    assert named_one("other", assembly.stacks) is None
    with pytest.raises(ConfigError, match=re.escape(f"two stacks are named shop: {BOTH}; choose one with --stack")):
        named_one("shop", assembly.stacks)


def test_labels_are_names_where_these_tell_enough() -> None:
    parent, inner = nesting("shop-eu")
    other, within = nesting("shop-us", region="us-west-2")
    stacks = [parent, inner, other, within, made("net", "Net")]
    assert labels(stacks) == {
        "shop-eu": "shop-eu",
        "shop-us": "shop-us",
        "shop-eu/Inner": "shop-eu/Inner",
        "shop-us/Inner": "shop-us/Inner",
        "net": "Net",
    }
    assert labels([parent, inner]) == {"shop-eu": "shop", "shop-eu/Inner": "shop/Inner"}


def test_no_two_labels_are_the_same() -> None:
    stacks = [EU, US, made("x", "shop-eu"), replace(made("y"), construct_path="shop-us")]
    found = labels(stacks)
    assert found["x"] == "shop-eu"
    assert len(set(found.values())) == 4


@pytest.mark.parametrize(
    ("account", "region", "found"),
    [
        ("1", "eu-west-1", ["shop-eu", "open"]),
        ("2", "eu-west-1", ["open"]),
        (None, "us-west-2", ["shop-us", "open"]),
    ],
)
def test_what_leaves_its_environment_open_fits_any(account: str | None, region: str, found: list[str]) -> None:
    stacks = [EU, US, made("open", region=None, account=None)]
    assert [stack.artifact for stack in fitting(stacks, account=account, region=region)] == found


# -- dependencies and nesting


def test_what_a_stack_depends_on_is_found_by_its_artifact() -> None:
    nets = made("net-eu", "net"), made("net-us", "net", "us-west-2")
    apps = replace(EU, dependencies=("net-eu",)), replace(US, dependencies=("net-us",))
    for app, net in zip(apps, nets, strict=True):
        assert with_dependencies([app], [*apps, *nets]) == (net, app)
        assert in_dependency_order(with_dependencies([app], [*apps, *nets])) == (net, app)


def test_none_of_two_stacks_is_dropped_though_nothing_tells_them_apart() -> None:
    twins = [replace(stack(BODY, name="App"), region=region) for region in ("eu-west-1", "us-east-1")]
    assert len(with_dependencies(twins, twins)) == 2


def test_a_nested_stack_goes_with_its_own_parent() -> None:
    parent, inner = nesting("shop-eu")
    other, within = nesting("shop-us", region="us-west-2")
    stacks = [parent, inner, other, within]
    assert shared_names(stacks) == {"shop", "shop/Inner"}
    assert with_nested([other], stacks) == (other, within)
    assert root_of(within, stacks) == other
    assert with_dependencies([parent], stacks) == (parent, inner)
    assert nested_in(other, stacks) == {"Inner"}
    target = FakeTarget({"shop": deployment({"Inner": (STACK, "arn:inner")}, stack_name="shop")})
    assert [stack.artifact for stack, _ in deployed(with_nested([other], stacks), target)] == [
        "shop-us",
        "shop-us/Inner",
    ]


def test_two_nested_stacks_of_one_template_are_two() -> None:
    resource = {"Type": STACK, "Metadata": {"aws:asset:path": "N.nested.template.json"}}
    parent = made("app", "App", template=stack({"Resources": {"A": resource, "B": resource}}, name="App").template)
    inner = [
        made(
            f"app/{letter}", f"App/{letter}", parent="app", template=stack(BODY, path="N.nested.template.json").template
        )
        for letter in "AB"
    ]
    assert nested_in(parent, [parent, *inner]) == {"A", "B"}
    whole = replace(parent, nested=tuple(inner))
    assert [whole.nested_at(letter) for letter in "AB"] == inner


def test_copies_of_a_stack_under_other_names_are_all_deployed() -> None:
    copies = [replace(EU, name=f"shop-{number}") for number in range(3)]
    assert in_dependency_order(copies) == tuple(copies)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("shop", "shop"),
        ("shop-us", "shop"),
        ("shop@us-west-2", "shop"),
        ("stage/Net", "net"),
        ("Own", "Own"),
        ("elsewhere", "elsewhere"),
        ("arn:aws:cloudformation:eu-west-1:1:stack/shop/x", "arn:aws:cloudformation:eu-west-1:1:stack/shop/x"),
    ],
)
def test_what_may_be_the_name_of_a_live_stack_is_taken_for_it(wanted: str, name: str) -> None:
    """`Own` is the construct path of a stack that the app calls otherwise; an older one may run under that name."""
    stacks = [EU, US, made("stage/Net", "net"), made("Own", "own-prod")]
    assert live_name(wanted, stacks) == name
