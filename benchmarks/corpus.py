"""A folder of templates of many shapes, the same ones for the same number and seed.

    python benchmarks/corpus.py FOLDER [--count 300]

Other folders, other measurements: what is compared has to be measured on one of them.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

Resources = dict[str, Any]


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    write_corpus(options.folder, options.count)


def write_corpus(folder: Path, count: int, *, seed: int = 1) -> list[Path]:
    """Templates of 4 to 40 resources, half JSON and half YAML; gives their paths."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    written = []
    for number in range(count):
        template = make_template(chance)
        if number % 2:
            file = folder / f"template-{number:03}.yaml"
            file.write_text(yaml.safe_dump(template, sort_keys=False), encoding="utf-8")
        else:
            file = folder / f"template-{number:03}.json"
            file.write_text(json.dumps(template, indent=1), encoding="utf-8")
        written.append(file)
    return written


def make_template(chance: random.Random) -> dict[str, Any]:
    """One template: some building blocks, now and then with parameters, conditions and a mapping."""
    resources: Resources = {}
    for number in range(chance.randint(1, 8)):
        resources.update(chance.choice(_BLOCKS)(f"B{number}", chance))
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Made for measuring ({len(resources)} resources)",
        "Parameters": {
            "Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]},
            "Version": {"Type": "String", "Default": chance.choice(["15.19", "16.9", "15.3"])},
        },
        "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        "Mappings": {"Sizes": {"dev": {"Class": "db.t3.micro"}, "prod": {"Class": "db.m6g.large"}}},
        "Resources": resources,
        "Outputs": {"First": {"Value": {"Ref": next(iter(resources))}}},
    }
    return template


def _tags(name: str) -> list[dict[str, Any]]:
    return [{"Key": "Name", "Value": {"Fn::Sub": f"${{Stage}}-{name}"}}]


def _bucket(name: str, chance: random.Random) -> Resources:
    properties: dict[str, Any] = {"Tags": _tags(name)}
    if chance.random() < 0.6:
        properties["BucketEncryption"] = {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        }
    if chance.random() < 0.5:
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": {"Fn::Sub": f"${{{name}Bucket.Arn}}/*"},
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    return {
        f"{name}Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": properties},
        f"{name}Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": f"{name}Bucket"}, "PolicyDocument": policy},
        },
    }


def _network(name: str, chance: random.Random) -> Resources:
    found: Resources = {
        f"{name}Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True, "Tags": _tags(name)},
        },
        f"{name}Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "made",
                "VpcId": {"Ref": f"{name}Vpc"},
                "SecurityGroupIngress": [
                    {
                        "IpProtocol": "tcp",
                        "FromPort": port,
                        "ToPort": port,
                        "CidrIp": chance.choice(["0.0.0.0/0", "10.0.0.0/8"]),
                    }
                    for port in chance.sample([22, 443, 5432, 3389], 2)
                ],
            },
        },
    }
    for number in range(chance.randint(2, 6)):
        found[f"{name}Subnet{number}"] = {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": f"{name}Vpc"},
                "CidrBlock": f"10.0.{number}.0/24",
                "AvailabilityZone": {"Fn::Select": [number % 2, {"Fn::GetAZs": ""}]},
                "MapPublicIpOnLaunch": chance.random() < 0.3,
            },
        }
        found[f"{name}Table{number}"] = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": f"{name}Vpc"}}}
        found[f"{name}Association{number}"] = {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {
                "SubnetId": {"Ref": f"{name}Subnet{number}"},
                "RouteTableId": {"Ref": f"{name}Table{number}"},
            },
        }
    return found


def _database(name: str, chance: random.Random) -> Resources:
    return {
        f"{name}Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"GenerateSecretString": {"GenerateStringKey": "password", "SecretStringTemplate": "{}"}},
        },
        f"{name}Database": {
            "Type": "AWS::RDS::DBInstance",
            "DeletionPolicy": "Snapshot",
            "UpdateReplacePolicy": "Snapshot",
            "Properties": {
                "Engine": "postgres",
                "EngineVersion": chance.choice([{"Ref": "Version"}, "15.19", "16.15", "15.3"]),
                "DBInstanceClass": {"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Class"]},
                "AllocatedStorage": "100",
                "MultiAZ": {"Fn::If": ["IsProd", True, False]},
                "StorageEncrypted": chance.random() < 0.7,
                "PubliclyAccessible": chance.random() < 0.2,
                "MasterUsername": "app",
                "MasterUserPassword": {
                    "Fn::Sub": f"{{{{resolve:secretsmanager:${{{name}Secret}}:SecretString:password}}}}"
                },
                "Tags": _tags(name),
            },
        },
    }


def _function(name: str, chance: random.Random) -> Resources:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    grants = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"},
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": [f"{name}Queue", "Arn"]}},
        ],
    }
    return {
        f"{name}Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": trust,
                "Policies": [{"PolicyName": "p", "PolicyDocument": grants}],
            },
        },
        f"{name}Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": chance.randint(30, 900)}},
        f"{name}Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": chance.choice(["python3.13", "python3.12", "nodejs22.x", "python3.8"]),
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
                "Code": {"ZipFile": "def handler(event, context):\n    return event\n"},
                "Environment": {"Variables": {"QUEUE": {"Ref": f"{name}Queue"}, "STAGE": {"Ref": "Stage"}}},
                "Timeout": chance.randint(3, 60),
            },
        },
        f"{name}Source": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": [f"{name}Queue", "Arn"]},
                "FunctionName": {"Ref": f"{name}Function"},
            },
        },
        f"{name}Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Sub": f"/aws/lambda/${{{name}Function}}"}, "RetentionInDays": 30},
        },
    }


def _alarms(name: str, chance: random.Random) -> Resources:
    found: Resources = {f"{name}Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Tags": _tags(name)}}}
    for number in range(chance.randint(1, 6)):
        found[f"{name}Alarm{number}"] = {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": chance.randint(1, 5),
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Period": 60,
                "Statistic": "Maximum",
                "Threshold": chance.choice([0, 1, 100, 999999]),
                **({"AlarmActions": [{"Ref": f"{name}Topic"}]} if chance.random() < 0.7 else {}),
            },
        }
    return found


def _table(name: str, chance: random.Random) -> Resources:
    return {
        f"{name}Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "SSESpecification": {"SSEEnabled": chance.random() < 0.5},
            },
        },
        f"{name}Stream": {
            "Type": "AWS::Kinesis::Stream",
            "Properties": {"ShardCount": chance.randint(1, 4), "RetentionPeriodHours": 48},
        },
    }


_BLOCKS: tuple[Callable[[str, random.Random], Resources], ...] = (
    _bucket,
    _network,
    _database,
    _function,
    _alarms,
    _table,
)


if __name__ == "__main__":
    main()
