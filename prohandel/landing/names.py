"""Column names as Fivetran lands them."""

from __future__ import annotations

import re
import unicodedata

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]+")


def landed_name(name: str) -> str:
    """A field's name in snake_case: articleNumber -> article_number, EANCode -> ean_code, "Größe (cm)" -> grosse_cm.

    Empty where nothing of the name remains.
    """
    plain = unicodedata.normalize("NFKD", name.strip().replace("ß", "ss"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    snake = _NOT_IN_A_NAME.sub("_", _WORD_START.sub("_", plain).lower())
    if not name.lstrip().startswith("_"):
        snake = snake.lstrip("_")
    snake = snake.rstrip("_")
    return f"_{snake}" if snake[:1].isdigit() else snake
