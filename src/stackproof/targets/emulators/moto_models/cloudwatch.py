"""Alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _create_alarm(call: Call) -> Created:
    call.send("cloudwatch", "put_metric_alarm", **{**call.properties, "AlarmName": call.name})
    found = call.send("cloudwatch", "describe_alarms", AlarmNames=[call.name])["MetricAlarms"][0]
    return Created(physical_id=call.name, attributes={"Arn": found["AlarmArn"]})


def _create_dashboard(call: Call) -> Created:
    text = document(call["DashboardBody"])
    call.send("cloudwatch", "put_dashboard", **{**call.properties, "DashboardName": call.name, "DashboardBody": text})
    return Created(physical_id=call.name)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::CloudWatch::Alarm": Handler(
        create=_create_alarm,
        delete=lambda call: call.send("cloudwatch", "delete_alarms", AlarmNames=[call.physical_id]),
        name_property="AlarmName",
    ),
    "AWS::CloudWatch::Dashboard": Handler(
        create=_create_dashboard,
        delete=lambda call: call.send("cloudwatch", "delete_dashboards", DashboardNames=[call.physical_id]),
        name_property="DashboardName",
    ),
}
