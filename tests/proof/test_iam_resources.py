"""What AWS's own list says of actions."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from botocore import xform_name
from botocore.session import Session

from stackproof import readers as package
from stackproof.calls.iam_action import TAKEN_OUT, action_of, gives_secret, only_reads
from stackproof.proof.iam_resources import CfnLintActions
from stackproof.readers import READERS
from stackproof.readers.access import LiveReader

ACTIONS = CfnLintActions()
DECLARED = sorted(
    {action for reader in READERS.values() if isinstance(reader, LiveReader) for action in reader.actions}
)


def test_an_action_is_about_the_resources_that_it_takes_or_about_none_or_not_known() -> None:
    assert ACTIONS.resources("kms:DescribeKey") == ("arn:${Partition}:kms:${Region}:${Account}:key/*",)
    assert ACTIONS.resources("KMS:describekey") == ACTIONS.resources("kms:DescribeKey")
    assert ACTIONS.resources("ec2:DescribeVpcs") == ()
    assert ACTIONS.resources("ec2:DescribeNothing") is None
    assert ACTIONS.resources("nothing:Describe") is None


def test_what_readers_declare_are_actions_that_read_and_give_no_secret_away() -> None:
    assert [action for action in DECLARED if not only_reads(action)] == []
    assert [action for action in DECLARED if gives_secret(action)] == [*TAKEN_OUT]  # and there the secret is taken out
    assert [action for action in DECLARED if ACTIONS.resources(action) is None] == []


def test_what_readers_declare_is_called_somewhere_in_their_code() -> None:
    """Else the policy would allow what no reader ever needs."""
    folder = Path(inspect.getfile(package)).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))
    code += "".join(code.replace("{owner}", owner) for owner in ("group", "role", "user"))
    session = Session()
    called = set()
    for service in session.get_available_services():
        if f'client("{service}")' in code:
            called |= {
                action_of(service, name)
                for name in session.get_service_model(service).operation_names
                if xform_name(name) in code
            }
    # That action is for GetObject with a version.
    assert set(DECLARED) - called == {"s3:GetObjectVersion"}


HARMLESS = frozenset(
    {
        *("batchgettokenbalance", "describeipamexternalresourceverificationtokens", "describekeypairs"),
        *("describesecret", "describetrustedtokenissuer", "getaccesskeyinfo", "getaccesskeylastused"),
        *("getaccountpasswordpolicy", "getapikey", "getapikeycredentialprovider", "getapikeys"),
        *("getchangetokenstatus", "getcredentiallocker", "getcredentialreport", "getkeypair", "getkeypairs"),
        *("getoauth2credentialprovider", "getpaymentcredentialprovider", "getpersonalaccesstokenmetadata"),
        *("getplaybackkeypair", "getrandompassword", "gettokenbalance", "gettokenvault", "listaccesskeys"),
        *("listaccesstokens", "listapikeycredentialproviders", "listcredentiallockers"),
        *("listgithubaccounttokennames", "listoauth2credentialproviders", "listpaymentcredentialproviders"),
        *("listpersonalaccesstokens", "listplaybackkeypairs", "listscramsecrets", "listsecrets"),
        *("listsecretversionids", "listservicespecificcredentials", "listsourcecredentials", "listtokenbalances"),
        *("listtokens", "listtrustedtokenissuers", "listvoiceconnectorterminationcredentials"),
        *("listwebauthncredentials", "listworkspaceserviceaccounttokens"),
    }
)
"""Names of secrets, public halves, metadata, or a value only with a parameter that the guard refuses."""


def test_whatever_the_sdk_reads_that_is_named_like_a_secret_is_known_as_one_or_as_harmless() -> None:
    """Fails when AWS adds an operation of such a name: someone has to decide."""
    session = Session()
    telling = re.compile(r"credential|password|token|secret|accesskey|privatekey|apikey|passphrase|keypair")
    reading = {
        name.casefold()
        for service in session.get_available_services()
        for name in session.get_service_model(service).operation_names
        if only_reads(name)
    }
    assert {name for name in reading if telling.search(name) and not gives_secret(name)} - HARMLESS == set()


def test_what_makes_something_is_no_read_whatever_its_verb() -> None:
    assert not only_reads("GetId")
    assert not only_reads("GetChangeToken")
