"""Instances with their volumes, interfaces, addresses, keys and templates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_instance(call: Call) -> Created:
    given = {
        **call.properties,
        "MinCount": 1,
        "MaxCount": 1,
        "IamInstanceProfile": {"Name": call["IamInstanceProfile"]} if "IamInstanceProfile" in call.properties else None,
        "Monitoring": {"Enabled": call["Monitoring"]} if "Monitoring" in call.properties else None,
        # botocore encodes user data, and CloudFormation has it encoded already
        "UserData": base64.b64decode(call["UserData"]).decode() if "UserData" in call.properties else None,
        "Placement": {"AvailabilityZone": call.get("AvailabilityZone"), "Tenancy": call.get("Tenancy")},
        "TagSpecifications": call.tag_specification("instance"),
    }
    created = call.send("ec2", "run_instances", **given)["Instances"][0]
    own = created["InstanceId"]
    for name in ("DisableApiTermination", "SourceDestCheck"):
        if name in call.properties:
            call.send("ec2", "modify_instance_attribute", InstanceId=own, **{name: {"Value": call[name]}})
    return Created(
        physical_id=own,
        attributes={
            "InstanceId": own,
            "AvailabilityZone": created["Placement"]["AvailabilityZone"],
            "PrivateDnsName": created.get("PrivateDnsName"),
            "PrivateIp": created.get("PrivateIpAddress"),
            "PublicDnsName": created.get("PublicDnsName"),
            "PublicIp": created.get("PublicIpAddress"),
            "VpcId": created.get("VpcId"),
        },
    )


def _delete_instance(call: Call) -> None:
    unlocked = {"DisableApiTermination": {"Value": False}}
    call.send("ec2", "modify_instance_attribute", InstanceId=call.physical_id, **unlocked)
    call.send("ec2", "terminate_instances", InstanceIds=[call.physical_id])


def _create_template(call: Call) -> Created:
    given = {**call.properties, "LaunchTemplateName": call.name}
    created = call.send("ec2", "create_launch_template", **given)["LaunchTemplate"]
    return Created(
        physical_id=created["LaunchTemplateId"],
        attributes={
            "LaunchTemplateId": created["LaunchTemplateId"],
            "DefaultVersionNumber": str(created["DefaultVersionNumber"]),
            "LatestVersionNumber": str(created["LatestVersionNumber"]),
        },
    )


def _create_volume(call: Call) -> Created:
    given = {**call.properties, "TagSpecifications": call.tag_specification("volume")}
    own = call.send("ec2", "create_volume", **given)["VolumeId"]
    return Created(physical_id=own, attributes={"VolumeId": own})


def _create_interface(call: Call) -> Created:
    given = {
        **call.properties,
        "Groups": call.get("GroupSet"),
        "TagSpecifications": call.tag_specification("network-interface"),
    }
    created = call.send("ec2", "create_network_interface", **given)["NetworkInterface"]
    own = created["NetworkInterfaceId"]
    if "SourceDestCheck" in call.properties:
        value = {"Value": call["SourceDestCheck"]}
        call.send("ec2", "modify_network_interface_attribute", NetworkInterfaceId=own, SourceDestCheck=value)
    return Created(
        physical_id=own,
        attributes={
            "Id": own,
            "PrimaryPrivateIpAddress": created.get("PrivateIpAddress"),
            "VpcId": created.get("VpcId"),
        },
    )


def _create_key_pair(call: Call) -> Created:
    tags = call.tag_specification("key-pair")
    if "PublicKeyMaterial" in call.properties:
        key = call["PublicKeyMaterial"].encode()
        created = call.send("ec2", "import_key_pair", KeyName=call.name, PublicKeyMaterial=key, TagSpecifications=tags)
    else:
        created = call.send(
            "ec2", "create_key_pair", KeyName=call.name, KeyType=call.get("KeyType"), TagSpecifications=tags
        )
    return Created(
        physical_id=call.name,
        attributes={"KeyFingerprint": created.get("KeyFingerprint"), "KeyPairId": created.get("KeyPairId")},
    )


def _create_address_association(call: Call) -> Created:
    given = {**call.properties, "PublicIp": call.get("EIP")}
    own = call.send("ec2", "associate_address", **given)["AssociationId"]
    return Created(physical_id=own, attributes={"Id": own})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::EC2::EIPAssociation": Handler(
        create=_create_address_association,
        delete=lambda call: call.send("ec2", "disassociate_address", AssociationId=call.physical_id),
    ),
    "AWS::EC2::Instance": Handler(create=_create_instance, delete=_delete_instance),
    "AWS::EC2::KeyPair": Handler(
        create=_create_key_pair,
        delete=lambda call: call.send("ec2", "delete_key_pair", KeyName=call.physical_id),
        name_property="KeyName",
    ),
    "AWS::EC2::LaunchTemplate": Handler(
        create=_create_template,
        delete=lambda call: call.send("ec2", "delete_launch_template", LaunchTemplateId=call.physical_id),
        name_property="LaunchTemplateName",
        longest=128,
    ),
    "AWS::EC2::NetworkInterface": Handler(
        create=_create_interface,
        delete=lambda call: call.send("ec2", "delete_network_interface", NetworkInterfaceId=call.physical_id),
    ),
    "AWS::EC2::Volume": Handler(
        create=_create_volume, delete=lambda call: call.send("ec2", "delete_volume", VolumeId=call.physical_id)
    ),
}
