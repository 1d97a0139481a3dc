"""A fleet of accounts on one embedded moto: what is tampered with is found, and what that costs.

    python benchmarks/fleet.py [--write docs/benchmarks-fleet.md] [--accounts N] [--regions N] [--stacks N]

Run it in an environment with stackproof[cdk,dask,live]. Each measured audit runs in a separate process, and
the system reports its peak of memory; the emulator is another process. One more account refuses the role.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stackproof.calls.connection import Connection
from stackproof.calls.recorder import CallRecorder
from stackproof.config.fleet import load_fleet
from stackproof.config.settings import load_settings
from stackproof.core.json import canonical
from stackproof.deployment.deployment import Deployment
from stackproof.drift.fleet.run import FleetRun, account_regions_of, audit_tasks, list_stacks
from stackproof.drift.fleet.task import FleetOrder, FleetTask, TaskResult
from stackproof.drift.report import DriftReport
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.template.assembly import Stack
from stackproof.template.loading.template import parse_bytes
from stackproof.wiring.auditing import AuditOptions, drift_report
from stackproof.wiring.fleet import fleet_workers
from stackproof.wiring.project import Project

ROLE = "stackproof-audit"
DENIED = "999999999999"
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
TAMPERED = 25
JOBS = 4

Truth = tuple[str, str, str, str, str]
"""Of one tampering: account, region, stack, logical id, and the property or the type of the child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a fleet is."""

    accounts: int
    regions: int
    stacks: int

    def account_ids(self) -> list[str]:
        """Of those that can be audited."""
        return [f"{index:012d}" for index in range(100_000_000_001, 100_000_000_001 + self.accounts)]

    def places(self) -> Iterator[tuple[str, str]]:
        """Account and region of each."""
        return ((account, region) for account in self.account_ids() for region in REGIONS[: self.regions])

    @property
    def total(self) -> int:
        """How many stacks."""
        return self.accounts * self.regions * self.stacks


# -- the fleet


def body(number: int) -> dict[str, Any]:
    """A stack of twenty resources: a network with its ways out, and a queue with its alarm, a parameter and a role."""
    subnets = {
        f"Subnet{index}": _typed("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock=f"10.{number}.{index}.0/24")
        for index in range(4)
    }
    associations = {
        f"Association{index}": _typed(
            "EC2::SubnetRouteTableAssociation",
            SubnetId={"Ref": f"Subnet{index}"},
            RouteTableId={"Ref": f"Routes{index % 2}"},
        )
        for index in range(4)
    }
    groups = {
        f"Group{index}": _typed(
            "EC2::SecurityGroup",
            VpcId={"Ref": "Vpc"},
            GroupDescription=f"Group {index}",
            **(
                {
                    "SecurityGroupIngress": [
                        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}
                    ]
                }
                if index
                else {}
            ),
        )
        for index in range(2)
    }
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    return {
        "Resources": {
            "Vpc": _typed("EC2::VPC", CidrBlock=f"10.{number}.0.0/16", EnableDnsSupport=True),
            "Gateway": _typed("EC2::InternetGateway"),
            "Attachment": _typed(
                "EC2::VPCGatewayAttachment", VpcId={"Ref": "Vpc"}, InternetGatewayId={"Ref": "Gateway"}
            ),
            "Routes0": _typed("EC2::RouteTable", VpcId={"Ref": "Vpc"}),
            "Routes1": _typed("EC2::RouteTable", VpcId={"Ref": "Vpc"}),
            "WayOut": _typed(
                "EC2::Route",
                RouteTableId={"Ref": "Routes0"},
                DestinationCidrBlock="0.0.0.0/0",
                GatewayId={"Ref": "Gateway"},
            ),
            "Queue": _typed("SQS::Queue", VisibilityTimeout=60, MessageRetentionPeriod=345600),
            "Alarm": _typed(
                "CloudWatch::Alarm",
                Namespace="AWS/SQS",
                MetricName="ApproximateNumberOfMessagesVisible",
                Dimensions=[{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}],
                ComparisonOperator="GreaterThanThreshold",
                Statistic="Maximum",
                EvaluationPeriods=3,
                Period=60,
                Threshold=100,
            ),
            "Level": _typed("SSM::Parameter", Type="String", Value="INFO"),
            "Role": _typed("IAM::Role", AssumeRolePolicyDocument=trust, Description="Runs the worker"),
            **subnets,
            **associations,
            **groups,
        }
    }


def _typed(name: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"Type": f"AWS::{name}", "Properties": properties}


def deployed(url: str, size: Size) -> dict[tuple[str, str, str], Deployment]:
    """Every stack of the fleet, by account, region and name."""
    found: dict[tuple[str, str, str], Deployment] = {}
    for account, region in size.places():
        target = _target(url, account, region)
        for index in range(size.stacks):
            name = f"Cell{index}"
            text = json.dumps(body(index)).encode()
            template = parse_bytes(text, path=f"{name}.json", file=f"{name}.json", stack_name=name)
            found[account, region, name] = target.deploy(Stack(name=name, template=template))
    return found


def deny(url: str) -> None:
    """Make the role in one account, with a trust policy that allows nobody."""
    target = MotoTarget(url, role_arn=f"arn:aws:iam::{DENIED}:role/first")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    with target.writing("making a role that refuses"):
        target.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(policy))


def _target(url: str, account: str, region: str) -> MotoTarget:
    return MotoTarget(url, region=region, role_arn=f"arn:aws:iam::{account}:role/{ROLE}", calls=CallRecorder())


# -- tampering


def _alarm(client: Callable[[str], Any], name: str) -> None:
    found = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    kept = ("Namespace", "MetricName", "Dimensions", "ComparisonOperator", "Statistic", "EvaluationPeriods", "Period")
    rest = {key: found[key] for key in kept}
    client("cloudwatch").put_metric_alarm(AlarmName=name, Threshold=99999.0, **rest)


def _group(client: Callable[[str], Any], group: str) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def _role(client: Callable[[str], Any], role: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    client("iam").put_role_policy(RoleName=role, PolicyName="everything", PolicyDocument=json.dumps(policy))


def _route(client: Callable[[str], Any], table: str) -> None:
    ec2 = client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="198.51.100.0/24", GatewayId=gateway)


KINDS: Sequence[tuple[str, str, Callable[[Callable[[str], Any], str], object]]] = (
    ("Alarm", "/Threshold", _alarm),
    ("Group1", "/SecurityGroupIngress", _group),
    (
        "Queue",
        "/VisibilityTimeout",
        lambda client, url: client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"}),
    ),
    (
        "Level",
        "/Value",
        lambda client, name: client("ssm").put_parameter(Name=name, Value="DEBUG", Type="String", Overwrite=True),
    ),
    ("Role", "AWS::IAM::RolePolicy", _role),
    ("Group0", "AWS::EC2::SecurityGroupIngress", _group),
    ("Routes1", "AWS::EC2::Route", _route),
    ("Alarm", "", lambda client, name: client("cloudwatch").delete_alarms(AlarmNames=[name])),
)
"""Logical id, what a report names of it, and how it is done."""


def tampered(url: str, deployments: Mapping[tuple[str, str, str], Deployment], number: int) -> set[Truth]:
    """Tamper with that many resources, spread over the fleet; gives what an audit has to find."""
    places = sorted(deployments)
    number = min(number, len(places))
    truth: set[Truth] = set()
    for index in range(number):
        account, region, name = place = places[index * len(places) // number]
        logical_id, what, change = KINDS[index % len(KINDS)]
        target = _target(url, account, region)
        resource_ = deployments[place].resource(logical_id)
        assert resource_ is not None  # noqa: S101 - of the template above
        with target.writing("tampering"):
            change(target.client, resource_.physical_id)
        truth.add((account, region, name, logical_id, what))
    return truth


def seen(report: DriftReport) -> set[Truth]:
    """What an audit found, in the same words."""
    return {
        (
            difference.account,
            difference.region,
            str(difference.location.stack_name),
            str(difference.location.logical_id),
            difference.path or difference.child_type or "",
        )
        for difference in report.differences
    }


# -- the audit


def fleet_file(folder: Path, size: Size, *, accounts: int | None = None) -> Path:
    """The fleet, or its first accounts, with the one that refuses."""
    ids = [*size.account_ids()[:accounts], DENIED]
    lines = [f"role: {ROLE}", f"regions: [{', '.join(REGIONS[: size.regions])}]", "accounts:"]
    file = folder / f"fleet-{len(ids)}.yaml"
    file.write_text("\n".join([*lines, *(f'  - account: "{id_}"' for id_ in ids), ""]), encoding="utf-8")
    return file


class Forgetful:
    """Keeps nothing of what is done."""

    def get(self, task: FleetTask) -> TaskResult | None:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return None

    def keep(self, task: FleetTask, result: TaskResult) -> None:
        """Keep nothing."""


def audited(url: str, file: Path, *, executor: str = "threads", jobs: int = JOBS) -> tuple[DriftReport, FleetRun]:
    """As `stackproof drift audit --fleet` does it."""
    order = FleetOrder(target="moto", connection=Connection(endpoint_url=url))
    workers = fleet_workers(order, executor, jobs=jobs)
    listed = list_stacks(account_regions_of(load_fleet(file)), workers)
    [run] = deque(audit_tasks(listed, workers, Forgetful()), maxlen=1)
    project = Project(settings=load_settings(file.parent))
    return drift_report(project, AuditOptions(on=datetime.now(tz=UTC).date()), run.audited(), (), target="moto"), run


def text_of(report: DriftReport) -> bytes:
    """The bytes of the report."""
    return canonical(report.to_dict()).encode()


@contextmanager
def dask_cluster() -> Iterator[str]:
    """A scheduler and two workers on this machine; gives what `--executor` takes."""
    from distributed import LocalCluster

    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield f"dask://{cluster.scheduler_address.removeprefix('tcp://')}"


# -- the figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One audit in a separate process; memory in MiB, `before` is that before the first task."""

    executor: str
    stacks: int
    resources: int
    calls: int
    seconds: float
    before: float
    peak: float
    digest: str
    found: tuple[Truth, ...]
    dark: tuple[str, ...]
    services: Mapping[str, int]


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="a Markdown file to write the tables to")
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--regions", type=int, default=3)
    parser.add_argument("--stacks", type=int, default=5)
    parser.add_argument("--measure", nargs=3, metavar=("URL", "FLEET", "EXECUTOR"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measured(*options.measure)))
        return
    size = Size(accounts=options.accounts, regions=options.regions, stacks=options.stacks)
    with tempfile.TemporaryDirectory() as scratch:
        process = start_moto(os.getpid(), Path(scratch))
        try:
            rows, truth = _rows(process.endpoint_url, Path(scratch), size)
        finally:
            process.stop()
    text = _table(size, rows, truth)
    print(text)
    if options.write:
        options.write.write_text(_PAGE.format(table=text), encoding="utf-8")


def _rows(url: str, scratch: Path, size: Size) -> tuple[list[Row], set[Truth]]:
    began = time.perf_counter()
    deployments = deployed(url, size)
    deny(url)
    truth = tampered(url, deployments, TAMPERED)
    print(f"{len(deployments)} stacks deployed in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    small = fleet_file(scratch, size, accounts=max(1, size.accounts // 10))
    large = fleet_file(scratch, size)
    rows = [_in_a_process(url, small, "threads"), _in_a_process(url, large, "threads")]
    with dask_cluster() as address:
        rows.append(_in_a_process(url, large, address))
    return rows, truth


def _in_a_process(url: str, file: Path, executor: str) -> Row:
    command = [sys.executable, __file__, "--measure", url, str(file), executor]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Row(**{**found, "found": tuple(tuple(element) for element in found["found"]), "dark": tuple(found["dark"])})


def _measured(url: str, file: str, executor: str) -> dict[str, Any]:
    gc.set_threshold(100_000, *gc.get_threshold()[1:])  # as the command does
    before, began = _peak(), time.perf_counter()
    report, run = audited(url, Path(file), executor=executor)
    seconds = time.perf_counter() - began
    services = Counter[str]()
    for count in run.calls.counts:
        services[count.service] += count.count
    return {
        "executor": executor.partition(":")[0],
        "stacks": run.stacks,
        "resources": report.coverage.resources_total,
        "calls": run.calls.reads,
        "seconds": seconds,
        "before": before,
        "peak": _peak(),
        "digest": hashlib.sha256(text_of(report)).hexdigest(),
        "found": sorted(seen(report)),
        "dark": sorted({audit.account for audit in report.audits if not audit.is_complete}),
        "services": dict(services.most_common()),
    }


def _peak() -> float:
    """The most memory that this process has had, in MiB."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB"


def _machine() -> str:
    return (
        f"On {datetime.now(tz=UTC).date()}: {os.cpu_count()} cores, {_memory()}, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}."
    )


def _table(size: Size, rows: list[Row], truth: set[Truth]) -> str:
    small, large, dask = rows
    found = set(large.found)
    missed, extra = sorted(truth - found), sorted(found - truth)
    same = "the same" if large.digest == dask.digest else "DIFFERENT"
    most = ", ".join(f"{name} {count}" for name, count in large.services.items())
    return "\n".join(
        (
            _machine(),
            "",
            f"{size.accounts} accounts, {size.regions} regions, {size.stacks} stacks each; one account more refuses.",
            "",
            "| executor | stacks | resources | seconds | resources/s | calls | for each resource | memory | before |",
            "|---|---|---|---|---|---|---|---|---|",
            *(
                f"| {row.executor} | {row.stacks} | {row.resources} | {row.seconds:.1f} "
                f"| {row.resources / row.seconds:.0f} | {row.calls} | {row.calls / row.resources:.2f} "
                f"| {row.peak:.0f} MiB | {row.before:.0f} MiB |"
                for row in rows
            ),
            "",
            "| what | measured | asked for |",
            "|---|---|---|",
            f"| tampered with, and found | {len(truth & found)} of {len(truth)} | all |",
            f"| found, and not tampered with | {len(extra)} | 0 |",
            f"| accounts that could not be audited | {', '.join(large.dark)} | {DENIED} |",
            f"| calls for each resource | {large.calls / large.resources:.2f} | at most 1 |",
            f"| memory at {small.stacks}, {large.stacks} stacks | {small.peak:.0f}, {large.peak:.0f} MiB | flat |",
            f"| bytes of the report, threads and two Dask workers | {same} | the same |",
            "",
            f"Calls by service: {most}.",
            *(f"missed: {difference}" for difference in missed),
            *(f"not tampered with: {difference}" for difference in extra),
        )
    )


_PAGE = """# Benchmarks of a fleet audit

`python benchmarks/fleet.py --write docs/benchmarks-fleet.md` makes this page. A fleet is deployed on one embedded moto,
some of its resources are changed afterwards, and `stackproof drift audit --fleet` audits all of it. Calls are those of
the call log, with those that find the stacks. Seconds depend on the machine and on the emulator, which runs on the same
machine and answers one call at a time. With Dask, the memory is that of the process that submits the work.

{table}
"""


if __name__ == "__main__":
    main()
