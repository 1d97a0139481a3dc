"""IAM's names for calls, and what a name tells: whether it only reads, and whether it gives a secret away."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

__all__ = ["action_of", "gives_secret", "only_reads", "prefix_of"]

_PREFIXES: Final = {
    "apigatewayv2": "apigateway",
    "cloudcontrol": "cloudformation",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "sesv2": "ses",
    "stepfunctions": "states",
}
"""Services whose actions have another prefix than their client has a name."""

_NAMED_OTHERWISE: Final = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:DeleteBucketCors": "s3:PutBucketCORS",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutBucketCors": "s3:PutBucketCORS",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
"""Operations whose action has another name, as AWS's service authorization reference has them."""

_METHODS: Final = {"Get": "GET", "Create": "POST", "Import": "POST", "Delete": "DELETE", "Update": "PATCH"}
"""API Gateway has an action for each HTTP method instead; what is not here is a PUT."""

_READING: Final = (
    "batchdescribe",
    "batchget",
    "describe",
    "estimate",
    "get",
    "head",
    "list",
    "lookup",
    "search",
    "select",
    "simulate",
)
_READING_TOO: Final = frozenset(
    {
        "detectstackdrift",
        "detectstackresourcedrift",
        "filterlogevents",
        "query",
        "scan",
        "transactgetitems",
        "validatetemplate",
    }
)
_WRITING: Final = frozenset({"getchangetoken", "getid"})
"""Operations that make something, whatever their verb says: a token of WAF, an identity of Cognito."""

_SECRETS: Final = (
    "batchgetsecretvalue",
    "describechapcredentials",
    "getaccesstoken",
    "getacmeexternalaccountbindingcredentials",
    "getauthorizationtoken",
    "getbucketaccesskeys",
    "getchallengepassword",
    "getclienttoken",
    "getclustercredentials",
    "getclustercredentialswithiam",
    "getclustersessioncredentials",
    "getcomputeaccess",
    "getcomputeauthtoken",
    "getconnection",
    "getconnections",
    "getcredentials",
    "getcredentialsforidentity",
    "getdataaccess",
    "getdecryptedapikey",
    "getdelegatedaccesstoken",
    "getenvironmentcredentials",
    "getfederationtoken",
    "getidentitycenterauthtoken",
    "getinstanceaccess",
    "getinstanceaccessdetails",
    "getjobunlockcode",
    "getmanagedendpointsessioncredentials",
    "getopenidtoken",
    "getopenidtokenfordeveloperidentity",
    "getpassworddata",
    "getprogrammaticaccesscredentials",
    "getrelationaldatabasemasteruserpassword",
    "getresourceapikey",
    "getresourceoauth2token",
    "getresourcepaymenttoken",
    "getrolecredentials",
    "getsecretvalue",
    "getsessionendpoint",
    "getsessiontoken",
    "getspacecredentialsfororganization",
    "gettemporarydatalocationcredentials",
    "gettemporarygluepartitioncredentials",
    "gettemporarygluetablecredentials",
    "gettoken",
    "gettokensfromrefreshtoken",
    "getuserattributeverificationcode",
    "getvpnconnectiondevicesampleconfiguration",
    "getwebidentitytoken",
    "getworkloadaccesstoken",
    "getworkloadaccesstokenforjwt",
    "getworkloadaccesstokenforuserid",
    "listapikeys",
    "listuserpoolclientsecrets",
)
"""Reads by their name that give a secret away."""


def action_of(service: str, operation: str) -> str:
    """The IAM action that allows a call; the service as botocore names it, the operation as the API does."""
    prefix = prefix_of(service)
    if prefix == "apigateway":
        verb = next((each for each in _METHODS if operation.startswith(each)), "")
        return f"apigateway:{_METHODS.get(verb, 'PUT')}"
    action = f"{prefix}:{operation}"
    return _NAMED_OTHERWISE.get(action, action)


def prefix_of(service: str) -> str:
    """What the actions of a service, as botocore names it, begin with."""
    return _PREFIXES.get(service, service)


def only_reads(name: str) -> bool:
    """Whether an operation, or an action without its service, changes nothing, by the verb in its name."""
    folded = name.casefold()
    return (folded.startswith(_READING) and folded not in _WRITING) or folded in _READING_TOO


def gives_secret(name: str) -> bool:
    """Whether an operation, or an action without its service, gives a secret away; with wildcards, whether it may.

    A wildcard over all that describes or lists is let pass: the few of those calls that show a secret are refused by
    their names when they are made.
    """
    folded = name.casefold()
    return folded in _SECRETS or any(fnmatchcase(each, folded) for each in _SECRETS if "get" in each[:8])
