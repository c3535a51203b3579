"""What CloudWatch refuses or ignores in alarms and cfn-lint lets pass: the limits of its API, and our own rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prohandel.pipeline.target import PROJECT
from tests.python.aws.cloudformation import Template, of_type

DAY, WEEK = 86_400, 604_800
STATISTICS = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
_NUMBER = r"\d+(?:\.\d{1,10})?"
_RANGE = rf"\((?:{_NUMBER}%?)?:(?:{_NUMBER}%?)?\)"
_EXTENDED = re.compile(rf"(?:(?:p|tm|tc|ts|wm)(?P<share>{_NUMBER})|(?:TM|TC|TS|WM|PR){_RANGE}|IQM)", flags=re.ASCII)
_COMPARISONS = {
    "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
}  # fmt: skip
_MISSING = {"breaching", "notBreaching", "ignore", "missing"}
_IN_RULE = re.compile(r'ALARM\("([^"]+)"\)')
_RUNBOOK = re.compile(r"docs/runbooks/(alarm-[a-z-]+)\.md")


def faults(template: Template, **values: Any) -> list[str]:
    """Everything that is wrong with the alarms, filters and actions of a template, with these parameters."""
    alarms = of_type(template, "AWS::CloudWatch::Alarm", **values)
    composites = of_type(template, "AWS::CloudWatch::CompositeAlarm", **values)
    topics = of_type(template, "AWS::SNS::Topic", **values)
    topic_arns = {f"arn:aws:sns:eu-central-1:123456789012:{name}" for name in topics}
    found = [f"{name}: {fault}" for name, alarm in alarms.items() for fault in _of_alarm(alarm)]
    for name, alarm in {**alarms, **composites}.items():
        found += [f"{name}: {fault}" for fault in _of_any(alarm)]
    telling = {name for name, alarm in composites.items() if not list(_of_actions(alarm, topic_arns))}
    names = {alarm["AlarmName"]: name for name, alarm in alarms.items()}
    told = set()
    for name, composite in composites.items():
        inner = _IN_RULE.findall(composite.get("AlarmRule", ""))
        if not inner or _IN_RULE.sub("", composite["AlarmRule"]).replace("OR", "").strip():
            found.append(f"{name}: its rule is not a list of alarms joined by OR")
        found += [f"{name}: there is no alarm {one}" for one in inner if one not in names]
        found += [f"{name}: {fault}" for fault in _of_actions(composite, topic_arns)]
        if name in telling:
            told |= {names[one] for one in inner if one in names}
    for name, alarm in alarms.items():
        if name not in told and list(_of_actions(alarm, topic_arns)):
            found.append(f"{name}: nobody is told of it")
        if name in told and alarm.get("AlarmActions"):
            found.append(f"{name}: it is told twice, by itself and by a composite alarm")
    return found + _of_filters(of_type(template, "AWS::Logs::MetricFilter", **values), alarms)


def _of_any(alarm: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= len(alarm.get("AlarmName", "")) <= 255:
        yield "a name has 1 to 255 characters"
    description = alarm.get("AlarmDescription", "")
    if len(description) > 1024:
        yield "a description has 1,024 characters at the most"
    runbook = _RUNBOOK.search(description)
    if not runbook:
        yield "its description names no runbook"
    elif not (PROJECT / runbook.group()).is_file():
        yield f"{runbook.group()} is not there"
    elif not alarm["AlarmName"].endswith(f"-{runbook.group(1).removeprefix('alarm-')}"):
        yield f"{runbook.group()} is the runbook of another alarm"


def _of_actions(alarm: Mapping[str, Any], topics: set[str]) -> Iterator[str]:
    if alarm.get("ActionsEnabled", True) is not True:
        yield "its actions are switched off"
    for actions in ("AlarmActions", "OKActions"):
        if not set(alarm.get(actions, ())) & topics:
            yield f"{actions} tell no topic of this template"


def _of_alarm(alarm: Mapping[str, Any]) -> Iterator[str]:
    if "Threshold" not in alarm and "ThresholdMetricId" not in alarm:
        yield "no threshold"
    if alarm.get("ComparisonOperator") not in _COMPARISONS:
        yield "no comparison"
    if alarm.get("TreatMissingData") not in _MISSING:
        yield "does not say what missing data mean"
    periods = int(alarm.get("EvaluationPeriods", 0))
    if periods < 1:
        yield "no evaluation periods"
    if not 1 <= int(alarm.get("DatapointsToAlarm", periods)) <= periods:
        yield "more datapoints to alarm than evaluation periods"
    is_single, is_math = "MetricName" in alarm, "Metrics" in alarm
    if is_single == is_math:
        yield "either one metric or a list of them"
    if is_single:
        yield from _of_stat(alarm)
        yield from _of_period(alarm.get("Period"), periods)
    for query in alarm.get("Metrics", ()):
        if "MetricStat" in query:
            yield from _of_stat({"Statistic": query["MetricStat"].get("Stat")}, any_statistic=True)
            yield from _of_period(query["MetricStat"].get("Period"), periods)
    if is_math:
        yield from _of_math(alarm["Metrics"])


def _of_stat(alarm: Mapping[str, Any], *, any_statistic: bool = False) -> Iterator[str]:
    plain, extended = alarm.get("Statistic"), alarm.get("ExtendedStatistic")
    if (plain is None) == (extended is None):
        yield "either a statistic or an extended one"
    elif plain is not None and plain not in STATISTICS and not (any_statistic and _is_extended(plain)):
        yield f"there is no statistic {plain}"
    elif extended is not None and not _is_extended(extended):
        yield f"there is no extended statistic {extended}"


def _is_extended(statistic: str) -> bool:
    found = _EXTENDED.fullmatch(statistic)
    return bool(found) and float(found["share"] or 0) <= 100 if found else False


def _of_period(period: Any, periods: int) -> Iterator[str]:
    if not isinstance(period, int) or not (period in (10, 20, 30) or (period % 60 == 0 and 60 <= period <= DAY)):
        yield f"no period of {period} seconds"
        return
    longest = DAY if period < 3600 else WEEK
    if period * periods > longest:
        yield f"{periods} periods of {period} seconds are more than {longest} seconds"


def _of_math(queries: list[dict[str, Any]]) -> Iterator[str]:
    ids = [query.get("Id", "") for query in queries]
    if len(set(ids)) != len(ids) or not all(re.fullmatch(r"[a-z]\w*", one) for one in ids):
        yield "ids are unique and begin with a small letter"
    if sum(query.get("ReturnData", True) is True for query in queries) != 1:
        yield "exactly one query returns data"
    for query in queries:
        words = set(re.findall(r"\b[a-z]\w*\b", query.get("Expression", "")))
        if words - set(ids):
            yield f"the expression names {', '.join(sorted(words - set(ids)))}, which is no query"


def _of_filters(filters: Mapping[str, Mapping[str, Any]], alarms: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A metric that no alarm reads, and an alarm on a metric that nothing writes, are as good as none."""
    written = {
        (one["MetricNamespace"], one["MetricName"]): name
        for name, metric_filter in filters.items()
        for one in metric_filter["MetricTransformations"]
    }
    read = {
        (one["Namespace"], one["MetricName"]): name
        for name, alarm in alarms.items()
        for one in [
            alarm,
            *(query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query),
        ]
        if "MetricName" in one
    }
    found = [f"{name}: no alarm reads {key[1]}" for key, name in written.items() if key not in read]
    found += [
        f"{name}: nothing writes {key[1]} of {key[0]}"
        for key, name in read.items()
        if key not in written and key[0] != "AWS/Lambda"
    ]
    found += [
        f"{name}: a function's metric needs its name as dimension"
        for name, alarm in alarms.items()
        for one in [
            alarm,
            *(query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query),
        ]
        if one.get("Namespace") == "AWS/Lambda" and [d["Name"] for d in one.get("Dimensions", ())] != ["FunctionName"]
    ]
    return found
