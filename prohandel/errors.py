"""The one exception that a user is meant to read."""

from __future__ import annotations

EXIT_GOOD = 0
EXIT_TESTS_FAILED = 1
EXIT_CONFIGURATION = 2
EXIT_SOURCE_STALE = 3
EXIT_ANOTHER_RUN = 4
EXIT_FAULT = 70
"""An error that nobody foresaw: EX_SOFTWARE of sysexits.h."""


class ProhandelError(Exception):
    """Something that the user can put right.

    Args:
        message: what is wrong, naming the thing (file, table, setting) it is wrong with.
        remedy: what to do about it, as an instruction; empty where the message says it already.
        exit_code: of the command: 1 tests failed, 2 configuration, 3 source stale, 4 another run is active.
    """

    def __init__(self, message: str, remedy: str = "", exit_code: int = EXIT_CONFIGURATION) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message
