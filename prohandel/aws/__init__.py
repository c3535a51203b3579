"""The Lambda function that hands ProHandel's rows to Fivetran: its log and its alarms, read from AWS."""
