"""Target moto: deployed once, attached to by URL, and honest about what went wrong."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from stackproof.core.errors import TargetError
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import DriftStatus
from stackproof.proof.prover import prove_stack
from stackproof.readers import READERS
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.repeating import Retries
from stackproof.template.assembly import FileAsset
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from tests.live_fakes import ACCOUNT, lone_prover, stack
from tests.targets.small_template import body


def test_a_second_process_attaches_by_the_url_alone(target: MotoTarget, moto: OwnedProcess) -> None:
    made = target.deploy(stack(body(), name="Attached"))
    assert made.status == "CREATE_COMPLETE"
    other = MotoTarget(moto.endpoint_url)
    assert other.deployment("Attached") == made
    assert (other.account, other.region, other.partition, other.name) == (ACCOUNT, "us-east-1", "aws", "moto")
    assert made.zones[0] == "us-east-1a"


def test_a_failed_deployment_names_the_resource_and_leaves_no_stack(target: MotoTarget) -> None:
    zone = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "dummy1a"}
    broken = body(
        Vpc={"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        Subnet={"Type": "AWS::EC2::Subnet", "Properties": zone},
    )
    with pytest.raises(TargetError, match=r"Subnet \(AWS::EC2::Subnet\).*dummy1a"):
        target.deploy(stack(broken, name="Broken"))
    with pytest.raises(TargetError, match="there is no stack Broken"):
        target.deployment("Broken")


def test_a_required_property_that_is_not_set_is_named(target: MotoTarget) -> None:
    with pytest.raises(TargetError, match=r"Alias .*AliasName"):
        target.deploy(stack(body(Alias={"Type": "AWS::KMS::Alias", "Properties": {}}), name="Unset"))


def test_an_attribute_that_does_not_exist_is_an_error(target: MotoTarget) -> None:
    reference = {"Fn::GetAtt": ["Topic", "Nonsense"]}
    other = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": reference}}
    with pytest.raises(TargetError, match="Nonsense"):
        target.deploy(stack(body(Other=other), name="Attribute"))


def test_a_template_that_is_too_large_for_a_request_goes_through_a_bucket(target: MotoTarget) -> None:
    large = {**body(), "Metadata": {"padding": "x" * 60_000}}
    assert target.deploy(stack(large, name="Large")).resources[0].logical_id == "Topic"


@pytest.mark.parametrize(("stage", "ports"), [("prod", {80, 443}), ("test", {80})])
def test_a_list_has_no_elements_of_no_value_in_a_type_of_the_emulators_own_either(
    stage: str, ports: set[int], target: MotoTarget
) -> None:
    listeners = [{"LoadBalancerPort": str(port), "InstancePort": "80", "Protocol": "HTTP"} for port in (80, 443)]
    given = [listeners[0], {"Fn::If": ["Prod", listeners[1], {"Ref": "AWS::NoValue"}]}]
    balancer = {"AvailabilityZones": ["us-east-1a"], "Listeners": given, "LoadBalancerName": stage}
    conditions = {"Prod": {"Fn::Equals": [stage, "prod"]}}
    made = body(Balancer={"Type": "AWS::ElasticLoadBalancing::LoadBalancer", "Properties": balancer})
    target.deploy(stack({"Conditions": conditions, **made}, name=f"Listeners-{stage}"))
    (found,) = target.client("elb").describe_load_balancers(LoadBalancerNames=[stage])["LoadBalancerDescriptions"]
    assert {description["Listener"]["LoadBalancerPort"] for description in found["ListenerDescriptions"]} == ports


def test_an_element_that_refers_to_a_resource_that_is_not_made_is_no_element_of_no_value(target: MotoTarget) -> None:
    missing = {"Type": "AWS::SQS::Queue", "Condition": "Never"}
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Missing"}], "PolicyDocument": {}}}
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    broken = {"Conditions": conditions, **body(Missing=missing, Policy=policy)}
    with pytest.raises(TargetError, match=r"Policy \(AWS::SQS::QueuePolicy\)"):
        target.deploy(stack(broken, name="Dangling"))


def test_a_type_that_the_emulator_does_not_know_is_not_emulated(target: MotoTarget) -> None:
    unknown = {"Type": "AWS::XRay::Group", "Properties": {"GroupName": "x"}}
    made = stack(body(Unknown=unknown), name="Unknown")
    prover = lone_prover(
        template=made.template,
        deployment=target.deploy(made),
        target=target,
        readers=READERS,
        schemas=CfnLintSchemas(),
    )
    topic, other = prove_stack(prover)
    assert topic.status is DriftStatus.IN_SYNC
    assert {unproven.reason for unproven in other.unproven} == {UnprovenReason.NOT_EMULATED}


def test_what_is_changed_behind_the_stacks_back_is_seen(target: MotoTarget) -> None:
    made = stack(body(Queue={"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}}), name="Drift")
    live = target.deploy(made)

    def statuses() -> list[str]:
        prover = lone_prover(
            template=made.template, deployment=live, target=target, readers=READERS, schemas=CfnLintSchemas()
        )
        return [proof.status.value for proof in prove_stack(prover)]

    assert statuses() == ["IN_SYNC", "IN_SYNC"]
    queue, topic = (resource.physical_id for resource in live.resources)
    with target.writing("tampering"):
        target.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "7"})
        target.client("sns").delete_topic(TopicArn=topic)
    assert statuses() == ["MODIFIED", "DELETED"]


def test_assets_lie_in_the_bucket_that_the_template_names(target: MotoTarget, tmp_path: Path) -> None:
    folder = tmp_path / "asset.1"
    folder.mkdir()
    (folder / "index.py").write_text("def handle(event, context): pass\n")
    bucket = "cdk-assets-${AWS::AccountId}-${AWS::Region}"
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": {"Fn::Sub": bucket}, "S3Key": "1.zip"},
            "Handler": "index.handle",
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::123456789012:role/x",
        },
    }
    made = stack(
        {
            "Parameters": {
                "BootstrapVersion": {
                    "Type": "AWS::SSM::Parameter::Value<String>",
                    "Default": "/cdk-bootstrap/hnb659fds/version",
                }
            },
            "Resources": {
                "Function": function,
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "RoleName": "x",
                        "AssumeRolePolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Principal": {"Service": "lambda.amazonaws.com"},
                                    "Action": "sts:AssumeRole",
                                }
                            ],
                        },
                    },
                },
            },
        },
        name="Assets",
        path=str(tmp_path / "Assets.template.json"),
        assets=(
            FileAsset(path="asset.1", packaging="zip", bucket=bucket, key="1.zip"),
            FileAsset(path="Assets.template.json", packaging="file", bucket=bucket, key="2.json"),
        ),
    )
    made.template.body["Resources"]["Function"]["DependsOn"] = "Role"  # type: ignore[index,call-overload]
    live = target.deploy(made)
    assert live.parameters == {"BootstrapVersion": "30"}
    content = target.client("s3").get_object(Bucket=f"cdk-assets-{ACCOUNT}-us-east-1", Key="1.zip")["Body"].read()
    assert zipfile.ZipFile(BytesIO(content)).namelist() == ["index.py"]
    prover = lone_prover(
        template=made.template, deployment=live, target=target, readers=READERS, schemas=CfnLintSchemas()
    )
    assert {"/Code/S3Bucket", "/Code/S3Key"} <= set(prover.prove("Function").proven)

    with target.writing("tampering"):
        target.client("s3").put_object(Bucket=f"cdk-assets-{ACCOUNT}-us-east-1", Key="1.zip", Body=b"other")
    again = lone_prover(
        template=made.template, deployment=live, target=target, readers=READERS, schemas=CfnLintSchemas()
    )
    assert "/Code/S3Key" in [difference.path for difference in again.prove("Function").differences]


def test_the_value_of_a_secret_is_read_by_a_call_of_its_own(target: MotoTarget) -> None:
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {"PasswordLength": 20}}}
    live = target.deploy(stack({"Resources": {"Secret": secret}}, name="Secretive"))
    value = target.secret_value(live.resources[0].physical_id)
    assert value
    assert value not in json.dumps(live.to_dict())


def test_destroying_takes_the_resources_and_the_stack(target: MotoTarget) -> None:
    target.deploy(stack(body(), name="Ended"))
    target.destroy("Ended")
    target.destroy("Ended")
    with pytest.raises(TargetError, match="there is no stack Ended"):
        target.deployment("Ended")


def test_nested_stacks(target: MotoTarget, tmp_path: Path) -> None:
    (tmp_path / "In.nested.template.json").write_text(json.dumps(body()))
    parent = stack(
        {
            "Resources": {
                "In": {
                    "Type": "AWS::CloudFormation::Stack",
                    "Metadata": {"aws:asset:path": "In.nested.template.json"},
                    "Properties": {
                        "TemplateURL": {"Fn::Sub": "https://s3.${AWS::Region}.amazonaws.com/nested/in.json"}
                    },
                }
            }
        },
        name="Parent",
        path=str(tmp_path / "Parent.template.json"),
        assets=(FileAsset(path="In.nested.template.json", packaging="file", bucket="nested", key="in.json"),),
    )
    live = target.deploy(parent)
    nested = target.deployment(live.resources[0].physical_id)
    assert [resource.logical_id for resource in nested.resources] == ["Topic"]


def test_parameters_reach_the_stack(moto: OwnedProcess) -> None:
    told: list[str] = []
    where = MotoTarget(moto.endpoint_url, parameters={"Label": "given", "Nobody": "x"}, progress=told.append)
    made = stack(
        {
            "Parameters": {"Label": {"Type": "String"}, "Size": {"Type": "String", "Default": "small"}},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Label"}}}},
        },
        name="Parameters",
    )
    assert where.deploy(made).parameters == {"Label": "given", "Size": "small"}
    assert told[0] == "Parameters: add Topic (AWS::SNS::Topic)"
    assert told[-1].endswith("Parameters CREATE_COMPLETE")


def test_an_emulator_that_is_gone_is_said() -> None:
    with pytest.raises(TargetError, match=r"attaching to http://127.0.0.1:9"):
        _ = MotoTarget("http://127.0.0.1:9", retries=Retries(attempts=1)).account


def test_no_deployment_is_shared_between_regions(moto: OwnedProcess, target: MotoTarget) -> None:
    target.deploy(stack(body(), name="Here"))
    with pytest.raises(TargetError, match="there is no stack Here"):
        MotoTarget(moto.endpoint_url, region="eu-west-1").deployment("Here")
