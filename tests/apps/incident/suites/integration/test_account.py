"""Probes as the team had them: one passes when there are no alarms at all, one breaks when the stack is redeployed."""


def test_alarms_have_actions(aws_client):
    for alarm in aws_client("cloudwatch").describe_alarms()["MetricAlarms"]:
        assert alarm["AlarmActions"]


def test_number_of_alarms(aws_client):
    alarms = aws_client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == 8
