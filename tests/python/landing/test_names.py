"""Column names as Fivetran lands them."""

from __future__ import annotations

import pytest

from prohandel.landing.names import landed_name


@pytest.mark.parametrize(
    ("field", "landed"),
    [
        ("articleNumber", "article_number"),
        ("article_number", "article_number"),
        ("ID", "id"),
        ("customerID", "customer_id"),
        ("EANCode", "ean_code"),
        ("isWebshop", "is_webshop"),
        ("name1", "name1"),
        ("inactiveFlag", "inactive_flag"),
        ("_fivetran_synced", "_fivetran_synced"),
        (" Artikel-Nr. ", "artikel_nr"),
        ("Größe (cm)", "grosse_cm"),
        ("2ndColour", "_2nd_colour"),
        ("LastChange", "last_change"),
        ("", ""),
        ("???", ""),
    ],
)
def test_landed_name(field: str, landed: str) -> None:
    assert landed_name(field) == landed
