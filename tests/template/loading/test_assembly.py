"""A cloud assembly on disk gives its stacks, with the lines that made them and what CDK generated marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stackproof.core.errors import InputError
from stackproof.template.assembly import Assembly, FileAsset
from stackproof.template.loading.assembly import load_assembly
from stackproof.template.loading.origin import source_line
from stackproof.template.location import SourceLine
from tests.fakes import written

FRAMES = [
    "...jsii runtime, node internals...",
    "new Topic (/env/lib/node_modules/aws-cdk-lib/aws-sns/lib/topic.js:1:2)",
    "Kernel.create (/tmp/jsii-kernel-x/lib/kernel.js:9:1)",
    "process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
    "__init__ (stacks.py:7)",
    "<module> (app.py:3)",
]


def topic(path: str = "Web/Topic/Resource") -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": path}}


def stack(name: str, **properties: object) -> dict[str, Any]:
    file = f"{name}.template.json"
    return {"type": "aws:cloudformation:stack", "properties": {"templateFile": file, **properties}}


def made(frames: list[str]) -> dict[str, object]:
    return {"type": "aws:cdk:creationStack", "data": frames}


class Folder:
    """A project with an app in `infra`, and the assembly that it wrote."""

    def __init__(self, root: Path) -> None:
        self.root = written(root, {"infra/app.py": "", "infra/stacks.py": "", "cdk.out/cdk.out": "{}"})

    def write(self, **files: object) -> Folder:
        """Files of the assembly by their names, `__` for a slash and `_json` for the suffix."""
        for name, content in files.items():
            path = name.replace("__", "/").replace("_template_json", ".template.json").replace("_json", ".json")
            written(self.root / "cdk.out", {path: content if isinstance(content, str) else json.dumps(content)})
        return self

    def manifest(self, **artifacts: object) -> Folder:
        return self.write(manifest_json={"version": "48.0.0", "artifacts": artifacts})

    def load(self) -> Assembly:
        folder, infra = self.root / "cdk.out", self.root / "infra"
        return load_assembly(folder, root=self.root, app=infra, shown="cdk.out")[0]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def web(folder: Folder, *, metadata: object = None, **resources: object) -> Folder:
    """An assembly of one stack."""
    folder.write(Web_template_json={"Resources": resources or {"Topic": topic()}})
    artifact = stack("Web")
    if metadata is not None:
        folder.write(Web__metadata_json=metadata)
        artifact["additionalMetadataFile"] = "Web/metadata.json"
    return folder.manifest(Web=artifact)


def test_stacks_have_their_name_environment_and_dependencies(folder: Folder) -> None:
    for name in ("Web", "Data"):
        folder.write(**{f"{name}_template_json": {"Resources": {"Topic": topic()}}})
    first = {**stack("Web", stackName="web-dev"), "environment": "aws://111122223333/eu-west-1"}
    first["dependencies"] = ["Data", "Web.assets", "Gone"]
    other = {**stack("Data", stackName="data-dev"), "environment": "aws://unknown-account/unknown-region"}
    loaded = folder.manifest(Web=first, Data=other, **{"Web.assets": {"type": "cdk:asset-manifest"}}).load()
    assert [(stack.name, stack.account, stack.region, stack.dependencies) for stack in loaded.stacks] == [
        ("data-dev", None, None, ()),
        ("web-dev", "111122223333", "eu-west-1", ("Data",)),
    ]
    assert [stack.artifact for stack in loaded.stacks] == ["Data", "Web"]
    assert loaded.stacks[1].template.file == "cdk.out/Web.template.json"
    assert loaded.stacks[1].template.stack_name == "web-dev"
    assert (loaded.key, loaded.cached, loaded.missing_context) == (None, False, ())


def test_a_resource_has_the_first_line_of_the_project_that_made_it(folder: Folder) -> None:
    metadata = {"/Web/Topic/Resource": [{"type": "aws:cdk:logicalId", "data": "Topic"}, made(FRAMES)]}
    (loaded,) = web(folder, metadata=metadata).load().stacks
    (one,) = loaded.template.resources
    assert (one.source, one.construct_path) == (SourceLine(file="infra/stacks.py", line=7), "Web/Topic/Resource")
    assert not one.generated


def test_metadata_in_the_manifest_of_older_assemblies_counts_too(folder: Folder) -> None:
    folder.write(Web_template_json={"Resources": {"Topic": topic()}})
    folder.manifest(Web={**stack("Web"), "metadata": {"/Web/Topic/Resource": [made(FRAMES)]}})
    assert folder.load().stacks[0].template.resources[0].source == SourceLine(file="infra/stacks.py", line=7)


def test_a_property_that_was_set_later_has_its_own_line(folder: Folder) -> None:
    assigned = {"propertyName": "KmsMasterKeyId", "stackTrace": ["main (app.py:12)"]}
    foreign = {"propertyName": "Other", "stackTrace": ["x (/elsewhere/y.py:1)"]}
    rows = [
        made(FRAMES),
        {"type": "aws:cdk:propertyAssignment", "data": assigned},
        {"type": "aws:cdk:propertyAssignment", "data": foreign},
        {"type": "aws:cdk:propertyAssignment", "data": None},
    ]
    (loaded,) = web(folder, metadata={"/Web/Topic/Resource": rows}).load().stacks
    (one,) = loaded.template.resources
    assert one.property_sources == {"/KmsMasterKeyId": SourceLine(file="infra/app.py", line=12)}
    assert str(one.location("/KmsMasterKeyId")) == "infra/app.py:12"
    assert str(one.location("/Other")) == "infra/stacks.py:7"


def test_a_construct_without_a_trace_was_made_where_its_main_child_was(folder: Folder) -> None:
    metadata = {"/Web/Topic/Resource": [made(FRAMES)], "/Web/Other/Default": [made(["nowhere"]), "odd"]}
    (loaded,) = web(folder, metadata=metadata, A=topic("Web/Topic"), B=topic("Web/Other")).load().stacks
    assert [resource.source for resource in loaded.template.resources] == [
        SourceLine(file="infra/stacks.py", line=7),
        None,
    ]


def test_annotations_have_their_level_message_and_line(folder: Folder) -> None:
    metadata = {
        "/Web/Topic": [
            {"type": "aws:cdk:error", "data": "no key"},
            {"type": "aws:cdk:warning", "data": "old [ack: x]"},
            {"type": "aws:cdk:info", "data": "hello"},
            {"type": "aws:cdk:asset", "data": {}},
        ],
        "/Web/Topic/Resource": [made(FRAMES)],
        "/Web": [{"type": "aws:cdk:error", "data": "all of it"}],
        "/odd": "text",
    }
    (loaded,) = web(folder, metadata=metadata).load().stacks
    assert [(annotation.level, annotation.message, str(annotation.location)) for annotation in loaded.annotations] == [
        ("error", "all of it", "Web"),
        ("error", "no key", "infra/stacks.py:7"),
        ("warning", "old [ack: x]", "infra/stacks.py:7"),
        ("info", "hello", "infra/stacks.py:7"),
    ]


@pytest.mark.parametrize(
    ("path", "generated"),
    [
        ("Web/Topic/Resource", False),
        ("Web/Custom::VpcRestrictDefaultSGCustomResourceProvider/Handler", True),
        ("Web/AWS679f53fac002430cb0da5b7982bd2287/Resource", True),
        ("Web/LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a/Resource", True),
        ("Prod/Web/BucketNotificationsHandler050a0587b7544547bf325f094a3db834/Role/Resource", True),
        ("Web/AwsThing/Resource", False),
        ("Web/Custom", False),
        ("Web/Provider/framework-onEvent/Resource", True),
        ("Web/Providers/Resource", False),
        ("Web/Marked/Role", True),
        ("Web/MarkedNot/Role", False),
    ],
)
def test_what_cdk_generates_is_marked(folder: Folder, path: str, *, generated: bool) -> None:
    info = {"fqn": "aws-cdk-lib.custom_resources.Provider", "version": "2"}
    provider = {"id": "Provider", "path": "Web/Provider", "constructInfo": info}
    children = {"Provider": provider, "odd": 3, "Topic": {"path": "Web/Topic", "constructInfo": "x"}}
    folder.write(tree_json={"tree": {"path": "", "children": {"Web": {"path": "Web", "children": children}}}})
    metadata = {"/Web/Marked": [{"type": "aws:cdk:is-custom-resource-handler-singleton", "data": True}]}
    (loaded,) = web(folder, metadata=metadata, A=topic(path)).load().stacks
    assert [resource.generated for resource in loaded.template.resources] == [generated]


def test_an_asset_that_is_called_tree_json_is_none_of_ours(folder: Folder) -> None:
    folder.write(asset__tree_json="[", tree_json={"tree": {}})
    assert len(web(folder).load().stacks) == 1


def test_nested_stacks_follow_their_parent(folder: Folder) -> None:
    folder.write(Inner_template_json={"Resources": {"Topic": topic("Web/Inner/Topic"), "More": nested("Most.json")}})
    folder.write(Most_json={"Resources": {"Topic": topic("Web/Inner/More/Topic")}})
    by_url = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://s3/x"}}
    loaded = web(folder, Inner=nested("Inner.template.json"), Url=by_url).load()
    assert [(stack.name, stack.parent, stack.template.file) for stack in loaded.stacks] == [
        ("Web", None, "cdk.out/Web.template.json"),
        ("Web/Inner", "Web", "cdk.out/Inner.template.json"),
        ("Web/Inner/More", "Web/Inner", "cdk.out/Most.json"),
    ]


def nested(file: str | None = None, **properties: object) -> dict[str, object]:
    metadata = {} if file is None else {"Metadata": {"aws:asset:path": file}}
    return {"Type": "AWS::CloudFormation::Stack", "Properties": properties, **metadata}


def published(folder: Folder, files: dict[str, str]) -> Folder:
    """An assembly of one stack that nests each of the files, which only its asset manifest knows, by their keys."""
    urls = {f"N{number}": nested(TemplateURL=f"https://s3/b/{key}") for number, key in enumerate(files)}
    web(folder, Topic=topic(), **urls)
    assets = {
        key: {"source": {"path": path}, "destinations": {"d": {"bucketName": "b", "objectKey": key}}}
        for key, path in files.items()
    }
    folder.write(Web__assets_json={"files": {**assets, "odd": 3, "bare": {"destinations": {"d": {"objectKey": "x"}}}}})
    manifest = {"type": "cdk:asset-manifest", "properties": {"file": "Web/assets.json"}}
    return folder.manifest(Web=stack("Web"), Assets=manifest)


def test_a_nested_stack_that_nests_itself_is_named_and_the_rest_is_loaded(folder: Folder) -> None:
    (found,) = (
        web(folder, Inner=nested("Web.template.json"), Again=nested("Web.template.json"), T=topic()).load().stacks
    )
    assert found.missing_nested == dict.fromkeys(
        ("Again", "Inner"), "its template cdk.out/Web.template.json nests itself"
    )


def test_stacks_are_nested_so_many_levels_deep_and_no_deeper(folder: Folder) -> None:
    for level in range(30):
        folder.write(**{f"L{level}_json": {"Resources": {"Next": nested(f"L{level + 1}.json"), "Topic": topic()}}})
    loaded = web(folder, Next=nested("L0.json")).load()
    assert len(loaded.stacks) == 21
    (deepest,) = (stack for stack in loaded.stacks if stack.missing_nested)
    assert deepest.missing_nested == {"Next": "stacks are nested deeper than 20 levels"}


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("Gone.json", "cdk.out/manifest.json: names Gone.json, and there is no such file"),
        ("../Out.json", "cdk.out/manifest.json: names ../Out.json, which lies outside of the assembly"),
        ("Broken.json", "cdk.out/Broken.json:1:2: "),
        ("List.json", "cdk.out/List.json"),
        (None, "https://s3/b/n.json is not part of the app"),
    ],
)
def test_a_nested_stack_whose_template_is_missing_is_named_and_costs_only_itself(
    folder: Folder, file: str | None, reason: str
) -> None:
    folder.write(Broken_json="{", List_json="[]", Inner_json={"Resources": {"Topic": topic()}})
    written(folder.root, {"Out.json": json.dumps({"Resources": {"Topic": topic()}})})
    loaded = web(folder, Gone=nested(file, TemplateURL="https://s3/b/n.json"), Inner=nested("Inner.json")).load()
    assert [stack.name for stack in loaded.stacks] == ["Web", "Web/Inner"]
    assert loaded.stacks[0].missing_nested["Gone"].startswith(reason)
    assert loaded.stacks[1].missing_nested == {}


def test_a_nested_stack_without_metadata_is_found_through_the_asset_manifest(folder: Folder) -> None:
    folder.write(asset__1_json={"Resources": {"Topic": topic(), "Deep": nested(TemplateURL="https://s3/b/k2.yaml")}})
    folder.write(asset__2_yaml="Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n")
    written(folder.root / "cdk.out", {"asset.2.yaml": "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n"})
    loaded = published(folder, {"k1.json": "asset/1.json", "k2.yaml": "asset.2.yaml"}).load()
    assert [(stack.name, stack.template.file) for stack in loaded.stacks] == [
        ("Web", "cdk.out/Web.template.json"),
        ("Web/N0", "cdk.out/asset/1.json"),
        ("Web/N0/Deep", "cdk.out/asset.2.yaml"),
        ("Web/N1", "cdk.out/asset.2.yaml"),
    ]
    assert not any(stack.missing_nested for stack in loaded.stacks)


def test_two_nested_stacks_in_each_of_many_levels_are_not_all_loaded(folder: Folder) -> None:
    for level in range(12):
        below = f"L{level + 1}.json"
        folder.write(**{f"L{level}_json": {"Resources": {"A": nested(below), "B": nested(below), "Topic": topic()}}})
    loaded = web(folder, Next=nested("L0.json")).load()
    assert len(loaded.stacks) == 501
    reasons = {why for stack in loaded.stacks for why in stack.missing_nested.values()}
    assert reasons == {"Web has more than 500 nested stacks"}


def test_an_asset_outside_of_the_assembly_is_not_read(folder: Folder) -> None:
    written(folder.root, {"Out.json": json.dumps({"Resources": {"Topic": topic()}})})
    (found,) = published(folder, {"k.json": "../Out.json"}).load().stacks
    assert "which lies outside of the assembly" in found.missing_nested["N0"]


def test_a_stage_finds_its_nested_templates_among_the_assets_of_the_whole_assembly(folder: Folder) -> None:
    files = {
        "k": {"source": {"path": "../asset.1.json"}, "destinations": {"d": {"bucketName": "b", "objectKey": "k.json"}}}
    }
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "Web.assets.json"}}
    written(
        folder.root / "cdk.out",
        {
            "asset.1.json": json.dumps({"Resources": {"Topic": topic()}}),
            "assembly-Prod/Web.assets.json": json.dumps({"files": files}),
            "assembly-Prod/Web.template.json": json.dumps(
                {"Resources": {"N": nested(TemplateURL="https://s3/b/k.json")}}
            ),
            "assembly-Prod/manifest.json": json.dumps({"artifacts": {"Web": stack("Web"), "Assets": assets}}),
        },
    )
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    assert [stack.name for stack in folder.manifest(Prod=stage).load().stacks] == ["Web", "Web/N"]


def test_the_stacks_of_stages_are_stacks(folder: Folder) -> None:
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    inner = {"artifacts": {"ProdWeb": stack("ProdWeb", stackName="Prod-Web")}, "missing": [{"key": "azs"}]}
    folder.write(**{"assembly-Prod__manifest_json": inner})
    folder.write(**{"assembly-Prod__ProdWeb_template_json": {"Resources": {"Topic": topic("Prod/Web/Topic")}}})
    folder.manifest(Prod=stage, Odd={"type": "cdk:cloud-assembly"})
    loaded = folder.load()
    assert [stack.name for stack in loaded.stacks] == ["Prod-Web"]
    assert loaded.stacks[0].template.file == "cdk.out/assembly-Prod/ProdWeb.template.json"
    assert loaded.missing_context == ("azs",)


def test_a_stage_that_holds_itself_is_an_error(folder: Folder) -> None:
    folder.manifest(Prod={"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}})
    with pytest.raises(InputError, match=r"stages are nested deeper than 20 levels"):
        folder.load()


def test_look_ups_that_dummies_stand_for_are_named_once_and_sorted(folder: Folder) -> None:
    web(folder)
    manifest = json.loads((folder.root / "cdk.out" / "manifest.json").read_text())
    folder.write(manifest_json={**manifest, "missing": [{"key": "vpc:x"}, {"key": "ami:y"}, {"key": "vpc:x"}, "odd"]})
    assert folder.load().missing_context == ("ami:y", "vpc:x")


def test_assets_are_those_that_are_published_with_the_stack(folder: Folder) -> None:
    place = {"dest": {"bucketName": "b-${AWS::Region}", "objectKey": "k.zip"}}
    files = {
        "1": {"source": {"path": "Web.template.json"}, "destinations": {"d": {"bucketName": "b", "objectKey": "t"}}},
        "2": {"source": {"path": "asset.1", "packaging": "zip"}, "destinations": place},
    }
    folder.write(Web__assets_json={"files": files}, Other__assets_json={"files": {"3": {"source": {"path": "x"}}}})
    web(folder)
    manifest = json.loads((folder.root / "cdk.out" / "manifest.json").read_text())
    for name in ("Web", "Other"):
        properties = {"file": f"{name}/assets.json"}
        manifest["artifacts"][f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": properties}
    manifest["artifacts"]["Odd"] = {"type": "cdk:asset-manifest"}
    out = folder.root / "cdk.out"
    assert folder.write(manifest_json=manifest).load().stacks[0].assets == (
        FileAsset(path=f"{out}/Web.template.json", packaging="file", bucket="b", key="t"),
        FileAsset(path=f"{out}/asset.1", packaging="zip", bucket="b-${AWS::Region}", key="k.zip"),
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "cdk.out/manifest.json: there is no such file"),
        ({"manifest_json": "{"}, "cdk.out/manifest.json: Expecting property name"),
        ({"manifest_json": "[]"}, "cdk.out/manifest.json: Unexpected type list (expected object)"),
        ({"manifest_json": "[" * 100_000}, "cdk.out/manifest.json: "),
        ({"manifest_json": {}}, "cdk.out: the cloud assembly has no stack"),
        (
            {"manifest_json": {"artifacts": {"A": 3}}},
            "cdk.out/manifest.json: artifacts.A: Unexpected type int (expected object)",
        ),
        ({"manifest_json": {"artifacts": {"A": {}}}}, "cdk.out: the cloud assembly has no stack"),
        (
            {"manifest_json": {"artifacts": {"W": stack("W")}}},
            "cdk.out/manifest.json: names W.template.json, and there is no such file",
        ),
        (
            {"manifest_json": {"artifacts": {"W": {"type": "aws:cloudformation:stack"}}}},
            "cdk.out/manifest.json: artifacts.W: templateFile is missing",
        ),
        (
            {"manifest_json": {"artifacts": {"W": {**stack("W"), "additionalMetadataFile": "W.metadata.json"}}}},
            "cdk.out/manifest.json: names W.metadata.json, and there is no such file",
        ),
        (
            {"manifest_json": {"artifacts": {"W": stack("W", templateFile="/nowhere/W.json")}}},
            "cdk.out/manifest.json: names /nowhere/W.json, which lies outside of the assembly",
        ),
        (
            {
                "manifest_json": {
                    "artifacts": {"P": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "P"}}}
                }
            },
            "cdk.out/P/manifest.json: there is no such file",
        ),
        ({"manifest_json": {"artifacts": {"W": stack("W")}}, "W_template_json": "{"}, "cdk.out/W.template.json:1:2: "),
        ({"tree_json": "[]"}, "cdk.out/tree.json: Unexpected type list"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_what_is_wrong_or_missing_is_named(folder: Folder, files: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        folder.write(**files).load()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_missing_asset_manifest_is_named(folder: Folder) -> None:
    folder.write(W_template_json={"Resources": {"Topic": topic()}})
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "W.assets.json"}}
    with pytest.raises(InputError, match=r"^cdk\.out/manifest\.json: names W\.assets\.json, and there is no such file"):
        folder.manifest(W=stack("W"), A=assets).load()


def test_all_lines_that_made_constructs_are_known(folder: Folder) -> None:
    metadata = {"/Web/Topic/Resource": [made(FRAMES)], "/Web": [made(["main (app.py:3)"]), made(["x"])]}
    web(folder, metadata=metadata)
    out, infra = folder.root / "cdk.out", folder.root / "infra"
    _, origins = load_assembly(out, root=folder.root, app=infra, shown="cdk.out")
    assert origins.lines() == {SourceLine(file="infra/stacks.py", line=7), SourceLine(file="infra/app.py", line=3)}


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        ("__init__ (stacks.py:7)", "infra/stacks.py:7"),
        ("__init__ ({root}/infra/stacks.py:7)", "infra/stacks.py:7"),
        ("stacks.py:7", "infra/stacks.py:7"),
        ("<module> (../lib/web.ts:12)", "lib/web.ts:12"),
        ("new WebStack ({root}/lib/web.ts:12:5)", "lib/web.ts:12"),
        ("    at new WebStack ({root}/lib/web.ts:12:5)", "lib/web.ts:12"),
        ("at file://{root}/lib/web.ts:12:5", "lib/web.ts:12"),
        ("Object.<anonymous> ({root}/lib/web.ts:12:5)", "lib/web.ts:12"),
        ("WebStack.<init> ({root}/lib/web.ts:3)", "lib/web.ts:3"),
        ("new X ({root}/node_modules/x/web.ts:12:5)", None),
        ("x ({root}/env/lib/python3.11/site-packages/y.py:1)", None),
        ("x ({root}/gone.py:1)", None),
        ("x (/elsewhere/web.ts:1)", None),
        ("node:internal/main/run_main_module:28:49", None),
        ("Module._compile (node:internal/modules/cjs/loader:1105:14)", None),
        ("x (webpack:///./lib/web.ts:1:1)", None),
        ("new Promise (<anonymous>)", None),
        ("...aws-cdk-lib, jsii runtime...", None),
        ("main ({root}/src/stackproof/template/synth/runner.py:34)", None),
        ("", None),
    ],
)
def test_a_frame_is_a_place_if_its_file_lies_in_the_project(tmp_path: Path, frame: str, place: str | None) -> None:
    names = ["infra/stacks.py", "lib/web.ts", "node_modules/x/web.ts", "src/stackproof/template/synth/runner.py"]
    root = written(tmp_path, {**dict.fromkeys(names, ""), "env/lib/python3.11/site-packages/y.py": ""})
    found = source_line([frame.format(root=root)], root=root, app=root / "infra")
    assert (str(found) if found else None) == place


def test_an_app_outside_of_the_root_is_named_in_full(tmp_path: Path) -> None:
    app = written(tmp_path, {"app/app.py": "", "root/x": ""}) / "app"
    assert source_line(["main (app.py:3)"], root=tmp_path / "root", app=app) == SourceLine(file=f"{app}/app.py", line=3)


def test_what_constructs_acknowledge_is_read_with_line_and_reason(folder: Folder) -> None:
    def row(trace: list[str], **rules: str) -> dict[str, object]:
        data = {rule.replace("__", "::"): reason for rule, reason in rules.items()}
        return {"type": "aws:cdk:acknowledged-rules", "data": data, "trace": trace}

    metadata = {
        "/Web": [row([], CloudFormationValidate__E3002="whole")],
        "/Web/Topic": [
            made(FRAMES),
            row(["main (app.py:12)"], Annotation__B="b", Annotation__A="a"),
            row([], p__C="c"),
        ],
    }
    (loaded,) = web(folder, metadata=metadata).load().stacks
    assert loaded.construct_path == "Web"
    assert [
        (acknowledgement.rule_id, acknowledgement.reason, str(acknowledgement.location), acknowledgement.is_broad)
        for acknowledgement in loaded.acknowledgements
    ] == [
        ("CloudFormationValidate::E3002", "whole", "Web", True),
        ("Annotation::A", "a", "infra/app.py:12", False),
        ("Annotation::B", "b", "infra/app.py:12", False),
        ("p::C", "c", "infra/stacks.py:7", False),
    ]
    assert {acknowledgement.location.template_file for acknowledgement in loaded.acknowledgements} == {
        "cdk.out/Web.template.json"
    }


def test_stacks_of_one_name_are_told_apart_by_their_artifacts(folder: Folder) -> None:
    inner = {
        "Type": "AWS::CloudFormation::Stack",
        "Metadata": {"aws:asset:path": "Inner.template.json"},
    }
    for name in ("eu", "us"):
        folder.write(**{f"{name}_template_json": {"Resources": {"Topic": topic(f"{name}/Topic"), "Inner": inner}}})
    folder.write(Inner_template_json={"Resources": {"Topic": topic()}})
    first = {**stack("eu", stackName="shop"), "dependencies": ["us"], "displayName": "shop-eu"}
    loaded = folder.manifest(eu=first, us=stack("us", stackName="shop")).load()
    assert [(stack.name, stack.artifact, stack.parent, stack.dependencies) for stack in loaded.stacks] == [
        ("shop", "eu", None, ("us",)),
        ("shop", "us", None, ()),
        ("shop/Inner", "eu/Inner", "eu", ()),
        ("shop/Inner", "us/Inner", "us", ()),
    ]


def test_two_stages_may_use_one_artifact_id(folder: Folder) -> None:
    for name in ("Dev", "Prod"):
        folder.write(
            **{
                f"assembly-{name}__Web_template_json": {"Resources": {"Topic": topic(f"{name}/Web/Topic")}},
                f"assembly-{name}__manifest_json": {
                    "version": "48.0.0",
                    "artifacts": {"Web": {**stack("Web", stackName="web"), "dependencies": ["Web"]}},
                },
            }
        )
    stages = {
        name: {"type": "cdk:cloud-assembly", "properties": {"directoryName": f"assembly-{name}"}}
        for name in ("Dev", "Prod")
    }
    loaded = folder.manifest(**stages).load()
    assert [(stack.name, stack.artifact) for stack in loaded.stacks] == [
        ("web", "assembly-Dev/Web"),
        ("web", "assembly-Prod/Web"),
    ]
    assert [stack.dependencies for stack in loaded.stacks] == [("assembly-Dev/Web",), ("assembly-Prod/Web",)]
