"""Reads a CloudFormation template, and puts the values of its parameters where it refers to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from prohandel.pipeline.target import PROJECT

INFRA = PROJECT / "infra"
ACCOUNT, REGION = "123456789012", "eu-central-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
}
GIVEN = {"Email": "on-call@example.com", "ExternalId": "look_frescoes"}
"""Values of the parameters that have no default."""

Template = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise yaml.constructor.ConstructorError(None, None, f"a mapping after !{suffix}", node.start_mark)
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@cache
def _text(name: str) -> str:
    return (INFRA / name).read_text(encoding="utf-8")


def load(name: str) -> Template:
    """A template of infra/ as it is written, each function in its long form."""
    return dict(yaml.load(_text(name), _Loader))  # noqa: S506


def templates() -> list[Path]:
    return sorted(INFRA.glob("*.yaml"))


def parameters(template: Template, **values: Any) -> dict[str, Any]:
    """Each parameter's value: the given one, else its default, else that of GIVEN."""
    return {
        name: values.get(name, parameter.get("Default", GIVEN.get(name)))
        for name, parameter in template["Parameters"].items()
    }


def resolved(template: Template, **values: Any) -> dict[str, dict[str, Any]]:
    """Properties by logical name, with every reference resolved; resources whose condition is false are left out.

    Raises:
        KeyError: something is referred to that the template does not have.
    """
    known = {**PSEUDO, **parameters(template, **values)}
    resources = template["Resources"]
    conditions = {
        name: _resolve(condition, known, resources) for name, condition in template.get("Conditions", {}).items()
    }
    return {
        name: _resolve(resource["Properties"], known, resources)
        for name, resource in resources.items()
        if conditions.get(resource.get("Condition"), True)
    }


def of_type(template: Template, kind: str, **values: Any) -> dict[str, dict[str, Any]]:
    """Resolved properties of the resources of one type."""
    return {
        name: properties
        for name, properties in resolved(template, **values).items()
        if template["Resources"][name]["Type"] == kind
    }


def _resolve(value: Any, known: Mapping[str, Any], resources: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolve(item, known, resources) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return _referred(argument, known, resources)
        if name == "Fn::GetAtt":
            name, attribute = argument
            return _attribute(name, attribute, resources)
        if name == "Fn::Sub":
            return _substituted(argument, known, resources)
        if name == "Fn::Equals":
            first, second = (_resolve(item, known, resources) for item in argument)
            return first == second
        if name == "Fn::Not":
            return not _resolve(argument[0], known, resources)
        if name.startswith("Fn::"):
            raise KeyError(name)
    return {key: _resolve(item, known, resources) for key, item in value.items()}


_NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Logs::LogGroup": "LogGroupName",
}
"""What a reference to a resource stands for; of other types it is their ARN."""


def _referred(name: str, known: Mapping[str, Any], resources: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    resource = resources[name]
    if resource["Type"] in _NAMES:
        return _resolve(resource["Properties"][_NAMES[resource["Type"]]], known, resources)
    return _attribute(name, "Arn", resources)


def _attribute(name: str, attribute: str, resources: Mapping[str, Any]) -> str:
    service = resources[name]["Type"].split("::")[1].lower()
    if attribute != "Arn":
        raise KeyError(f"{name}.{attribute}")
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _substituted(text: str, known: Mapping[str, Any], resources: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        name, _, attribute = found.group(1).partition(".")
        return str(_attribute(name, attribute, resources) if attribute else _referred(name, known, resources))

    return re.sub(r"\$\{([\w:.]+)\}", value, text)
