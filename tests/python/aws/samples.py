"""Lines of Lambda logs, as the platform and Python's runtime client (awslambdaric) write them."""

from __future__ import annotations

ID = "5f2b7c1e-3d0a-4c7e-9a51-0d6d1f2e8b11"
OTHER_ID = "0a9b8c7d-6e5f-4a3b-8c2d-1e0f9a8b7c6d"

INIT_START = (
    "INIT_START Runtime Version: python:3.12.mainlinev2.v27\tRuntime Version ARN: "
    "arn:aws:lambda:eu-central-1::runtime:fb4a\n"
)
START = f"START RequestId: {ID} Version: $LATEST\n"
END = f"END RequestId: {ID}\n"
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 42117.35 ms\tBilled Duration: 42118 ms\tMemory Size: 256 MB\t"
    "Max Memory Used: 141 MB\tInit Duration: 512.40 ms\t\n"
)
REPORT_TIMEOUT = (
    f"REPORT RequestId: {ID}\tDuration: 180000.00 ms\tBilled Duration: 180000 ms\tMemory Size: 256 MB\t"
    "Max Memory Used: 203 MB\tStatus: timeout\n"
)
REPORT_MEMORY = (
    f"REPORT RequestId: {ID}\tDuration: 81240.11 ms\tBilled Duration: 81241 ms\tMemory Size: 256 MB\t"
    "Max Memory Used: 256 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n"
)
TIMED_OUT = f"2026-03-02T14:08:12.345Z {ID} Task timed out after 180.00 seconds\n\n"
KILLED = f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"
EXITED = f"RequestId: {ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n"
TRACEBACK = (
    "[ERROR] KeyError: 'articleNumber'\rTraceback (most recent call last):\r"
    '\xa0\xa0File "/var/task/lambda_function.py", line 88, in lambda_handler\r'
    '\xa0\xa0\xa0\xa0return rows["articleNumber"]\n'
)
LOGGED_INFO = f"[INFO]\t2026-03-02T14:05:13.101Z\t{ID}\tFetched 1,204 sales from ProHandel\n"
LOGGED_WARNING = f"[WARNING]\t2026-03-02T14:05:14.200Z\t{ID}\tProHandel answered 429, waiting 2 s\n"
LOGGED_ERROR = f"[ERROR]\t2026-03-02T14:05:15.020Z\t{ID}\tCould not read sales: HTTP 500\n"
LOGGED_EXCEPTION = (
    f"[ERROR]\t2026-03-02T14:05:15.020Z\t{ID}\tError in handler\nTraceback (most recent call last):\n"
    '  File "/var/task/lambda_function.py", line 70, in lambda_handler\n    rows = read("sale")\nTimeoutError: read\n'
)
CRITICAL = f"[CRITICAL]\t2026-03-02T14:05:15.020Z\t{ID}\tno password\n"
PRINTED_TRACEBACK = "Traceback (most recent call last):\n"
OWN_FORMAT = "2026-03-02 14:05:15,020 - prohandel - ERROR - Error processing request: HTTP 500\n"
NO_ERROR = f"[INFO]\t2026-03-02T14:05:13.101Z\t{ID}\t0 errors, task took 12 seconds, status: ok\n"

JSON_START = (
    '{"time":"2026-03-02T14:05:12.000Z","type":"platform.start","record":{'
    f'"requestId":"{ID}","version":"$LATEST"}}}}\n'
)
JSON_INFO = (
    '{"timestamp": "2026-03-02T14:05:13Z", "level": "INFO", "message": "inserted", "logger": "root", '
    f'"requestId": "{ID}", "table": "sale", "rows": 1204}}\n'
)
JSON_WARNING = (
    '{"timestamp": "2026-03-02T14:05:14Z", "level": "WARNING", "message": "tried again", "logger": "root", '
    f'"errorType": "HTTPError", "errorMessage": "429", "requestId": "{ID}"}}\n'
)
JSON_ERROR = (
    '{"timestamp": "2026-03-02T14:05:15Z", "level": "ERROR", "message": "Could not read sales: HTTP 500", '
    f'"logger": "root", "requestId": "{ID}"}}\n'
)
JSON_CRITICAL = (
    '{"timestamp": "2026-03-02T14:05:15Z", "level": "CRITICAL", "message": "no password", "logger": "root", '
    f'"requestId": "{ID}"}}\n'
)
JSON_EXCEPTION = (
    '{"timestamp": "2026-03-02T14:05:15Z", "level": "ERROR", "message": "Error in handler", "logger": "root", '
    '"stackTrace": ["  File \\"/var/task/lambda_function.py\\", line 70, in lambda_handler\\n"], '
    f'"errorType": "KeyError", "errorMessage": "\'articleNumber\'", "requestId": "{ID}", '
    '"location": "/var/task/lambda_function.py:lambda_handler:70"}\n'
)
JSON_UNHANDLED = (
    '{"timestamp": "2026-03-02T14:05:15Z", "log_level": "ERROR", "errorMessage": "\'articleNumber\'", '
    f'"errorType": "KeyError", "requestId": "{ID}", '
    '"stackTrace": ["  File \\"/var/task/lambda_function.py\\", line 88, in lambda_handler\\n"]}\n'
)
JSON_REPORT = (
    '{"time":"2026-03-02T14:05:54.120Z","type":"platform.report","record":{'
    f'"requestId":"{ID}","metrics":{{"durationMs":42117.35,"billedDurationMs":42118,"memorySizeMB":256,'
    '"maxMemoryUsedMB":141,"initDurationMs":512.4},"status":"success"}}\n'
)
JSON_DONE_TIMEOUT = (
    '{"time":"2026-03-02T14:08:12.345Z","type":"platform.runtimeDone","record":{'
    f'"requestId":"{ID}","status":"timeout","metrics":{{"durationMs":180000.0}}}}}}\n'
)
JSON_REPORT_TIMEOUT = (
    '{"time":"2026-03-02T14:08:12.346Z","type":"platform.report","record":{'
    f'"requestId":"{ID}","metrics":{{"durationMs":180000.0,"billedDurationMs":180000,"memorySizeMB":256,'
    '"maxMemoryUsedMB":203},"status":"timeout"}}\n'
)
JSON_REPORT_MEMORY = (
    '{"time":"2026-03-02T14:06:33.240Z","type":"platform.report","record":{'
    f'"requestId":"{ID}","metrics":{{"durationMs":81240.11,"billedDurationMs":81241,"memorySizeMB":256,'
    '"maxMemoryUsedMB":256},"status":"error","errorType":"Runtime.OutOfMemory"}}\n'
)

TEXT = {
    name: value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str) and not name.startswith("JSON") and name not in ("ID", "OTHER_ID")
}
JSON = {name: value for name, value in list(globals().items()) if name.startswith("JSON") and isinstance(value, str)}
