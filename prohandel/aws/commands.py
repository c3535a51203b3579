"""The commands `prohandel logs` and `prohandel alarms`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from prohandel.console import AsJson, err, out, print_json
from prohandel.errors import EXIT_TESTS_FAILED

Function = Annotated[
    str | None,
    typer.Option("--function", help="Name of the Lambda function, in place of PROHANDEL_FUNCTION."),
]
Region = Annotated[str | None, typer.Option("--region", help="AWS region of the function, in place of AWS_REGION.")]


def logs(
    since: Annotated[str, typer.Option("--since", help="45m, 3h, 2d, or a time such as 2026-03-02T14:00.")] = "3h",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show each invocation once it is over, until Ctrl-C.")
    ] = False,
    errors: Annotated[bool, typer.Option("--errors", help="Only invocations in which something went wrong.")] = False,
    function: Function = None,
    log_group: Annotated[
        str | None, typer.Option("--log-group", help="Log group, where it is not /aws/lambda/ and the function's name.")
    ] = None,
    region: Region = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document; with --follow one per line and invocation.")
    ] = False,
) -> None:
    """What the Lambda function of the connector did: its log, by invocation.

    Shows result, duration, memory, rows per table where the function names them, and errors; secrets and e-mail
    addresses are masked. Signs in as boto3 does; infra/log-reader.yaml is the policy that it needs.

    Examples:

        prohandel logs --since 12h --errors
        prohandel logs --follow
        prohandel logs --since 2026-03-02T14:00 --json
    """
    from prohandel.aws import logs as reading
    from prohandel.aws.names import function_name
    from prohandel.aws.show import invocation_as_json, show_invocation, show_invocations

    begin = reading.since_when(since, datetime.now(UTC))
    group = log_group or reading.log_group_of(function or function_name())
    client = reading.connect(region)
    if not follow:
        found = [one for one in reading.invocations(client, group, begin) if one.is_bad or not errors]
        if as_json:
            print_json([invocation_as_json(one) for one in found])
        elif found:
            show_invocations(found, out)
        else:
            err.print(f"No {'bad ' if errors else ''}invocation in {group} since {begin:%Y-%m-%d %H:%M %Z}.")
        return
    try:
        for one in reading.follow(client, group, begin):
            if errors and not one.is_bad:
                continue
            if as_json:
                print(json.dumps(invocation_as_json(one), ensure_ascii=False), flush=True)
            else:
                show_invocation(one, out)
    except KeyboardInterrupt:
        raise typer.Exit from None


def alarms(function: Function = None, region: Region = None, as_json: AsJson = False) -> None:
    """The state of all alarms of the connector, and which page says what to do.

    Exit code 1 if one is raised. Where PROHANDEL_FUNCTION is set, every run looks at them as well: what is raised
    becomes an incident of the data (`prohandel alerts list`).

    Examples:

        prohandel alarms
        prohandel alarms --json
    """
    from prohandel.aws.alarms import connect, read_alarms
    from prohandel.aws.names import function_name
    from prohandel.aws.show import alarm_as_json, show_alarms

    found = read_alarms(connect(region), function or function_name())
    if as_json:
        print_json([alarm_as_json(alarm) for alarm in found])
    else:
        show_alarms(found, datetime.now(UTC), out)
    if any(alarm.state == "ALARM" for alarm in found):
        raise typer.Exit(EXIT_TESTS_FAILED)
