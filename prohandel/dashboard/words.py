"""What the pages say, in German and English.

A page brings words of its own: `words = context.words.with_page(WORDS)`, where WORDS names (German, English) pairs.
Columns of marts have their labels in `COLUMNS` (`column_words.py`), because several pages show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prohandel.dashboard.column_words import COLUMNS, UNITS, VALUES
from prohandel.dashboard.formats import Formats, Language

Pairs = Mapping[str, tuple[str, str]]

SHARED: dict[str, tuple[str, str]] = {
    "app": ("ProHandel Analytics", "ProHandel Analytics"),
    "today": ("Heute", "Today"),
    "inventory_overview": ("Bestandsübersicht", "Inventory Overview"),
    "stock_monitoring": ("Bestandsverlauf", "Stock Levels"),
    "product": ("Artikel", "Article"),
    "warehouse_performance": ("Filialleistung", "Warehouse Performance"),
    "product_performance": ("Artikelleistung", "Product Performance"),
    "sales_analysis": ("Umsatzanalyse", "Sales Analysis"),
    "data_quality": ("Datenqualität", "Data Quality"),
    "forecast_reorder": ("Prognose & Nachschub", "Forecast & Reorder"),
    "search": ("Artikel suchen", "Find an article"),
    "search_hint": ("Nummer, EAN oder Name", "Number, EAN or name"),
    "search_nothing": ("Kein Artikel passt zu „{text}“.", "No article matches “{text}”."),
    "search_more": ("Weitere Treffer: genauer suchen.", "There are more: search more precisely."),
    "language": ("Sprache", "Language"),
    "filters": ("Filter", "Filters"),
    "filters_count": ("Filter ({number})", "Filters ({number})"),
    "reset": ("Zurücksetzen", "Reset"),
    "period": ("Zeitraum", "Period"),
    "p7": ("Letzte 7 Tage", "Last 7 days"),
    "p28": ("Letzte 28 Tage", "Last 28 days"),
    "p90": ("Letzte 90 Tage", "Last 90 days"),
    "p365": ("Letzte 365 Tage", "Last 365 days"),
    "week": ("Diese Woche", "This week"),
    "month": ("Dieser Monat", "This month"),
    "year": ("Dieses Jahr", "This year"),
    "own": ("Eigener Zeitraum", "Custom"),
    "own_days": ("Von \u2013 bis", "From \u2013 to"),
    "compare": ("Vergleich", "Compared with"),
    "previous": ("Vorperiode", "Previous period"),
    "last_year": ("Vorjahr", "Last year"),
    "vs_previous": ("ggü. Vorperiode", "vs. previous period"),
    "vs_last_year": ("ggü. Vorjahr", "vs. last year"),
    "money": ("Umsatz", "Revenue"),
    "net": ("Netto", "Net"),
    "gross": ("Brutto", "Gross"),
    "branch": ("Filiale", "Branch"),
    "category": ("Warengruppe", "Category"),
    "brand": ("Marke", "Brand"),
    "season": ("Saison", "Season"),
    "supplier": ("Lieferant", "Supplier"),
    "assortment": ("Sortiment", "Assortment"),
    "all": ("Alle", "All"),
    "nos": ("NOS", "NOS"),
    "fashion": ("Mode", "Fashion"),
    "choose": ("Alle", "All"),
    "not_here": ("Ohne Wirkung auf dieser Seite: {names}.", "Without effect on this page: {names}."),
    "as_of": ("Stand {day}", "As of {day}"),
    "synced_until": ("Daten bis {moment}", "Data until {moment}"),
    "publication": ("Veröffentlichung {number} vom {moment}", "Publication {number} of {moment}"),
    "run": ("Lauf vom {moment}", "Run of {moment}"),
    "running_day": ("{day} läuft noch und zählt nicht mit", "{day} is still running and does not count"),
    "stale": (
        "Veraltet: die letzten Daten sind {hours} Stunden alt ({moment}). Was danach geschah, fehlt in allen Zahlen.",
        "Stale: the newest data are {hours} hours old ({moment}). What happened since is in no figure.",
    ),
    "stale_next": (
        "Prüfen: läuft Fivetran, und kam der letzte Lauf ans Ende? `prohandel alerts list`",
        "Check whether Fivetran syncs and whether the last run came to its end: `prohandel alerts list`",
    ),
    "empty": ("Nichts zu zeigen", "Nothing to show"),
    "empty_filters": (
        "Zu diesen Filtern gibt es keine Zeilen. Filter zurücksetzen oder den Zeitraum verlängern.",
        "No row fits these filters. Reset them or choose a longer period.",
    ),
    "empty_warehouse": ("Noch keine Daten", "No data yet"),
    "empty_warehouse_next": (
        "Die Marts sind noch nicht gebaut oder leer. Nächster Schritt: `prohandel run` "
        "(zum Ausprobieren: `make demo`).",
        "The marts are not built yet, or empty. Next: `prohandel run` (to try it out: `make demo`).",
    ),
    "gone": ("Die Datenbank antwortet nicht", "The database does not answer"),
    "gone_next": (
        "Die Seite lädt von selbst neu, sobald sie wieder da ist. Eingebettetes Warehouse: `prohandel db start`",
        "The page comes back by itself as soon as it does. Embedded warehouse: `prohandel db start`",
    ),
    "try_again": ("Erneut versuchen", "Try again"),
    "failed": ("Das ging schief", "This went wrong"),
    "failed_unforeseen": (
        "Die Seite konnte nicht gezeigt werden. Die Ursache steht im Protokoll des Servers.",
        "The page could not be shown. The log of the server says why.",
    ),
    "too_slow": ("Das dauerte zu lange", "This took too long"),
    "too_slow_next": (
        "Eine Abfrage wurde abgebrochen. Kürzeren Zeitraum oder weniger Filialen wählen, oder es später versuchen.",
        "A query was stopped. Choose a shorter period or fewer branches, or try again later.",
    ),
    "no_mart": ("Der Mart `{name}` fehlt", "The mart `{name}` is missing"),
    "no_mart_next": ("Er entsteht mit `prohandel run`.", "`prohandel run` builds it."),
    "csv": ("CSV", "CSV"),
    "csv_help": ("Als CSV herunterladen: {title}", "Download as CSV: {title}"),
    "rows_shown": ("{shown} von {total} Zeilen; die CSV enthält alle.", "{shown} of {total} rows; the CSV has all."),
    "rows_cut": ("Die ersten {total} Zeilen.", "The first {total} rows."),
    "click_row": ("Zeile anklicken: Artikel öffnen.", "Select a row to open the article."),
    "unit": ("Einheit: {unit}", "Unit: {unit}"),
    "from_mart": ("Quelle: {mart}.{column}", "Source: {mart}.{column}"),
    "signed_out": ("Nicht angemeldet", "Not signed in"),
    "signed_out_proxy": (
        "Der Proxy davor nennt niemanden: der Kopf `{header}` fehlt.",
        "The proxy in front names nobody: the header `{header}` is missing.",
    ),
    "sign_in": ("Anmelden", "Sign in"),
    "sign_out": ("Abmelden", "Sign out"),
    "signed_in_as": ("Angemeldet: {name}", "Signed in: {name}"),
    "no_branches": ("Für {name} ist keine Filiale freigegeben", "No branch is open to {name}"),
    "no_branches_next": (
        "Wer den Zugang verwaltet, trägt Filialen in `seeds/dashboard_access.csv` ein; der nächste Lauf nimmt sie auf.",
        "Who manages access names branches in `seeds/dashboard_access.csv`; the next run takes them up.",
    ),
    "partial": ("läuft noch", "still running"),
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """The words of one language.

    Attributes:
        language: de or en.
        pairs: (German, English) by key; those of a page before the shared ones.
    """

    language: Language
    pairs: Pairs = field(default_factory=lambda: SHARED)

    @property
    def formats(self) -> Formats:
        """Numbers and dates in the same language."""
        return Formats(self.language)

    def with_page(self, own: Pairs) -> Words:
        """These words and those of a page, which come first."""
        return Words(self.language, {**self.pairs, **own})

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its {names} filled in.

        Raises:
            KeyError: nobody wrote it.
        """
        text = self.pairs[key][0 if self.language == "de" else 1]
        return text.format(**values) if values else text

    def column(self, name: str) -> str:
        """The label of a column of a mart."""
        return COLUMNS[name][0 if self.language == "de" else 1]

    def has_column(self, name: str) -> bool:
        """Has this column a label?"""
        return name in COLUMNS

    def unit(self, unit: str) -> str:
        """A unit of dbt's meta in words."""
        return UNITS[unit][0 if self.language == "de" else 1]

    def of_value(self, value: object) -> str:
        """A value of a mart as a word, where it is one that we know; else as it is."""
        known = VALUES.get(str(value))
        return known[0 if self.language == "de" else 1] if known else str(value)
