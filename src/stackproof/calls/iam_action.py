"""IAM's names for calls, and what a name shows: whether it only reads, and whether it gives a secret away."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

__all__ = ["TAKEN_OUT", "action_of", "gives_secret", "only_reads", "prefix_of"]

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
_WRITING: Final = frozenset(
    {
        "getactivitytask",
        "getchangetoken",
        "getdeployablepatchsnapshotforinstance",
        "getid",
        "getparametersforexport",
        "getscalingconfigurationrecommendation",
        "getshippinglabel",
        "getworkinglocation",
    }
)
"""Operations that make, start or take something, whatever their verb is: a token of WAF, an identity, a task."""

_SECRETS: Final = (
    "batchgetchannel",
    "batchgetsecretvalue",
    "batchgetstreamkey",
    "describeappinstanceuserendpoint",
    "describeassetbundleimportjob",
    "describebotrecommendation",
    "describebundletasks",
    "describechapcredentials",
    "describedirectories",
    "describelocationfsxontap",
    "describelocationfsxopenzfs",
    "describerouterconfiguration",
    "describeverifiedaccesstrustproviders",
    "describevirtualinterfaces",
    "describevpnconnections",
    "getaccesstoken",
    "getaccountassociation",
    "getacmeexternalaccountbindingcredentials",
    "getaddresslistimportjob",
    "getagenttaskresponseurl",
    "getattachmentuploadlinks",
    "getattendee",
    "getauthenticationurl",
    "getauthorizationtoken",
    "getbackendauth",
    "getbucketaccesskeys",
    "getbuyerdashboard",
    "getcaseattachmentuploadurl",
    "getchallengepassword",
    "getclienttoken",
    "getclustercredentials",
    "getclustercredentialswithiam",
    "getclustersessioncredentials",
    "getcodesecurityintegration",
    "getcomputeaccess",
    "getcomputeauthtoken",
    "getconnection",
    "getconnections",
    "getcredentials",
    "getcredentialsforidentity",
    "getdashboardembedurl",
    "getdashboardforjobrun",
    "getdashboardurl",
    "getdashstreamingsessionurl",
    "getdataaccess",
    "getdecryptedapikey",
    "getdelegatedaccesstoken",
    "getdepoturl",
    "getenvironmentcredentials",
    "getevidencefileuploadurl",
    "getexternaldataviewaccessdetails",
    "getfederationtoken",
    "gethlsstreamingsessionurl",
    "getiamportalloginurl",
    "geticeserverconfig",
    "getidentitycenterauthtoken",
    "getingestconfiguration",
    "getinstanceaccess",
    "getinstanceaccessdetails",
    "getjobdetails",
    "getjobmanifest",
    "getjobunlockcode",
    "getkxconnectionstring",
    "getmanagedendpointsessioncredentials",
    "getmanagedthing",
    "getmediapipeline",
    "getoidcinfo",
    "getonclusterappuipresignedurl",
    "getopenidtoken",
    "getopenidtokenfordeveloperidentity",
    "getopentdfconfig",
    "getparametersforimport",
    "getpassworddata",
    "getpatientinsightsjob",
    "getpersistentappuipresignedurl",
    "getprogrammaticaccesscredentials",
    "getrelationaldatabasemasteruserpassword",
    "getremoteaccesssession",
    "getresourceapikey",
    "getresourcedashboard",
    "getresourceoauth2token",
    "getresourcepaymenttoken",
    "getrolecredentials",
    "getsecretvalue",
    "getsessionembedurl",
    "getsessionendpoint",
    "getsessiontoken",
    "getsignedbluinsightsurl",
    "getspacecredentialsfororganization",
    "getstreamkey",
    "getstreamurl",
    "gettemporarydatalocationcredentials",
    "gettemporarygluepartitioncredentials",
    "gettemporarygluetablecredentials",
    "getthirdpartyjobdetails",
    "gettoken",
    "gettokensfromrefreshtoken",
    "getupload",
    "getuploadjobpath",
    "getuserattributeverificationcode",
    "getvpnconnectiondevicesampleconfiguration",
    "getwebidentitytoken",
    "getwhatsappflowpreview",
    "getwirelessdevice",
    "getworkloadaccesstoken",
    "getworkloadaccesstokenforjwt",
    "getworkloadaccesstokenforuserid",
    "listaddresslistimportjobs",
    "listapikeys",
    "listattendees",
    "listdiscovereddevices",
    "listremoteaccesssessions",
    "listrevisionassets",
    "liststreamurls",
    "listuploads",
    "listuserpoolclientsecrets",
)
"""Reads by their name that give a secret away: a password, a key, credentials, a link by which to sign in or upload."""

_SECRETS_OF_SERVICES: Final = frozenset(
    {
        "amplify:getapp",
        "amplify:getbranch",
        "amplify:listapps",
        "amplify:listbranches",
        "chime:getbot",
        "chime:listbots",
        "cloudhsm:describeclusters",
        "cloudhsmv2:describeclusters",
        "cognito-idp:describeuserpoolclient",
        "dataexchange:getasset",
        "dataexchange:getjob",
        "dataexchange:listjobs",
        "datazone:listconnections",
        "dms:describeendpoints",
        "elasticmapreduce:describecluster",
        "evs:getenvironment",
        "geo:describekey",
        "glue:batchgetjobs",
        "glue:getjob",
        "glue:getjobs",
        "ivs:getchannel",
        "ivs:getstreamsession",
        "location:describekey",
        "mediapackage:describechannel",
        "mediapackage:listchannels",
        "thinclient:getenvironment",
        "thinclient:listenvironments",
        "workspaces-thin-client:getenvironment",
        "workspaces-thin-client:listenvironments",
    }
)
"""The same of one service each, by IAM's prefix and by botocore's name: those of other services are harmless."""

_WILD: Final = frozenset("*?[")

TAKEN_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "cognito-idp:DescribeUserPoolClient": ("UserPoolClient", "ClientSecret"),
}
"""The one read that a reader needs and that returns a secret: the path of the secret in its answer."""


def action_of(service: str, operation: str) -> str:
    """The IAM action that allows a call; the service as botocore names it, the operation as the API does."""
    prefix = prefix_of(service)
    if prefix == "apigateway":
        verb = next((method for method in _METHODS if operation.startswith(method)), "")
        return f"apigateway:{_METHODS.get(verb, 'PUT')}"
    action = f"{prefix}:{operation}"
    return _NAMED_OTHERWISE.get(action, action)


def prefix_of(service: str) -> str:
    """What the actions of a service, as botocore names it, begin with."""
    return _PREFIXES.get(service, service)


def only_reads(name: str) -> bool:
    """Whether an operation or action, with its service or without, changes nothing, by the verb in its name."""
    folded = _bare(name)
    return (folded.startswith(_READING) and folded not in _WRITING) or folded in _READING_TOO


def gives_secret(name: str) -> bool:
    """Whether an operation or action gives a secret away; with wildcards, whether it may.

    Some do in one service only: their names have the service before them, as `ivs:GetChannel`.
    A wildcard over all that describes or lists is let pass: the few of those calls that show a secret are refused by
    their names when they are made.
    """
    folded = _bare(name)
    if folded in _SECRETS or name.casefold() in _SECRETS_OF_SERVICES:
        return True
    if not _WILD & set(folded):
        return False
    return any(fnmatchcase(secret, folded) for secret in _SECRETS if "get" in secret[:8])


def _bare(name: str) -> str:
    return name.rpartition(":")[2].casefold()
