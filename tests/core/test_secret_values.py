"""A text betrays what in it may be a secret; what only looks a little like one stays readable."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonValue, canonical
from stackproof.core.secret_values import covered, is_measure, is_secret_name, masked, masked_text

LEAKS = [
    '{"user":"app","password":"hunter2-CONFIG"}',
    '[{"Name":"DB_PASSWORD","Value":"hunter2"}]',
    json.dumps({"inner": json.dumps({"api-key": "hunter2"})}),
    '{"password":"hunter2","password":""}',
    '{"cut": "off", "password": "hunter2',
    'CONFIG={\\"password\\": \\"hunter2\\"}',
    "Server=db;User=x;Password=hunter2-DSN",
    "Server=db;Password=my hunter2;User=x",
    'Server=db;Password="a;hunter2";User=x',
    "Server=db; then Password=hunter2",
    "host=db password='my hunter2' user=x",
    "DB_PASS=hunter2 run",
    "app --db-password hunter2 --verbose",
    "password: hunter2",
    "https://hooks.example.com/x?token=hunter2-HOOK",
    "https://blob.example.com/x?sv=1&sig=hunter2%3D&se=2",
    "https://hooks.slack.com/services/T0/B0/hunter2",
    "postgres://app:p@hunter2@db/x",
    "https://hunter2@github.com/x",
    '{"Headers":{"Authorization":"Bearer hunter2"}}',
    'curl -H "Authorization: Basic hunter2" x',
    "Bearer hunter2",
    "token=Bearer hunter2",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
    json.dumps(
        {
            "States": {
                "Call": {
                    "Parameters": {
                        "password": "hunter2-STATE",
                        "Body": "grant",
                        "Auth": "Authorization: Bearer hunter2",
                    }
                }
            }
        }
    ),
]
PLAIN: list[JsonValue] = [
    30,
    True,
    None,
    "",
    "INFO",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
    "secretsmanager:GetSecretValue",
    "{{resolve:secretsmanager:db:SecretString:password}}",
    "Server=db;Password={{resolve:secretsmanager:db:SecretString:password}}",
    "Gets a bearer token",
    "rate(5 minutes)",
    "cron(0 2 * * ? *)",
    "https://example.com/x?page=2&size=3",
    "https://sqs.eu-west-1.amazonaws.com/123456789012/queue",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:0d4c17",
    "method.request.header.Authorization",
    "use_password=true",
    '{ "Statement": [ {"Action": "secretsmanager:GetSecretValue", "Effect": "Allow", "Resource": "*"} ] }',
    "[not JSON]",
    {"Statement": [{"Action": ["sts:GetSessionToken"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]},
    [{"Key": "team", "Value": "payments"}],
    {"AccessTokenValidity": 5},
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_text_is_shown_without_what_may_be_a_secret(text: str) -> None:
    shown = masked_text(text)
    assert "hunter2" not in shown
    assert "***" in shown
    assert masked_text(shown) == shown


@pytest.mark.parametrize("text", LEAKS)
def test_what_the_store_hashed_is_masked_like_the_value_itself(text: str) -> None:
    hashed = covered(text, lambda _: f"hmac-sha256:{'0d4c17ff' * 8}")
    assert "hunter2" not in str(hashed)
    assert masked(hashed) == masked(text)


@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_what_is_no_secret_is_shown_as_it_is(value: JsonValue) -> None:
    assert masked(value) == value


def test_what_has_a_secrets_name_is_masked_in_all_its_parts() -> None:
    assert masked({"Passwords": ["hunter2", {"old": "hunter2"}, 3, "arn:aws:x"]}) == {
        "Passwords": ["***", {"old": "***"}, 3, "arn:aws:x"]
    }


def test_a_text_that_is_json_stays_json_in_its_order() -> None:
    shown = masked_text('{"user": "app", "password": "hunter2", "size": 1, "a": ["é"]}')
    assert shown == '{"user":"app","password":"***","size":1,"a":["é"]}'


@pytest.mark.parametrize(
    "name",
    [
        *("password", "MasterUserPassword", "DB_PASS", "PGPASS", "X_PASS", "DbPass", "pass", "DB_PASS_2", "DB_PASS2"),
        *("MYSQL_PWD", "SecretKey", "API_KEY", "AuthToken", "Credentials", "passphrase", "PASS_FILE", "Authorization"),
    ],
)
def test_a_name_may_be_that_of_a_secret(name: str) -> None:
    assert is_secret_name(name)
    assert masked_text(f"a {name}: hunter2") == f"a {name}: ***"


@pytest.mark.parametrize(
    "name",
    [
        *("Compass", "Bypass", "BYPASS", "BypassPolicyLockoutSafetyCheck", "PassThrough", "pass-through", "pass_role"),
        *("iam:PassRole", "HttpTokens", "http_tokens", "passenger", "trespass", "KeyName", "pass_on", "Surpass"),
    ],
)
def test_words_stay_words(name: str) -> None:
    assert not is_secret_name(name)
    assert masked_text(f"a {name}: hunter2") == f"a {name}: hunter2"


NAMES_OF_SECRETS = [
    *("ADDomainJoinPassword", "AccessKey", "AccessToken", "AccountPassword", "AdminPassword", "ApiKey", "ApiKeyValue"),
    *("ApiSecretKey", "ApiToken", "AuthPassword", "AuthToken", "AzureBlobSasToken", "BearerToken", "ClientSecret"),
    *("CrossRealmTrustPrincipalPassword", "DbPassword", "FsxAdminPassword", "HECToken", "KdcAdminPassword"),
    *("MasterUserPassword", "OauthToken", "Password", "PrivateKey", "RefreshToken", "SaslPassword", "SecretAccessKey"),
    *("SecretString", "SmtpPassword", "SslClientKeyPassword", "SvmAdminPassword", "TdeCredentialPassword", "Passwords"),
    *("STAGE_PASSWORD", "SecretStage", "SECRETSTAGE", "password_stage", "PasswordMessage", "TokenAccount"),
]
NAMES_OF_MEASURES = [
    *(
        "AccessTokenValidity",
        "ApiKeyRequired",
        "ApiKeySelectionExpression",
        "ApiKeySourceType",
        "ClientPasswordAuthType",
    ),
    *("AddApiKeyRequired", "BearerTokenAuthenticationEnabled", "ConnectionPasswordEncryption", "CredentialType"),
    *("CredentialDurationSeconds", "CredentialProviderType", "CredentialProviderVendor", "IdTokenValidity"),
    *("ImagePullCredentialsType", "InboundTokenClaimValueType", "NoPasswordRequired", "PasswordHistorySize"),
    *("PasswordLength", "PasswordResetRequired", "RefreshTokenValidity", "ResourceAwsIamAccessKeyStatus", "SecretType"),
    *("ReturnConnectionPasswordEncrypted", "TemporaryPasswordValidityDays", "TokenCount", "TokenType", "PasswordAge"),
    *("TokenEndpointAuthenticationMethod", "TokenValidityUnits", "MinimumPasswordLength", "PasswordReusePrevention"),
    *("token_type", "MAX_PASSWORD_AGE", "password-expiry", "password_reuse_prevention", "TOKEN_SIGNING_ALGORITHM"),
    *("TOKEN_PERIOD", "secret_mode", "PasswordExpiration"),
]


@pytest.mark.parametrize("name", NAMES_OF_SECRETS)
def test_the_name_of_a_value_may_be_that_of_a_secret(name: str) -> None:
    assert is_secret_name(name)
    assert not is_measure(name)
    assert masked({name: "hunter"}) == {name: "***"}
    assert masked_text(f"{name}=hunter") == f"{name}=***"


@pytest.mark.parametrize("name", NAMES_OF_MEASURES)
def test_the_name_of_a_measure_or_a_kind_is_not_that_of_a_secret(name: str) -> None:
    assert not is_secret_name(name)
    assert is_measure(name)
    assert masked({name: {"AccessToken": "minutes"}}) == {name: {"AccessToken": "minutes"}}
    assert masked({name: {"Password": "hunter2"}}) == {name: {"Password": "***"}}
    for text in (f"{name}: words", f"{name}=words", f"--{name} words", f'"{name}": "words"'):
        assert masked_text(text) == text


def test_a_text_that_ends_like_a_measure_is_not_a_name() -> None:
    assert is_secret_name("DB_PASSWORD:MyType")
    assert is_secret_name("DB_PASSWORD hunter2 Age")


COMMANDS = [
    "login --pass hunter2 --verbose",
    "login --db-pass2 'my hunter2'",
    "export DB_PASSWORD hunter2",
    "set DB_PASS hunter2",
    "<password>hunter2</password>",
    '<cfg:DbPass kind="x">my hunter2</cfg:DbPass>',
]


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_or_an_element_shows_no_secret(text: str) -> None:
    assert "hunter2" not in masked_text(text)
    assert "***" in masked_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "set the password of the user",
        "set DB_PASSWORD to the name",
        "export STAGE production",
        "login --bypass words",
        "https://user:<password>@host is what we write",
        "they pass words",
    ],
)
def test_a_sentence_stays_a_sentence(text: str) -> None:
    assert masked_text(text) == text


SECRETS = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=12, max_size=24).map(lambda text: f"q9Z{text}")
SHAPES = st.sampled_from(
    [
        lambda secret: {"Password": secret},
        lambda secret: {"Name": "API_KEY", "Value": secret},
        lambda secret: f"Server=db;Pwd={secret}",
        lambda secret: f"https://x.example.com/?page=1&token={secret}",
        lambda secret: f"https://user:{secret}@x.example.com/",
        lambda secret: f"Authorization: Bearer {secret}",
        lambda secret: f'x "client_secret": "{secret}" y',
    ]
)
WRAPS = st.lists(
    st.sampled_from(
        [
            lambda value: {"inner": value},
            lambda value: ["first", value, 3],
            lambda value: value if isinstance(value, str) else json.dumps(value),
            lambda value: json.dumps({"deep": value}, indent=2),
        ]
    ),
    max_size=5,
)


@given(SECRETS, SHAPES, WRAPS)
def test_however_it_is_wrapped_a_secret_leaves_no_trace(secret: str, shape: object, wraps: list[object]) -> None:
    value = shape(secret)  # type: ignore[operator]
    for wrap in wraps:
        value = wrap(value)  # type: ignore[operator]
    assert secret not in canonical(masked(value))
    assert secret not in canonical(covered(value, lambda _: "hmac-sha256:00"))


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "pass:",
        "password=",
        '"a":',
        "password",
        "--",
        "-",
        " ",
        "'",
        '"',
        "export PASS ",
        "<password>",
        "authorization ",
        "x=1;",
        "://",
        "-----BEGIN PRIVATE KEY-----",
        "\\",
        'token="',
        "[",
    ],
)
def test_a_text_that_is_long_takes_no_time_to_speak_of(part: str) -> None:
    started = time.perf_counter()
    for size in (100_000, 99_999):
        text = part * (size // len(part))
        assert len(masked_text(text)) > 0
        assert len(masked_text(f"a=b;c={text}")) > 0
    assert time.perf_counter() - started < 10
