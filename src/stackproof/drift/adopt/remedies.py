"""The remedies of a difference that CloudFormation and the CDK CLI offer."""

from __future__ import annotations

from stackproof.core.errors import InputError
from stackproof.core.json import JsonObject, as_objects, canonical
from stackproof.core.secret_values import MASK
from stackproof.drift.difference import Difference, DriftOrigin

__all__ = ["differences_of", "put_back"]


def put_back(difference: Difference, *, cdk_stack: str | None) -> tuple[str, ...]:
    """The commands that revert the difference, and notes on them; `cdk_stack` is the stack's name in the CDK CLI."""
    place = difference.location
    stack = (place.stack_name or "").partition("/")[0]
    if difference.origin is DriftOrigin.DELETED and place.logical_id is None:
        again = (f"cdk deploy {cdk_stack}",) if cdk_stack else ()
        return (*again, f"the stack {place.stack_name} is deleted: deploy it again; {difference.detail}")
    if difference.origin in {DriftOrigin.DECLARED, DriftOrigin.DELETED}:
        aws = (
            f"aws cloudformation create-change-set --stack-name {stack} --change-set-name revert-drift "
            f"--use-previous-template --deployment-mode REVERT_DRIFT --region {difference.region}"
        )
        what = (
            "report it as deleted and show what it would do"
            if difference.origin is DriftOrigin.DELETED
            else "revert it"
        )
        note = (
            f"a drift-aware change set of CloudFormation would {what}, where the type supports it; review it before "
            "you execute it (add the --capabilities and --parameters that the stack needs). An ordinary change set of "
            "the same template finds no change"
        )
        return (*((f"cdk deploy {cdk_stack} --revert-drift",) if cdk_stack else ()), aws, note)
    if difference.origin is DriftOrigin.UNDECLARED:
        return ("CloudFormation leaves alone what the template does not set: set the property in the app, and deploy",)
    if difference.origin is DriftOrigin.CHILD:
        return (f"CloudFormation does not know {difference.child_type} {difference.child_id}: remove it by hand",)
    return (f"CloudFormation does not know {difference.physical_id}: delete it by hand, or import it into a stack",)


def differences_of(report: JsonObject, *, name: str) -> tuple[Difference, ...]:
    """The differences of an audit's JSON report; raises InputError for anything else."""
    try:
        if report["format"] != 1 or report["command"] != "drift audit":
            raise InputError(f"{name}: this is not a report of `stackproof drift audit --format json`")
        return tuple(_of_row(difference) for difference in as_objects(report["differences"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{name}: this report of `stackproof drift audit --format json` is not complete: {error}: write it again"
        ) from error


def _of_row(row: JsonObject) -> Difference:
    """The difference of a row; values that the report redacts, whole or in part, stay redacted."""
    hidden = MASK in canonical([row["expected"], row["actual"]])
    return Difference.from_dict({"family": None, **row, "path": row["property_path"], "is_secret": hidden})
