"""Words of the page Data Quality: German, English."""

from __future__ import annotations

WORDS = {
    "rows_landed": ("Zeilen in {number} Tabellen", "Rows in {number} tables"),
    "added_run": ("+{number} im letzten Lauf", "+{number} in the last run"),
    "open_incidents": ("Offene Vorfälle", "Open incidents"),
    "of_errors": ("davon {number} Fehler", "{number} of them errors"),
    "bad_tests": ("Fehlgeschlagene Tests", "Failed tests"),
    "and_warnings": ("{number} Warnungen von {tests} Tests", "{number} warnings of {tests} tests"),
    "rejected": ("Abgewiesene Zeilen", "Rejected rows"),
    "share_of_rows": ("{share} der Zeilen", "{share} of rows"),
    "duplicates": ("Dubletten", "Duplicates"),
    "sync": ("Sync der Verkäufe", "Sync of sales"),
    "hours": ("vor {number} Std.", "{number} h ago"),
    "no_incidents": ("Kein Vorfall ist offen.", "No incident is open."),
    "no_incident_table_next": (
        "Vorfälle schreibt `prohandel run`, sobald ein Prüflauf stattfand: `prohandel alerts list`.",
        "`prohandel run` writes incidents once it has checked the data: `prohandel alerts list`.",
    ),
    "incidents": ("Offene Vorfälle", "Open incidents"),
    "incidents_question": (
        "Was stimmt gerade nicht, seit wann, und wer kümmert sich?",
        "What is wrong now, since when, and who looks at it?",
    ),
    "tests": ("Fehlgeschlagene Tests und Warnungen", "Failed tests and warnings"),
    "tests_question": (
        "Welche Prüfung schlägt an, warum zählt das, und was ist zu tun?",
        "Which check fails, why does it matter, and what is to be done?",
    ),
    "no_tests": ("Alle Tests der letzten Läufe sind bestanden.", "All tests of the last runs have passed."),
    "tables": ("Tabellen im letzten Lauf", "Tables in the last run"),
    "tables_question": (
        "Kam alles an, und ist es frisch?",
        "Did everything arrive, and is it fresh?",
    ),
    "measure": ("Kennzahl", "Measure"),
    "over_time": ("{measure} je Tabelle und Tag", "{measure} by table and day"),
    "over_time_question": (
        "Seit wann bringt eine Tabelle weniger oder anderes als sonst? {days} Tage bis zum letzten Lauf.",
        "Since when does a table bring less or other than it used to? {days} days up to the last run, own scales.",
    ),
    "days_back": ("Zeitraum", "Period"),
    "one_day": (
        "Bisher gibt es Läufe von einem Tag; ein Verlauf zeigt sich ab dem zweiten.",
        "So far there are runs of one day; what develops shows from the second on.",
    ),
    "which_table": ("Tabelle", "Table"),
    "nulls": ("Leere Werte je Spalte und Tag: {table}", "Empty values by column and day: {table}"),
    "nulls_question": (
        "Seit wann kommt eine Spalte leer oder unlesbar? Dunkler heißt mehr leere Werte.",
        "Since when does a column come empty or unreadable? Darker means more empty values.",
    ),
    "columns": ("Spalten von {table}", "Columns of {table}"),
    "columns_question": (
        "Wie sahen die Spalten der zuletzt gekommenen Zeilen aus?",
        "What did the columns of the rows look like that came last?",
    ),
    "rejections": ("Abgewiesene Zeilen nach Grund", "Rejected rows by reason"),
    "rejections_question": (
        "Was fehlt in jeder Zahl, und warum?",
        "What is in no figure, and why?",
    ),
    "rows_axis": ("Zeilen", "rows"),
    "find_row": ("Abgewiesene Zeilen durchsuchen", "Search rejected rows"),
    "find_row_hint": ("Schlüssel, Grund oder Tabelle", "Key, reason or table"),
    "rejected_list": ("Abgewiesene Zeilen", "Rejected rows"),
    "rejected_hidden": (
        "Die Zeilen selbst nennen Kunden und sind für diese Rolle verborgen.",
        "The rows themselves name customers and are hidden from this role.",
    ),
    "landed_row": ("Zeile, wie sie kam", "Row as it landed"),
    "no_rejected": ("Keine Zeile ist abgewiesen.", "No row is rejected."),
    "schema": ("Änderungen am Schema", "Schema changes"),
    "schema_question": (
        "Welche Spalte kam, ging oder änderte ihren Typ, und was hängt daran?",
        "Which column came, went or changed its type, and what is built from it?",
    ),
    "no_schema": (
        "Kein Schema hat sich geändert, seit Läufe darauf achten.",
        "No schema has changed since runs have looked.",
    ),
    "reconciliation": ("Abstimmung", "Reconciliation"),
    "reconciliation_question": (
        "Was übereinstimmen muss, und ob es das tut. Ohne Toleranz: nur zur Kenntnis.",
        "What has to agree, and whether it does. Without a tolerance: for information.",
    ),
    "publications": ("Veröffentlichungen", "Publications"),
    "publications_question": (
        "Welcher Lauf wurde den Lesern gezeigt, welcher zurückgehalten, und woran lag es?",
        "Which run was shown to readers, which was kept back, and what failed?",
    ),
    "no_publications": (
        "Noch kein Lauf ging durch das Tor zur Veröffentlichung: `prohandel run --gate`.",
        "No run has gone through the gate of publications yet: `prohandel run --gate`.",
    ),
    "master_data": ("Stammdaten und Verkäufe zum Klären", "Master data and sales to clear up"),
    "master_data_question": (
        "Wo fehlt ein EK oder VK, und was wurde unter EK verkauft?",
        "Where is a cost or price missing, and what was sold below cost?",
    ),
}
