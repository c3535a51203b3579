"""Runs several MetricFlow commands in one process, which saves its start for each. Run by the interpreter that has it.

Reads a JSON list of argument lists from standard input, as for `mf`; the folder of the dbt project and of its profile
come by DBT_PROJECT_DIR and DBT_PROFILES_DIR.
"""

from __future__ import annotations

import json
import sys

from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from dbt_metricflow.cli.main import cli

configuration = CLIConfiguration()
for arguments in json.load(sys.stdin):
    cli.main(arguments, prog_name="mf", standalone_mode=False, obj=configuration)
