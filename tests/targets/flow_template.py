"""A stack with a flow: a stream, a function with its code in the template, a database, and a queue of failures.

A careful function stores what comes twice once; another one does not.
"""

from __future__ import annotations

from typing import Any

CODE = """
import base64, json, os, ssl
import boto3, pg8000.native

ONCE = "ON CONFLICT DO NOTHING" if os.environ["CAREFUL"] == "yes" else ""

def handle(event, context):
    if event.get("break"):
        raise RuntimeError("asked to")
    secret = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])["SecretString"])
    database = pg8000.native.Connection(
        secret["username"], host=secret["host"], port=secret["port"], database=secret["dbname"],
        password=secret["password"], ssl_context=ssl.create_default_context(cafile=os.environ["CA"]),
    )
    key = "PRIMARY KEY" if ONCE else ""
    database.run(f"CREATE TABLE IF NOT EXISTS things (key text {key})")
    failed = []
    for each in event["Records"]:
        try:
            name = json.loads(base64.b64decode(each["kinesis"]["data"]))["key"]
            database.run(f"INSERT INTO things VALUES (:name) {ONCE}", name=name)
        except ValueError:
            failed.append({"itemIdentifier": each["kinesis"]["sequenceNumber"]})
    database.close()
    return {"batchItemFailures": failed}
"""


def body(*, careful: bool) -> dict[str, Any]:
    secret = {"GenerateStringKey": "password", "SecretStringTemplate": '{"username":"someone","dbname":"things"}'}
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Resources": {
            "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2}},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmActions": [{"Ref": "Topic"}],
                    "ComparisonOperator": "GreaterThanThreshold",
                    "EvaluationPeriods": 1,
                    "MetricName": "Errors",
                    "Namespace": "AWS/Lambda",
                    "Period": 60,
                    "Statistic": "Sum",
                    "Threshold": 0,
                },
            },
            "Mute": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "ComparisonOperator": "GreaterThanThreshold",
                    "EvaluationPeriods": 1,
                    "MetricName": "Errors",
                    "Namespace": "AWS/Lambda",
                    "Period": 60,
                    "Statistic": "Sum",
                    "Threshold": 0,
                },
            },
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {**secret, "ExcludePunctuation": True}},
            },
            "Database": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "AllocatedStorage": "20",
                    "DBInstanceClass": "db.m7g.large",
                    "Engine": "postgres",
                    "MasterUsername": "someone",
                    "MasterUserPassword": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password}}"},
                },
            },
            "Attachment": {
                "Type": "AWS::SecretsManager::SecretTargetAttachment",
                "Properties": {
                    "SecretId": {"Ref": "Secret"},
                    "TargetId": {"Ref": "Database"},
                    "TargetType": "AWS::RDS::DBInstance",
                },
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"ZipFile": CODE},
                    "Environment": {
                        "Variables": {
                            "CAREFUL": "yes" if careful else "no",
                            "CA": "/nowhere",
                            "SECRET": {"Ref": "Attachment"},
                        }
                    },
                    "Handler": "index.handle",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Runtime": "python3.13",
                    "Timeout": 30,
                },
            },
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "BatchSize": 10,
                    "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}},
                    "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
                    "FunctionName": {"Ref": "Function"},
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "MaximumRetryAttempts": 1,
                    "StartingPosition": "TRIM_HORIZON",
                },
            },
        }
    }
