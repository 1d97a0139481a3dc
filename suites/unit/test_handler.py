"""The function's code, against a real PostgreSQL over TLS."""

import base64
import gc
import json
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import handler
import pytest
import trustme
from records import InvalidRecordError, Record
from store import Credentials, RefusedRecordError, Store, StoreError

from suites.unit.handler_support import (
    Postgres,
    Secrets,
    Starter,
    TlsServer,
    entry,
    failed,
    postgres,
    record,
)

PASSWORD = "correct-horse-battery"

pytestmark = [
    pytest.mark.xdist_group("postgres"),
    # When the server ends a connection, pg8000 leaves its socket to the garbage collector,
    # which `server` calls at the end, so that no other test has to answer for it.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(password=PASSWORD) as running:
        yield running
    gc.collect()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def start(server: Postgres, authority: trustme.CA) -> Iterator[Starter]:
    """Start a server in front of PostgreSQL: with TLS unless told otherwise, for a name, by a CA."""
    started: list[TlsServer] = []

    def start(*, name: str = "127.0.0.1", ca: trustme.CA = authority, tls: bool = True) -> TlsServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(name).configure_cert(context)
        started.append(TlsServer(tls=context if tls else None, upstream=server.socket_path))
        return started[-1]

    yield start
    for thread in started:
        thread.close()
    server.run("DROP TABLE IF EXISTS records")


@pytest.fixture
def front(start: Starter) -> TlsServer:
    return start()


@pytest.fixture
def secrets(front: TlsServer) -> Secrets:
    return Secrets(port=front.port, password=PASSWORD)


@pytest.fixture
def store(secrets: Secrets, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Make the store that the handler uses."""
    made = Store(read_secret=secrets.read, ca_bundle=bundle)
    monkeypatch.setattr(handler, "store_from_environment", lambda: made)
    yield made
    made.close()


def handle(*entries: dict[str, Any]) -> dict[str, Any]:
    return handler.handle({"Records": list(entries)}, None)


def rows(server: Postgres) -> list[Any]:
    return server.run("SELECT record_id, kind, occurred_at, payload FROM records ORDER BY sequence_number")


def insert_once(secrets: Secrets, bundle: Path) -> None:
    store = Store(read_secret=secrets.read, ca_bundle=bundle)
    try:
        store.insert(Record.from_kinesis(entry(1)))
    finally:
        store.close()


@pytest.mark.usefixtures("store")
class TestRows:
    """What an event leaves in the table, and what it reports."""

    def test_valid_records_become_rows(self, server: Postgres) -> None:
        assert handle(entry(1), entry(2)) == {"batchItemFailures": []}
        stored = rows(server)
        assert [row[0] for row in stored] == ["order-1", "order-2"]
        assert stored[0][1] == "order"
        assert stored[0][2].isoformat() == "2026-11-24T08:30:00+00:00"
        assert stored[0][3] == {"total": 12.5, "note": "grüße"}

    def test_the_key_is_shard_and_sequence_number(self, server: Postgres) -> None:
        one = entry(1)
        handle(one)
        assert server.run("SELECT shard_id, sequence_number FROM records") == [
            ["shardId-000000000006", one["kinesis"]["sequenceNumber"]]
        ]

    def test_the_same_batch_twice_gives_one_row_each(self, server: Postgres) -> None:
        for _ in range(2):
            assert handle(entry(1), entry(2)) == {"batchItemFailures": []}
        assert len(rows(server)) == 2

    def test_an_event_without_records_touches_nothing(self, secrets: Secrets) -> None:
        assert handle() == {"batchItemFailures": []}
        assert secrets.reads == 0

    def test_a_poisoned_record_fails_alone(self, server: Postgres) -> None:
        entries = [entry(1), entry(2, b"\xff not json"), entry(3)]
        assert failed(handle(*entries), entries) == [1]
        assert [row[0] for row in rows(server)] == ["order-1", "order-3"]

    def test_every_poisoned_record_is_reported(self, server: Postgres) -> None:
        entries = [entry(1, b""), entry(2), entry(3, b"[]"), entry(4, record(kind=""))]
        assert failed(handle(*entries), entries) == [0, 2, 3]
        assert len(rows(server)) == 1

    def test_a_record_that_postgresql_refuses_fails_alone(self, server: Postgres) -> None:
        # JSON has NUL, jsonb does not: only PostgreSQL finds out.
        entries = [entry(1, record(payload={"note": "\0"})), entry(2)]
        assert failed(handle(*entries), entries) == [0]
        assert [row[0] for row in rows(server)] == ["order-2"]

    def test_rows_are_there_before_the_database_fails(self, server: Postgres, store: Store) -> None:
        handle(entry(1))
        server.run("ALTER TABLE records RENAME COLUMN kind TO sort")
        with pytest.raises(StoreError, match="SQLSTATE 42703"):
            handle(entry(2), entry(3))
        server.run("ALTER TABLE records RENAME COLUMN sort TO kind")
        assert handle(entry(1), entry(2), entry(3)) == {"batchItemFailures": []}
        assert len(rows(server)) == 3
        assert store.insert(Record.from_kinesis(entry(3))) is False


class TestTls:
    """No row goes to a server that is not verified."""

    def test_the_connection_is_encrypted_end_to_end(self, front: TlsServer, store: Store) -> None:
        # The front passes on nothing that did not come through TLS.
        assert store.insert(Record.from_kinesis(entry(1))) is True
        assert front.connections == 1

    def test_an_untrusted_authority_is_refused(self, start: Starter, bundle: Path) -> None:
        front = start(ca=trustme.CA())
        with pytest.raises(StoreError, match="certificate verify failed"):
            insert_once(Secrets(port=front.port, password=PASSWORD), bundle)

    def test_a_wrong_host_name_is_refused(self, start: Starter, bundle: Path) -> None:
        front = start(name="elsewhere.example")
        with pytest.raises(StoreError, match="certificate is not valid for '127"):
            insert_once(Secrets(port=front.port, password=PASSWORD), bundle)

    def test_a_server_without_tls_is_refused(self, start: Starter, bundle: Path) -> None:
        front = start(tls=False)
        with pytest.raises(StoreError, match="Server refuses SSL"):
            insert_once(Secrets(port=front.port, password=PASSWORD), bundle)

    def test_rds_s_own_bundle_is_the_default_and_current(self) -> None:
        context = ssl.create_default_context(cafile=Path(handler.__file__).with_name("rds-ca-bundle.pem"))
        authorities = context.get_ca_certs()
        assert len(authorities) > 80
        assert all(ssl.cert_time_to_seconds(str(authority["notAfter"])) > 2_500_000_000 for authority in authorities)
        # The authority that the stack asks RDS for.
        assert "Amazon RDS us-east-1 Root CA RSA2048 G1" in str(authorities)


class TestCredentials:
    """The secret is read as seldom as possible, and again when it has to be."""

    def test_the_secret_is_read_once(self, secrets: Secrets, front: TlsServer, store: Store) -> None:
        handle(entry(1))
        handle(entry(2))
        store.close()
        handle(entry(3))
        assert (secrets.reads, front.connections) == (1, 2)

    def test_the_connection_is_kept(self, front: TlsServer, store: Store) -> None:
        for number in range(3):
            store.insert(Record.from_kinesis(entry(number)))
        assert front.connections == 1

    def test_a_rotated_password_is_read_again(
        self, server: Postgres, secrets: Secrets, front: TlsServer, store: Store
    ) -> None:
        server.run("CREATE ROLE writer LOGIN SUPERUSER PASSWORD 'before'")
        try:
            secrets.values |= {"username": "writer", "password": "before"}
            store.insert(Record.from_kinesis(entry(1)))
            server.run("ALTER ROLE writer PASSWORD 'after'")
            secrets.values["password"] = "after"
            front.drop_connections()
            assert store.insert(Record.from_kinesis(entry(2))) is True
            assert secrets.reads == 2
        finally:
            store.close()
            server.run("DROP TABLE records")
            server.run("DROP ROLE writer")

    def test_a_wrong_password_is_not_tried_for_ever(self, secrets: Secrets, store: Store) -> None:
        secrets.values["password"] = "wrong"
        # The driver's goodbye may come too late, and its error then hides PostgreSQL's.
        with pytest.raises(StoreError, match=r"28P01|network error"):
            store.insert(Record.from_kinesis(entry(1)))
        assert secrets.reads == 1

    @pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"host": "h", "port": "x"}'])
    def test_a_secret_of_another_form_is_an_error_that_does_not_quote_it(self, text: str) -> None:
        with pytest.raises(StoreError) as caught:
            Credentials.from_secret(text)
        assert str(caught.value).startswith("the secret is not a JSON object with host")

    def test_the_password_is_not_in_the_credentials_repr(self) -> None:
        credentials = Credentials(host="h", port=1, dbname="d", username="u", password=PASSWORD)
        assert PASSWORD not in repr(credentials)


class TestOutage:
    """A connection that ends is not an error, a database that is gone is one."""

    def test_a_lost_connection_is_opened_again(self, server: Postgres, front: TlsServer, store: Store) -> None:
        store.insert(Record.from_kinesis(entry(1)))
        front.drop_connections()
        assert store.insert(Record.from_kinesis(entry(2))) is True
        assert (len(rows(server)), front.connections) == (2, 2)

    def test_an_ended_session_is_opened_again(self, server: Postgres, store: Store) -> None:
        # What a failover looks like from here: SQLSTATE 57P01.
        store.insert(Record.from_kinesis(entry(1)))
        server.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = :name",
            name="tap-processor",
        )
        assert store.insert(Record.from_kinesis(entry(2))) is True

    def test_a_database_that_is_gone_fails_the_batch(self, front: TlsServer, store: Store) -> None:
        store.insert(Record.from_kinesis(entry(1)))
        front.close()
        with pytest.raises(StoreError, match="no connection to PostgreSQL"):
            handle(entry(2))

    def test_nothing_is_called_before_the_first_record(self, secrets: Secrets, front: TlsServer, store: Store) -> None:
        store.close()
        assert (secrets.reads, front.connections) == (0, 0)


class TestLog:
    """Logs and errors say which record, never what is in it."""

    def test_the_log_names_the_record_but_quotes_neither_it_nor_the_secret(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        bad = entry(2, record(payload="private-note"))
        handle(entry(1, record(id="private-id")), bad, entry(3, record(payload={"private-key": "\0"})))
        store.close()
        # Every field of every message, as the runtime's JSON formatter would write them.
        text = "\n".join(str(vars(record)) for record in caplog.records)
        assert bad["eventID"] in text
        assert "payload is not a JSON object" in text
        assert "SQLSTATE 22P05" in text
        assert PASSWORD not in text
        assert "private" not in text
        done = vars(caplog.records[-1])
        assert (done["message"], done["records"], done["stored"], done["refused"]) == ("batch done", 3, 1, 2)

    def test_postgresql_s_message_is_not_in_the_error(self, store: Store) -> None:
        with pytest.raises(RefusedRecordError) as caught:
            store.insert(Record.from_kinesis(entry(1, record(payload={"private": "\0"}))))
        assert str(caught.value) == "PostgreSQL answered with SQLSTATE 22P05"
        assert caught.value.__suppress_context__


class TestEntry:
    """The store that Lambda's environment describes."""

    def test_the_store_is_made_once_of_the_environment(
        self, secrets: Secrets, server: Postgres, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[dict[str, str]] = []

        class Client:
            def get_secret_value(self, **request: str) -> dict[str, str]:
                asked.append(request)
                return {"SecretString": secrets.read()}

        services: list[str] = []

        def client(name: str, **_: object) -> Client:
            services.append(name)
            return Client()

        monkeypatch.setattr("boto3.client", client)
        monkeypatch.setenv("DB_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tap")
        monkeypatch.setenv("DB_CA_BUNDLE", str(bundle))
        handler.store_from_environment.cache_clear()
        try:
            assert handle(entry(1)) == handle(entry(2)) == {"batchItemFailures": []}
        finally:
            handler.store_from_environment().close()
            handler.store_from_environment.cache_clear()
        assert services == ["secretsmanager"]
        assert asked == [{"SecretId": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tap"}]
        assert len(rows(server)) == 2


class TestRecord:
    """What a record must look like."""

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "is not JSON in UTF-8"),
            (b"\xff\xfe", "is not JSON in UTF-8"),
            (b"{", "is not JSON in UTF-8"),
            (b"9" * 5000, "is not JSON in UTF-8"),
            (b"[" * 200_000, "is not JSON in UTF-8"),
            (b"[]", "is not a JSON object with the fields id, kind, occurred_at, payload"),
            ({"id": "1"}, "is not a JSON object with the fields"),
            (record(more=1), "is not a JSON object with the fields"),
            (record(id=""), "id is not a text of 1 to 256 printable characters"),
            (record(id=7), "id is not a text"),
            (record(id="x" * 257), "id is not a text"),
            (record(id="a\0b"), "id is not a text"),
            (record(id="\ud800"), "id is not a text"),
            (record(kind=None), "kind is not a text"),
            (record(occurred_at="yesterday"), "occurred_at is not an ISO 8601 time with a time zone"),
            (record(occurred_at="2026-11-24T09:30:00"), "occurred_at is not an ISO 8601 time with a time zone"),
            (record(occurred_at=1764000000), "occurred_at is not an ISO 8601 time with a time zone"),
            (record(payload=[1]), "payload is not a JSON object"),
            (record(payload={"x": float("nan")}), "payload is not a JSON object"),
        ],
    )
    def test_what_is_wrong_is_named(self, data: bytes | dict[str, object], reason: str) -> None:
        with pytest.raises(InvalidRecordError, match=reason):
            Record.from_kinesis(entry(1, data))

    def test_data_that_is_not_base64_is_refused(self) -> None:
        bad = entry(1)
        bad["kinesis"]["data"] = "%%%"
        with pytest.raises(InvalidRecordError, match="is not JSON in UTF-8"):
            Record.from_kinesis(bad)

    def test_a_number_beyond_python_s_range_is_refused(self) -> None:
        raw = json.dumps(record(payload={"x": 1})).replace('"x": 1', '"x": 1e999').encode()
        assert b"1e999" in base64.b64decode(entry(1, raw)["kinesis"]["data"])
        with pytest.raises(InvalidRecordError, match="payload is not a JSON object"):
            Record.from_kinesis(entry(1, raw))

    def test_a_valid_record_is_taken_apart(self) -> None:
        made = Record.from_kinesis(entry(1))
        assert (made.shard_id, made.record_id, made.kind) == ("shardId-000000000006", "order-1", "order")
        assert made.occurred_at.isoformat() == "2026-11-24T09:30:00+01:00"
        assert json.loads(made.payload) == {"total": 12.5, "note": "grüße"}
