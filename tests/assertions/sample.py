"""Templates as values, built in a line, and the schemas of a few real types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackproof.template.assembly import Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.location import SourceLine
from stackproof.template.template import Resource, Template

SCHEMAS = CfnLintSchemas()

KEY = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}}
DATABASE = {
    "Type": "AWS::RDS::DBInstance",
    "DeletionPolicy": "Snapshot",
    "Properties": {
        "Engine": "postgres",
        "StorageEncrypted": True,
        "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]},
        "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
        "Tags": [{"Key": "Owner", "Value": "data"}],
    },
}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "python3.13",
        "Code": {"S3Bucket": {"Fn::Sub": "assets-${AWS::Region}-${Key}-${!Literal}"}, "S3Key": "x"},
        "Role": {"Fn::GetAtt": "Role.Arn"},
    },
}
OUTPUTS = {"KeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}, "Region": {"Value": {"Ref": "AWS::Region"}}}


def template(resources: Mapping[str, Any], generated: Iterable[str] = (), **sections: Any) -> Template:
    """A template in which the n-th resource, by logical id, was written in line n of app.py."""
    return Template(
        file="T.template.json",
        path="/nowhere/T.template.json",
        body={"Resources": resources, **sections},
        digest="0" * 64,
        stack_name="T",
        resources=tuple(
            Resource(
                logical_id=name,
                resource_type=body["Type"],
                body=body,
                stack_name="T",
                source=SourceLine(file="app.py", line=line),
                property_sources={"/Engine": SourceLine(file="app.py", line=100)},
                generated=name in generated,
            )
            for line, (name, body) in enumerate(sorted(resources.items()), start=1)
        ),
    )


SAMPLE = template(
    {"Key": KEY, "Database": DATABASE, "Function": FUNCTION, "Handler": FUNCTION},
    generated=["Handler"],
    Outputs=OUTPUTS,
    Parameters={"Stage": {"Type": "String", "Default": "dev"}},
    Mappings={"Sizes": {"dev": {"Class": "db.t4g.micro"}}},
    Conditions={"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
)
STACK = Stack(name="T", template=SAMPLE)
EMPTY = template({})
