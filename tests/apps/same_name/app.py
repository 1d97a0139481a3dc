"""Two stacks of one name in two regions: one of them has a database that AWS has withdrawn.

It writes the assembly by itself, so that tests need no CDK for it. The context `name` is the name of the second stack,
`needs` lets the first one depend on it, `nested` gives both a nested stack, `databases=no` leaves the databases out.
"""

import json
import os
from pathlib import Path

MADE_AT = 20
OUT = Path(os.environ["CDK_OUTDIR"])
CONTEXT = json.loads(os.environ["CDK_CONTEXT_JSON"])


def resource(path: str, kind: str, **properties: object) -> dict[str, object]:
    return {"Type": kind, "Properties": properties, "Metadata": {"aws:cdk:path": path}}


def write(name: str, content: object) -> None:
    (OUT / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def stack(artifact: str, name: str, region: str, version: str, seconds: int) -> dict[str, object]:
    database = resource(
        f"{artifact}/Db",
        "AWS::RDS::DBInstance",
        Engine="postgres",
        EngineVersion=version,
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage="20",
        MasterUsername="dba",
        ManageMasterUserPassword=True,
        StorageEncrypted=True,
    )
    orders = resource(f"{artifact}/Orders", "AWS::SQS::Queue", VisibilityTimeout=seconds)
    resources = {"Orders": orders} if CONTEXT.get("databases") == "no" else {"Db": database, "Orders": orders}
    if "nested" in CONTEXT:
        file = f"{artifact}Inner.nested.template.json"
        resources["Inner"] = {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": f"https://s3.amazonaws.com/assets/{file}"},
            "Metadata": {"aws:cdk:path": f"{artifact}/Inner", "aws:asset:path": file},
        }
        write(
            file, {"Resources": {"Late": resource(f"{artifact}/Inner/Late", "AWS::SQS::Queue", DelaySeconds=seconds)}}
        )
    write(f"{artifact}.template.json", {"Resources": resources})
    return {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://111111111111/{region}",
        "properties": {"templateFile": f"{artifact}.template.json", "stackName": name},
        "displayName": artifact,
        "metadata": {
            f"/{artifact}/{name}": [{"type": "aws:cdk:creationStack", "data": [f"<module> ({__file__}:{MADE_AT})"]}]
            for name in resources
        },
        "dependencies": ["shop-b"] if "needs" in CONTEXT and artifact == "shop-a" else [],
    }


OUT.mkdir(parents=True)
ARTIFACTS = {
    "shop-a": stack("shop-a", "shop", "eu-west-1", "15.3", 30),
    "shop-b": stack("shop-b", str(CONTEXT.get("name", "shop")), "us-west-2", "17.10", 60),
}
write("manifest.json", {"version": "55.0.0", "artifacts": ARTIFACTS})
