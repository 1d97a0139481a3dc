"""What AWS's describe APIs tell, from recorded answers; and that nothing but AWS is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from stackproof.core.errors import ConfigError, TargetError
from stackproof.policy.versions.engine_version import Claim, Status
from stackproof.policy.versions.families import FAMILIES
from stackproof.policy.versions.refreshing import Snapshot, refreshed
from stackproof.policy.versions.sources.aws import AwsVersions
from tests.policy.versions.sample import PACKAGED

NOW = "2026-11-24T12:00:00Z"
END = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)
LATER = datetime(2031, 2, 28, 12, 0, tzinfo=UTC)
OLDER = datetime(2022, 11, 1, tzinfo=UTC)


class Recorded:
    """Clients that answer what was recorded, call after call; what is not recorded is an access that is denied."""

    def __init__(self, answers: Mapping[str, list[tuple[str, Any]]], *, account: str = "111122223333") -> None:
        self._answers = {"sts": [("get_caller_identity", {"Account": account})], **answers}
        self._clients: dict[str, Any] = {}
        self._stubs: list[Stubber] = []
        self.endpoint: str | None = None

    def __call__(self, service: str) -> Any:
        if service not in self._clients:
            client = boto3.client(  # type: ignore[call-overload]
                service,
                region_name="us-east-1",
                endpoint_url=self.endpoint,
                aws_access_key_id="x",
                aws_secret_access_key="y",
                config=Config(retries={"max_attempts": 1}),
            )
            stub = Stubber(client)
            for operation, answer in self._answers.get(service, []):
                if isinstance(answer, str):
                    stub.add_client_error(operation, answer, "no")
                else:
                    stub.add_response(operation, answer)
            stub.activate()
            self._clients[service] = client
            self._stubs.append(stub)
        return self._clients[service]


def lifecycle(name: str, end: datetime) -> dict[str, Any]:
    return {
        "LifecycleSupportName": f"open-source-rds-{name}-support",
        "LifecycleSupportStartDate": OLDER,
        "LifecycleSupportEndDate": end,
    }


def databases(**answers: list[Any]) -> list[tuple[str, Any]]:
    """Answers of RDS in the order in which families are asked for; other engines have no versions."""
    found: list[tuple[str, Any]] = []
    for name in FAMILIES:
        if not name.startswith("rds/"):
            continue
        pages, majors = answers.get(
            name.removeprefix("rds/"), [[{"DBEngineVersions": []}], {"DBMajorEngineVersions": []}]
        )
        found.extend(("describe_db_engine_versions", page) for page in pages)
        if pages and not isinstance(pages[-1], str):
            found.append(("describe_db_major_engine_versions", majors))
    return found


POSTGRES: list[Any] = [
    [
        {"DBEngineVersions": [{"EngineVersion": "15.8", "Status": "deprecated"}], "Marker": "more"},
        {"DBEngineVersions": [{"EngineVersion": "15.19", "Status": "available"}]},
    ],
    {
        "DBMajorEngineVersions": [
            {
                "Engine": "postgres",
                "MajorEngineVersion": "15",
                "SupportedEngineLifecycles": [lifecycle("standard", END), lifecycle("extended", LATER)],
            },
            {"Engine": "postgres", "MajorEngineVersion": "7"},
        ]
    },
]
MARIADB: list[Any] = [
    [{"DBEngineVersions": [{"EngineVersion": "11.8.9", "Status": "available"}]}],
    {
        "DBMajorEngineVersions": [
            {"MajorEngineVersion": "11.8", "SupportedEngineLifecycles": [lifecycle("standard", END)]}
        ]
    },
]


def read(**answers: list[tuple[str, Any]]) -> Snapshot:
    return AwsVersions(region="us-east-1", client=Recorded(answers), environment={}).read(NOW)


def test_databases_are_read_page_by_page_with_their_dates() -> None:
    found = read(rds=databases(postgres=POSTGRES, mariadb=MARIADB))
    postgres = found.families["rds/postgres"]
    assert postgres.listing == {"15.8": Claim.DEPRECATED, "15.19": Claim.CREATABLE}
    assert postgres.is_final
    assert postgres.cycles == {"15": (date(2028, 2, 29), date(2031, 2, 28))}
    assert found.families["rds/mariadb"].cycles == {"11.8": (date(2028, 2, 29), False)}
    assert found.families["rds/oracle-ee"].listing == {}
    assert (found.source.account, found.source.region, found.source.as_of) == ("111122223333", "us-east-1", NOW)


def test_the_other_services_are_read() -> None:
    found = read(
        docdb=[("describe_db_engine_versions", {"DBEngineVersions": [{"EngineVersion": "5.0.0"}]})],
        neptune=[("describe_db_engine_versions", {"DBEngineVersions": [{"EngineVersion": "1.4.5.0"}]})],
        elasticache=[
            ("describe_cache_engine_versions", {"CacheEngineVersions": [{"EngineVersion": name}]})
            for name in ("1.6.22", "7.1", "8.0")
        ],
        memorydb=[("describe_engine_versions", {"EngineVersions": [{"EngineVersion": "7.1"}]})],
        eks=[
            (
                "describe_cluster_versions",
                {
                    "clusterVersions": [
                        {
                            "clusterVersion": "1.34",
                            "endOfStandardSupportDate": END,
                            "endOfExtendedSupportDate": LATER,
                        }
                    ]
                },
            )
        ],
        kafka=[
            (
                "list_kafka_versions",
                {
                    "KafkaVersions": [
                        {"Version": "3.9.x", "Status": "ACTIVE"},
                        {"Version": "2.2.1", "Status": "DEPRECATED"},
                    ]
                },
            )
        ],
        opensearch=[
            ("list_versions", {"Versions": ["OpenSearch_2.19", "Elasticsearch_7.10"], "NextToken": "more"}),
            ("list_versions", {"Versions": ["OpenSearch_3.5"]}),
        ]
        * 2,
        mq=[
            (
                "describe_broker_engine_types",
                {"BrokerEngineTypes": [{"EngineType": kind, "EngineVersions": [{"Name": name}]}]},
            )
            for kind, name in (("ACTIVEMQ", "5.19"), ("RABBITMQ", "4.2"))
        ],
    )
    listed = {name: list(family.listing) for name, family in found.families.items() if family.listing}
    assert listed == {
        "docdb": ["5.0.0"],
        "neptune": ["1.4.5.0"],
        "elasticache/memcached": ["1.6.22"],
        "elasticache/redis": ["7.1"],
        "elasticache/valkey": ["8.0"],
        "memorydb": ["7.1"],
        "msk": ["3.9.x", "2.2.1"],
        "opensearch": ["OpenSearch_2.19", "OpenSearch_3.5"],
        "elasticsearch": ["Elasticsearch_7.10"],
        "mq/activemq": ["5.19"],
        "mq/rabbitmq": ["4.2"],
    }
    assert found.families["eks"].cycles == {"1.34": (date(2028, 2, 29), date(2031, 2, 28))}
    msk = found.families["msk"].listing
    assert msk is not None
    assert msk["2.2.1"] is Claim.DEPRECATED
    assert "lambda" not in found.families


def test_a_family_whose_call_fails_keeps_its_data_and_its_age() -> None:
    broken = [[POSTGRES[0][0], "ThrottlingException"], {}]
    found = read(rds=databases(postgres=broken, mariadb=MARIADB))
    assert "ThrottlingException" in str(found.families["rds/postgres"].failure)
    result = refreshed(PACKAGED, [found], accept_large_change=True)
    assert result.versions.families["rds/postgres"] == PACKAGED.families["rds/postgres"]
    assert result.versions.families["rds/mariadb"].as_of == NOW
    assert any(failure.startswith("rds/postgres: aws-api: ") for failure in result.failures)
    assert result.versions.families["rds/mariadb"].versions["10.5.29"].status is Status.WITHDRAWN


@pytest.mark.parametrize("account", ["000000000000", "123456789012"])
def test_a_dummy_account_is_refused(account: str) -> None:
    source = AwsVersions(region="us-east-1", client=Recorded({}, account=account), environment={})
    with pytest.raises(ConfigError, match="is a dummy"):
        source.read(NOW)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_RDS"])
def test_a_redirected_endpoint_is_refused(name: str) -> None:
    source = AwsVersions(region="us-east-1", client=Recorded({}), environment={name: "http://127.0.0.1:5000"})
    with pytest.raises(ConfigError, match=f"{name} is set"):
        source.read(NOW)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4566", "https://amazonaws.com.example.org", "https://rds.us-east-1.notamazonaws.com"]
)
def test_what_is_not_aws_is_refused(endpoint: str) -> None:
    recorded = Recorded({})
    recorded.endpoint = endpoint
    with pytest.raises(ConfigError, match="which is not AWS"):
        AwsVersions(region="us-east-1", client=recorded, environment={}).read(NOW)


def test_the_partition_of_china_is_aws() -> None:
    recorded = Recorded({})
    recorded.endpoint = "https://sts.cn-north-1.amazonaws.com.cn"
    assert AwsVersions(region="cn-north-1", client=recorded, environment={}).read(NOW).source.account == "111122223333"


def test_an_account_that_cannot_be_asked_is_said() -> None:
    recorded = Recorded({"sts": [("get_caller_identity", "AccessDenied")]})
    with pytest.raises(TargetError, match="AccessDenied"):
        AwsVersions(region="us-east-1", client=recorded, environment={}).read(NOW)


def test_a_profile_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(ConfigError, match="banana"):
        AwsVersions(region="us-east-1", profile="banana", environment={}).read(NOW)
