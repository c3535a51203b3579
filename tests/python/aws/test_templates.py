"""The templates of infra/: clean by cfn-lint, and right where cfn-lint looks away."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from tests.python.aws.cloudformation import ACCOUNT, Template, load, of_type, parameters, resolved, templates
from tests.python.aws.limits import faults

MONITORING = load("monitoring.yaml")


def lint_errors(text: str) -> list[str]:
    """What cfn-lint has to say of a template, down to its notes; from files, without a network."""
    found = lint(
        text, config=ManualArgs(regions=["eu-central-1"], include_checks=["I"], ignore_checks=["I3013", "I3042"])
    )
    return [f"{match.rule.id} {match.message}" for match in found]


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.stem)
def test_cfn_lint_is_clean(path: Path) -> None:
    assert lint_errors(path.read_text(encoding="utf-8")) == []


def test_cfn_lint_is_asked() -> None:
    template = copy.deepcopy(MONITORING)
    change("ErrorsAlarm", Period="often")(template)
    assert any("often" in error for error in lint_errors(yaml.safe_dump(template)))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"TimeLimitSeconds": 900, "FunctionName": "f" * 64},
        {
            name: parameter["MinValue"]
            for name, parameter in MONITORING["Parameters"].items()
            if "MinValue" in parameter
        },
        {
            name: parameter["MaxValue"]
            for name, parameter in MONITORING["Parameters"].items()
            if "MaxValue" in parameter
        },
    ],
    ids=["defaults", "long name", "least", "most"],
)
def test_alarms_are_what_cloudwatch_takes(values: dict[str, Any]) -> None:
    assert faults(MONITORING, **values) == []


def change(name: str, **properties: Any) -> Callable[[Template], None]:
    """Sets properties of a resource; None removes one."""

    def apply(template: Template) -> None:
        found = template["Resources"][name]["Properties"]
        for key, value in properties.items():
            found.pop(key) if value is None else found.update({key: value})

    return apply


def stat(name: str, **values: Any) -> Callable[[Template], None]:
    """Sets values of the first metric of an alarm on several."""

    def apply(template: Template) -> None:
        template["Resources"][name]["Properties"]["Metrics"][0]["MetricStat"].update(values)

    return apply


def _math(template: Template) -> None:
    template["Resources"]["SilentAlarm"]["Properties"]["Metrics"][1]["Expression"] = "FILL(invocation, 0)"


MISTAKES: dict[str, tuple[Callable[[Template], None], str]] = {
    "no threshold": (change("ErrorsAlarm", Threshold=None), "no threshold"),
    "no comparison": (change("ErrorsAlarm", ComparisonOperator=None), "no comparison"),
    "missing data left open": (change("ErrorsAlarm", TreatMissingData=None), "does not say what missing data mean"),
    "a day and a bit": (change("ErrorsAlarm", EvaluationPeriods=289), "are more than 86400 seconds"),
    "a week and a bit": (change("SlowAlarm", EvaluationPeriods=169), "are more than 604800 seconds"),
    "a period of 90 seconds": (change("ErrorsAlarm", Period=90), "no period of 90 seconds"),
    "11 of 10 datapoints": (change("SlowAlarm", DatapointsToAlarm=4), "more datapoints to alarm"),
    "p101": (change("ErrorsAlarm", Statistic=None, ExtendedStatistic="p101"), "no extended statistic p101"),
    "95th": (change("ErrorsAlarm", Statistic=None, ExtendedStatistic="95th"), "no extended statistic 95th"),
    "two statistics": (change("ErrorsAlarm", ExtendedStatistic="p95"), "either a statistic or an extended one"),
    "a statistic of math": (stat("SlowAlarm", Stat="P95"), "no statistic P95"),
    "math of nothing": (_math, "names invocation, which is no query"),
    "actions off": (change("OutageAlarm", ActionsEnabled=False), "its actions are switched off"),
    "no action": (change("OutageAlarm", AlarmActions=None), "AlarmActions tell no topic"),
    "no recovery": (change("OutageAlarm", OKActions=[]), "OKActions tell no topic"),
    "an alarm in no rule": (
        change("OutageAlarm", AlarmRule={"Fn::Sub": 'ALARM("${ErrorsAlarm}")'}),
        "ThrottlesAlarm: nobody is told of it",
    ),
    "a rule on nothing": (
        change("WarningAlarm", AlarmRule='ALARM("slow") OR ALARM("x")'), "WarningAlarm: there is no alarm slow",
    ),
    "told twice": (change("ErrorsAlarm", AlarmActions=[{"Ref": "Topic"}]), "it is told twice"),
    "no runbook": (change("ErrorsAlarm", AlarmDescription="Invocations failed."), "names no runbook"),
    "a lost runbook": (change("ErrorsAlarm", AlarmDescription="docs/runbooks/alarm-x.md"), "alarm-x.md is not there"),
    "another's runbook": (
        change("ErrorsAlarm", AlarmDescription="docs/runbooks/alarm-silent.md"), "is the runbook of another alarm",
    ),
    "a metric for nobody": (change("MemoryAlarm", MetricName="Timeouts"), "no alarm reads OutOfMemory"),
    "a metric from nobody": (change("MemoryAlarm", MetricName="Memory"), "nothing writes Memory"),
    "all functions at once": (change("ErrorsAlarm", Dimensions=[]), "needs its name as dimension"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_found(name: str) -> None:
    apply, said = MISTAKES[name]
    template = copy.deepcopy(MONITORING)
    apply(template)
    assert any(said in fault for fault in faults(template))


def test_cfn_lint_does_not_find_them() -> None:
    """Once it does, it can be left to it. Each mistake is in another place of the same template."""
    template = copy.deepcopy(MONITORING)
    change("ErrorsAlarm", Threshold=None)(template)
    change("ThrottlesAlarm", EvaluationPeriods=289)(template)
    change("TimeoutsAlarm", Statistic=None, ExtendedStatistic="p101")(template)
    stat("SlowAlarm", Stat="P95")(template)
    change("OutageAlarm", ActionsEnabled=False, AlarmActions=None)(template)
    assert len({fault.split(":")[0] for fault in faults(template)}) >= 5
    assert lint_errors(yaml.safe_dump(template)) == []


def test_silence_is_an_alarm_after_two_hours() -> None:
    silent = of_type(MONITORING, "AWS::CloudWatch::Alarm")["SilentAlarm"]
    (invocations,) = [query["MetricStat"] for query in silent["Metrics"] if "MetricStat" in query]
    assert silent["TreatMissingData"] == "breaching"
    assert silent["EvaluationPeriods"] * invocations["Period"] == 2 * 3600
    assert silent["DatapointsToAlarm"] == silent["EvaluationPeriods"]
    assert (silent["ComparisonOperator"], silent["Threshold"]) == ("LessThanThreshold", 1)


@pytest.mark.parametrize(("name", "limit"), [("SlowAlarm", 180), ("NearLimitAlarm", 180), ("SlowAlarm", 900)])
def test_duration_is_a_share_of_the_time_limit(name: str, limit: int) -> None:
    alarm = of_type(MONITORING, "AWS::CloudWatch::Alarm", TimeLimitSeconds=limit)[name]
    (share,) = [query["Expression"] for query in alarm["Metrics"] if "Expression" in query]
    first, *divisors = share.split(" / ")
    value = float(limit * 1000 * alarm["Threshold"] / 100)
    for divisor in divisors:
        value /= float(divisor)
    assert first == "duration"
    assert value == pytest.approx(alarm["Threshold"]), "so many milliseconds are that share of the limit"


def test_one_outage_is_one_mail() -> None:
    told = {name for name, found in resolved(MONITORING).items() if found.get("AlarmActions")}
    assert told == {"OutageAlarm", "WarningAlarm"}
    warning = of_type(MONITORING, "AWS::CloudWatch::CompositeAlarm")["WarningAlarm"]
    assert warning["ActionsSuppressor"].endswith("OutageAlarm")
    holding = [
        alarm["EvaluationPeriods"] * alarm["Period"]
        for alarm in of_type(MONITORING, "AWS::CloudWatch::Alarm").values()
        if "Period" in alarm
    ]
    assert holding
    assert min(holding) > 3600, "a failure in every hourly sync must not end in between"


def test_the_topic_is_encrypted_by_a_key_that_alarms_may_use() -> None:
    found = resolved(MONITORING)
    assert found["Topic"]["KmsMasterKeyId"].endswith("TopicKey")
    assert found["TopicKey"]["EnableKeyRotation"] is True
    (granted,) = [
        statement
        for statement in found["TopicKey"]["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert set(granted["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert granted["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_nobody_else_publishes_to_the_topic() -> None:
    statements = resolved(MONITORING)["TopicPolicy"]["PolicyDocument"]["Statement"]
    (allowed,) = [one for one in statements if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    (denied,) = [one for one in statements if one["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_log_outlives_the_stack_and_not_for_ever() -> None:
    group = MONITORING["Resources"]["LogGroup"]
    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resolved(MONITORING)["LogGroup"]["RetentionInDays"] == 90


def test_the_dashboard_shows_what_is_there() -> None:
    found = resolved(MONITORING)
    widgets = json.loads(found["Dashboard"]["DashboardBody"])["widgets"]
    shown = {arn.rsplit(":", 1)[1] for one in widgets if one["type"] == "alarm" for arn in one["properties"]["alarms"]}
    assert shown == {name for name in found if MONITORING["Resources"][name]["Type"].endswith("Alarm")}
    own = {
        metric[1]
        for one in widgets
        for metric in one["properties"].get("metrics", ())
        if isinstance(metric[0], str) and metric[0].startswith("ProHandel/")
    }
    filters = of_type(MONITORING, "AWS::Logs::MetricFilter").values()
    assert own == {one["MetricName"] for metric_filter in filters for one in metric_filter["MetricTransformations"]}
    places = [(one["x"], one["y"], one["x"] + one["width"], one["y"] + one["height"]) for one in widgets]
    assert max(right for *_, right, _ in places) <= 24
    for number, (left, top, right, bottom) in enumerate(places):
        assert not any(left < r and x < right and top < b and y < bottom for x, y, r, b in places[number + 1 :])


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.stem)
def test_parameters_are_described_and_their_values_fit(path: Path) -> None:
    template = load(path.name)
    for name, value in parameters(template).items():
        parameter = template["Parameters"][name]
        assert parameter["Description"]
        assert value is not None, f"{name} has no default, and GIVEN no value"
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(value))
        assert value in parameter.get("AllowedValues", [value])


def actions(name: str, **values: Any) -> dict[str, Any]:
    """What the policies of a template allow: resources by action."""
    found = {}
    for properties in resolved(load(name), **values).values():
        documents = [one["PolicyDocument"] for one in properties.get("Policies", ())]
        documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for statement in (one for document in documents for one in document["Statement"]):
            assert statement["Effect"] == "Allow"
            found[statement["Action"]] = statement["Resource"]
    return found


def test_fivetran_may_invoke_one_function_and_nothing_else() -> None:
    assert actions("fivetran-role.yaml") == {
        "lambda:InvokeFunction": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:prohandel-fivetran-connector"
    }
    (trust,) = resolved(load("fivetran-role.yaml"))["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Sid": "FivetranForThisConnectionAlone",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::834469178297:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "look_frescoes"}},
    }


def test_the_reader_may_only_read() -> None:
    group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/prohandel-fivetran-connector"
    assert actions("log-reader.yaml") == {
        "logs:FilterLogEvents": [group, f"{group}:*"],
        "lambda:GetFunctionConfiguration": (
            f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:prohandel-fivetran-connector"
        ),
        "cloudwatch:DescribeAlarms": "*",
    }


def test_the_reader_has_a_role_only_for_somebody() -> None:
    template = load("log-reader.yaml")
    assert "Role" not in resolved(template)
    role = resolved(template, PrincipalArn=f"arn:aws:iam::{ACCOUNT}:user/anna")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:user/anna"}
