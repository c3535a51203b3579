"""Puts what a template says through the APIs themselves: moto's CloudFormation makes no alarm and still says it did."""

from __future__ import annotations

from typing import Any

import boto3

from tests.python.aws.cloudformation import REGION, load, of_type

MONITORING = load("monitoring.yaml")


def deploy(**values: Any) -> None:
    """Makes log group, metric filters and alarms of infra/monitoring.yaml; composite alarms moto does not know."""
    logs = boto3.client("logs", region_name=REGION)
    for group in of_type(MONITORING, "AWS::Logs::LogGroup", **values).values():
        logs.create_log_group(logGroupName=group["LogGroupName"])
        logs.put_retention_policy(logGroupName=group["LogGroupName"], retentionInDays=group["RetentionInDays"])
    for one in of_type(MONITORING, "AWS::Logs::MetricFilter", **values).values():
        transformations: Any = [
            {key[0].lower() + key[1:]: value for key, value in transformation.items()}
            for transformation in one["MetricTransformations"]
        ]
        logs.put_metric_filter(
            filterName=one["FilterName"],
            logGroupName=one["LogGroupName"],
            filterPattern=one["FilterPattern"],
            metricTransformations=transformations,
        )
    cloudwatch = boto3.client("cloudwatch", region_name=REGION)
    for alarm in of_type(MONITORING, "AWS::CloudWatch::Alarm", **values).values():
        cloudwatch.put_metric_alarm(**alarm)


def write_log(
    *messages: str, stream: str = "a", group: str = "/aws/lambda/prohandel-fivetran-connector", at: int
) -> None:
    """Writes events, a second apart.

    Args:
        at: time of the first, in milliseconds of the epoch.
    """
    logs = boto3.client("logs", region_name=REGION)
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    if stream not in {one["logStreamName"] for one in streams}:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": at + 1000 * number, "message": message} for number, message in enumerate(messages)],
    )
