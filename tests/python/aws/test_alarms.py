"""Alarms of the template, made through the API in moto and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import boto3
import pytest

from prohandel.aws import alarms
from prohandel.aws.alarms import COMPOSITES, NAMES, WARNINGS, Alarm, connect, read_alarms, symptoms
from prohandel.errors import ProhandelError
from tests.python.aws.cloudformation import REGION, of_type
from tests.python.aws.deployed import MONITORING, deploy

FUNCTION = "prohandel-fivetran-connector"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RAISED = Alarm("errors", "ALARM", NOON, "1 datapoint", "Invocations failed.", "docs/runbooks/alarm-errors.md", False)


def set_state(name: str, state: Literal["OK", "ALARM"], reason: str = "by hand") -> None:
    boto3.client("cloudwatch", region_name=REGION).set_alarm_state(
        AlarmName=f"{FUNCTION}-{name}", StateValue=state, StateReason=reason
    )


def test_the_names_are_those_of_the_template() -> None:
    simple = of_type(MONITORING, "AWS::CloudWatch::Alarm").values()
    composite = of_type(MONITORING, "AWS::CloudWatch::CompositeAlarm").values()
    assert [one["AlarmName"].removeprefix(f"{FUNCTION}-") for one in [*simple, *composite]] == list(NAMES)
    assert {one["AlarmName"].removeprefix(f"{FUNCTION}-") for one in composite} == set(COMPOSITES)
    (warning,) = [one for one in composite if one["AlarmName"].endswith("-warning")]
    assert {name for name in WARNINGS if f"{FUNCTION}-{name}" in warning["AlarmRule"]} == set(WARNINGS) - {"warning"}


@pytest.mark.usefixtures("aws")
def test_the_api_takes_every_alarm_and_lists_it_as_it_was_given() -> None:
    deploy()
    listed: dict[str, Mapping[str, Any]] = {
        one["AlarmName"]: one
        for one in boto3.client("cloudwatch", region_name=REGION).describe_alarms()["MetricAlarms"]
    }
    given = {one["AlarmName"]: one for one in of_type(MONITORING, "AWS::CloudWatch::Alarm").values()}
    assert listed.keys() == given.keys()
    for name, alarm in given.items():
        for key, value in alarm.items():
            assert comparable(listed[name][key]) == comparable(value), f"{name}: {key}"


def comparable(value: Any) -> Any:
    """Lists of queries by their id, without what an empty answer adds."""
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if item not in (None, "", [])}
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@pytest.mark.usefixtures("aws")
def test_the_api_takes_every_filter_and_lists_it_as_it_was_given() -> None:
    deploy()
    listed = boto3.client("logs", region_name=REGION).describe_metric_filters()["metricFilters"]
    given = of_type(MONITORING, "AWS::Logs::MetricFilter").values()
    assert {(one["filterName"], one["filterPattern"], one["logGroupName"]) for one in listed} == {
        (one["FilterName"], one["FilterPattern"], one["LogGroupName"]) for one in given
    }


@pytest.mark.usefixtures("aws")
def test_alarms_are_read_with_their_state() -> None:
    deploy()
    set_state("timeouts", "ALARM", "password=Geheim123 timed out")
    set_state("silent", "OK")
    found = {alarm.name: alarm for alarm in read_alarms(connect(), FUNCTION)}
    assert list(found) == [name for name in NAMES if name not in COMPOSITES]
    assert (found["timeouts"].state, found["silent"].state) == ("ALARM", "OK")
    assert found["timeouts"].reason == "password=*** timed out"
    assert found["timeouts"].says == "Invocations ran into the time limit."
    assert found["timeouts"].runbook == "docs/runbooks/alarm-timeouts.md"
    assert not found["timeouts"].sends, "composite alarms send"


@pytest.mark.usefixtures("aws")
def test_alarms_of_another_function_are_not_taken_for_this_ones() -> None:
    deploy(FunctionName=f"{FUNCTION}-test", LogGroupName="/aws/lambda/test")
    with pytest.raises(ProhandelError, match="no alarms of the function") as caught:
        read_alarms(connect(), FUNCTION)
    assert "infra/monitoring.yaml" in caught.value.remedy


def test_composite_alarms_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an answer of AWS's documented form, because moto has none."""
    composite = {
        "AlarmName": f"{FUNCTION}-outage",
        "AlarmDescription": "Nothing lands. docs/runbooks/alarm-outage.md",
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:eu-central-1:123456789012:alarms"],
        "StateValue": "ALARM",
        "StateReason": "errors is in ALARM",
        "StateUpdatedTimestamp": NOON.replace(hour=13),
        "StateTransitionedTimestamp": NOON,
    }

    class Paginator:
        def paginate(self, **asked: Any) -> list[dict[str, Any]]:
            assert asked == {"AlarmNamePrefix": f"{FUNCTION}-", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
            return [{"MetricAlarms": []}, {"CompositeAlarms": [composite]}]

    class Client:
        def get_paginator(self, operation: str) -> Paginator:
            assert operation == "describe_alarms"
            return Paginator()

    (alarm,) = read_alarms(Client(), FUNCTION)  # type: ignore[arg-type]
    assert (alarm.name, alarm.state, alarm.since, alarm.sends) == ("outage", "ALARM", NOON, True)
    assert symptoms([alarm]) == []


def test_raised_alarms_are_symptoms_of_one_thing() -> None:
    slow = replace(RAISED, name="slow", runbook="docs/runbooks/alarm-slow.md")
    quiet = [replace(RAISED, state="OK"), replace(RAISED, state="INSUFFICIENT_DATA"), replace(RAISED, name="outage")]
    errors, warning = symptoms([RAISED, *quiet, slow])
    assert (errors.kind, errors.table, errors.branch) == ("connector", "connector", "all")
    assert (errors.check, errors.severity, errors.since) == ("errors", "error", NOON)
    assert errors.what == "alarm errors: invocations failed (docs/runbooks/alarm-errors.md)"
    assert (warning.check, warning.severity) == ("slow", "warn")


@pytest.mark.usefixtures("aws")
def test_a_look_says_what_is_raised() -> None:
    deploy()
    assert alarms.look(FUNCTION) == []
    set_state("memory", "ALARM")
    assert [one.check for one in alarms.look(FUNCTION)] == ["memory"]
