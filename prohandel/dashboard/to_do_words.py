"""What there is to do, in the words that the page of the day and the report share."""

from __future__ import annotations

TO_DO = {
    "reorder": ("Nachbestellen", "Reorder"),
    "transfer": ("Umlagern", "Transfer"),
    "mark_down": ("Abschreiben", "Mark down"),
    "count": ("Zählen", "Count"),
    "investigate": ("Klären", "Investigate"),
    "reorder_text": (
        "{units} Stück für {articles} Artikel in {branches} Filialen",
        "{units} units of {articles} articles for {branches} branches",
    ),
    "transfer_text": ("{units} Stück in {cases} Umlagerungen", "{units} units in {cases} transfers"),
    "mark_down_text": (
        "{articles} Artikel, {units} Stück über Saisonbedarf",
        "{articles} articles, {units} units beyond the season",
    ),
    "count_text": (
        "{cases} Bestände, die nicht stimmen können, in {branches} Filialen",
        "{cases} stocks that cannot be right, in {branches} branches",
    ),
    "investigate_text": (
        "{cases} Artikel unter EK verkauft oder ohne EK / VK; Datenvorfälle offen: {incidents}",
        "{cases} articles sold below cost or without cost or price; data incidents open: {incidents}",
    ),
}
