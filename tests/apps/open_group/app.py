"""Two stacks, the second of which opens the security group of the first."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

app = cdk.App()
network = cdk.Stack(app, "Network")
vpc = ec2.CfnVPC(network, "Vpc", cidr_block="10.0.0.0/16")
group = ec2.CfnSecurityGroup(
    network,
    "Group",
    group_description="the group of the app",
    vpc_id=vpc.ref,
    security_group_ingress=[{"ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIp": "10.0.0.0/16"}],
)
web = cdk.Stack(app, "Web")
ec2.CfnSecurityGroupIngress(
    web, "Rule", group_id=group.attr_group_id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ip="10.0.0.0/16"
)
app.synth()
