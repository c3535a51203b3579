"""What the pages ask the marts: functions that return a statement and its parameters."""
