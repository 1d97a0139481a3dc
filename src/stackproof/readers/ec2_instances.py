"""Instances with their volumes, interfaces, addresses, keys and templates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, as_in_template, chosen, covered, found_or_none, reads, tag_list
from stackproof.readers.ec2_listed import described_by_id, first

__all__ = ["READERS"]

_OF_INSTANCE: Final = (
    "CpuOptions",
    "EbsOptimized",
    "EnclaveOptions",
    "HibernationOptions",
    "ImageId",
    "InstanceType",
    "KernelId",
    "KeyName",
    "MetadataOptions",
    "PrivateDnsNameOptions",
    "PrivateIpAddress",
    "RamdiskId",
    "SourceDestCheck",
    "SubnetId",
)
_ATTRIBUTES: Final = {
    "DisableApiTermination": ("disableApiTermination", "DisableApiTermination"),
    "InstanceInitiatedShutdownBehavior": (
        "instanceInitiatedShutdownBehavior",
        "InstanceInitiatedShutdownBehavior",
    ),
    "UserData": ("userData", "UserData"),
}
"""A call each: read only where the template sets them."""


def read_instance(request: ReadRequest) -> Reading | None:
    """DescribeInstances; DescribeInstanceAttribute, DescribeVolumes and others for what only they return."""
    live = described_by_id(
        request, "describe_instances", "Reservations", "InstanceId", "instance-id", within="Instances"
    )
    if live is None or live["State"]["Name"] in {"terminated", "shutting-down"}:
        return None
    client = request.client("ec2")
    own = request.physical_id
    builder = ReadingBuilder(request)

    def attribute(name: str, member: str) -> JsonValue:
        answer = client.describe_instance_attribute(InstanceId=own, Attribute=name)
        value: JsonValue = (answer.get(member) or {}).get("Value")
        return value

    called = {
        name: builder.call(f"/{name}", partial(attribute, *how), None)
        for name, how in _ATTRIBUTES.items()
        if name in request.expected
    }
    placement = live.get("Placement") or {}
    groups = live.get("SecurityGroups") or []
    profile = (live.get("IamInstanceProfile") or {}).get("Arn")
    addresses = {
        "PrivateDnsName": live.get("PrivateDnsName"),
        "PrivateIp": live.get("PrivateIpAddress"),
        "PublicDnsName": live.get("PublicDnsName") or None,
        "PublicIp": live.get("PublicIpAddress"),
    }
    return builder.build(
        {
            **covered(live, _OF_INSTANCE),
            **called,
            **({} if "BlockDeviceMappings" not in request.expected else _devices(request, live, builder)),
            **({} if "CreditSpecification" not in request.expected else _credits(request, builder)),
            "AvailabilityZone": placement.get("AvailabilityZone"),
            "IamInstanceProfile": profile.rpartition("/")[2] if profile else None,
            "Monitoring": (live.get("Monitoring") or {}).get("State") in {"enabled", "pending"},
            "PlacementGroupName": placement.get("GroupName") or None,
            "SecurityGroupIds": [group["GroupId"] for group in groups],
            "SecurityGroups": [group["GroupName"] for group in groups],
            "Tags": tag_list(live.get("Tags")),
            "Tenancy": placement.get("Tenancy"),
        },
        {
            "InstanceId": own,
            "AvailabilityZone": placement.get("AvailabilityZone"),
            "VpcId": live.get("VpcId"),
            **addresses,
        },
    )


def _devices(request: ReadRequest, live: Mapping[str, Any], builder: ReadingBuilder) -> dict[str, JsonValue]:
    """The template's devices with what their volumes are; others come with the image."""
    client = request.client("ec2")
    given = request.expected["BlockDeviceMappings"]
    named = (
        {mapping.get("DeviceName") for mapping in given if isinstance(mapping, Mapping)}
        if isinstance(given, list)
        else set()
    )
    devices = [mapping for mapping in live.get("BlockDeviceMappings", ()) if mapping["DeviceName"] in named]
    ids = [device["Ebs"]["VolumeId"] for device in devices]
    volumes: list[Any] = builder.call(
        "/BlockDeviceMappings", lambda: client.describe_volumes(VolumeIds=ids)["Volumes"] if ids else [], []
    )
    sizes = {volume["VolumeId"]: volume for volume in volumes}
    names = ("Encrypted", "Iops", "KmsKeyId", "SnapshotId", "Throughput", "VolumeType")
    found: list[JsonValue] = [
        {
            "DeviceName": device["DeviceName"],
            "Ebs": {
                **chosen(device["Ebs"], ("DeleteOnTermination",)),
                **chosen(sizes.get(device["Ebs"]["VolumeId"], {}), names),
                "VolumeSize": sizes.get(device["Ebs"]["VolumeId"], {}).get("Size"),
            },
        }
        for device in devices
    ]
    return {"BlockDeviceMappings": found}


def _credits(request: ReadRequest, builder: ReadingBuilder) -> dict[str, JsonValue]:
    client = request.client("ec2")
    found: list[Any] = builder.call(
        "/CreditSpecification",
        lambda: client.describe_instance_credit_specifications(InstanceIds=[request.physical_id])[
            "InstanceCreditSpecifications"
        ],
        [],
    )
    return {"CreditSpecification": {"CPUCredits": found[0]["CpuCredits"]} if found else None}


def read_launch_template(request: ReadRequest) -> Reading | None:
    """DescribeLaunchTemplateVersions: the latest version, which is the one that CloudFormation made."""
    client = request.client("ec2")
    own = {"LaunchTemplateId": request.physical_id}
    versions = found_or_none(
        lambda: client.describe_launch_template_versions(**own, Versions=["$Latest"])["LaunchTemplateVersions"],
        "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.NotFoundException",
        "InvalidLaunchTemplateId.VersionNotFound",
    )
    live = first(versions)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    template: Any = builder.call(
        "/TagSpecifications",
        lambda: first(client.describe_launch_templates(LaunchTemplateIds=[request.physical_id])["LaunchTemplates"]),
        {},
    )
    tags = tag_list((template or {}).get("Tags"))
    return builder.build(
        {
            "LaunchTemplateData": live["LaunchTemplateData"],
            "LaunchTemplateName": live["LaunchTemplateName"],
            "TagSpecifications": [{"ResourceType": "launch-template", "Tags": tags}] if tags else None,
            "VersionDescription": live.get("VersionDescription"),
        },
        {
            **own,
            "DefaultVersionNumber": _number((template or {}).get("DefaultVersionNumber")),
            "LatestVersionNumber": _number(live["VersionNumber"]),
        },
    )


def _number(value: Any) -> str | None:
    return None if value is None else str(value)


def read_volume(request: ReadRequest) -> Reading | None:
    """DescribeVolumes."""
    live = described_by_id(request, "describe_volumes", "Volumes", "VolumeId", "volume-id")
    if live is None or live.get("State") in {"deleted", "deleting"}:
        return None
    names = ("AvailabilityZone", "AvailabilityZoneId", "Encrypted", "Iops", "MultiAttachEnabled", "Size", "Throughput")
    key = live.get("KmsKeyId")
    return ReadingBuilder(request).build(
        {
            **covered(live, (*names, "VolumeType")),
            "KmsKeyId": as_in_template(request.expected.get("KmsKeyId"), key, str(key).rpartition("/")[2]),
            "SnapshotId": live.get("SnapshotId") or None,
            "Tags": tag_list(live.get("Tags")),
        },
        {"VolumeId": live["VolumeId"]},
    )


def read_interface(request: ReadRequest) -> Reading | None:
    """DescribeNetworkInterfaces."""
    live = described_by_id(
        request, "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", "network-interface-id"
    )
    if live is None:
        return None
    addresses = live.get("PrivateIpAddresses") or []
    others = [address["PrivateIpAddress"] for address in addresses if not address.get("Primary")]
    return ReadingBuilder(request).build(
        {
            **covered(live, ("Description", "InterfaceType", "PrivateIpAddress", "SourceDestCheck", "SubnetId")),
            "GroupSet": [group["GroupId"] for group in live.get("Groups", ())],
            "PrivateIpAddresses": [chosen(address, ("Primary", "PrivateIpAddress")) for address in addresses],
            "SecondaryPrivateIpAddressCount": len(others),
            "Tags": tag_list(live.get("TagSet")),
        },
        {
            "Id": request.physical_id,
            "PrimaryPrivateIpAddress": live.get("PrivateIpAddress"),
            "SecondaryPrivateIpAddresses": others,
            "VpcId": live.get("VpcId"),
        },
    )


def read_key_pair(request: ReadRequest) -> Reading | None:
    """DescribeKeyPairs, with the public key where the template gives it."""
    client = request.client("ec2")
    called = {"IncludePublicKey": True} if "PublicKeyMaterial" in request.expected else {}
    found = found_or_none(
        lambda: client.describe_key_pairs(KeyNames=[request.physical_id], **called)["KeyPairs"],
        "InvalidKeyPair.NotFound",
    )
    live = first(found)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(live, ("KeyName", "KeyType")),
            "PublicKeyMaterial": live.get("PublicKey"),
            "Tags": tag_list(live.get("Tags")),
        },
        chosen(live, ("KeyFingerprint", "KeyPairId")),
    )


def read_address_association(request: ReadRequest) -> Reading | None:
    """DescribeAddresses by the association's id."""
    live = described_by_id(request, "describe_addresses", "Addresses", "AssociationId", "association-id")
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(live, ("AllocationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress")),
            "EIP": live.get("PublicIp"),
        },
        {"Id": request.physical_id},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::EC2::EIPAssociation": reads(read_address_association, "ec2:DescribeAddresses"),
    "AWS::EC2::Instance": reads(
        read_instance,
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceCreditSpecifications",
        "ec2:DescribeInstances",
        "ec2:DescribeVolumes",
    ),
    "AWS::EC2::KeyPair": reads(read_key_pair, "ec2:DescribeKeyPairs"),
    "AWS::EC2::LaunchTemplate": reads(
        read_launch_template, "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates"
    ),
    "AWS::EC2::NetworkInterface": reads(read_interface, "ec2:DescribeNetworkInterfaces"),
    "AWS::EC2::Volume": reads(read_volume, "ec2:DescribeVolumes"),
}
