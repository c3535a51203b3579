"""Words of the page Sales Analysis: German, English."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "revenue": ("Umsatz", "Revenue"),
    "margin": ("Rohertrag", "Gross margin"),
    "units": ("Absatz", "Net units"),
    "coverage": (
        "Veränderungen rechnen mit {comparable_days} von {days} Tagen: die Daten beginnen am {first_day}, die anderen "
        "Tage haben keinen Vergleichstag.",
        "Changes count {comparable_days} of {days} days: the data begin on {first_day}, the other days have none to "
        "compare with.",
    ),
    "grain": ("Je", "By"),
    "by_day": ("Tag", "Day"),
    "by_week": ("Woche", "Week"),
    "by_month": ("Monat", "Month"),
    "split": ("Aufteilen nach", "Split by"),
    "by_all": ("Gesamt", "Total"),
    "measure": ("Kennzahl", "Measure"),
    "now": ("Zeitraum", "Period"),
    "rest": ("Übrige", "Others"),
    "over_time": ("{measure} im Zeitverlauf", "{measure} over time"),
    "over_time_question": (
        "Läuft es besser als in den Tagen, mit denen verglichen wird?",
        "Is it better than on the days that it is compared with?",
    ),
    "over_time_question_parts": (
        "Wer treibt die Entwicklung? Die {parts} größten; alle übrigen zusammen stehen in der CSV.",
        "Who drives it? The {parts} largest; the rest together is in the CSV.",
    ),
    "pale": ("Helle Balken: angebrochene Zeiträume.", "Pale bars: periods that are cut."),
    "hollow": ("Hohle Punkte: angebrochene Zeiträume.", "Hollow points: periods that are cut."),
    "days_of": ("{number} von {days} Tagen", "{number} of {days} days"),
    "whole": ("alle Tage", "all days"),
    "counted": ("Gezählt", "Counted"),
    "eur_net": ("EUR netto", "EUR net"),
    "eur_gross": ("EUR brutto", "EUR gross"),
    "unit_units": ("Stück", "units"),
    "unit_margin_pct": ("% vom Umsatz netto", "% of net revenue"),
    "unit_discount_rate": ("% vom Etikettpreis", "% of label price"),
    "unit_return_rate": ("% der verkauften Stück", "% of units sold"),
    "by_part_branch_number": ("Umsatz je Filiale", "Sales by branch"),
    "by_part_category": ("Umsatz je Warengruppe", "Sales by category"),
    "by_part_brand": ("Umsatz je Marke", "Sales by brand"),
    "by_part_question": (
        "Wer verkauft was, mit welcher Spanne, welchem Nachlass, welchen Retouren?",
        "Who sells what, at which margin, discount and returns?",
    ),
    "difference": ("Differenz", "Difference"),
    "movers": ("Umsatzänderung {against}", "Change of revenue {against}"),
    "movers_question": (
        "Wer trägt die Veränderung? Rot: weniger als vorher.",
        "Who makes the change? Red: less than before.",
    ),
    "like_for_like": ("Flächenbereinigt", "Like for like"),
    "like_for_like_text": (
        "Immer gegen das Vorjahr: jeder Tag gegen seinen Vergleichstag (gleicher Wochentag, Ostern gegen Ostern), und "
        "nur Filialen, die damals schon verkauften.",
        "Always against last year: each day against its comparable day (same weekday, Easter with Easter), and only "
        "branches that sold then already.",
    ),
    "lfl_change": ("Flächenbereinigt", "Like for like"),
    "all_change": ("Alle Filialen", "All branches"),
    "lfl_branches": ("Vergleichbare Filialen", "Comparable branches"),
    "lfl_note": ("{now} nach {before}", "{now} after {before}"),
    "of_branches": ("von {number} mit Umsatz", "of {number} with revenue"),
    "lfl_weeks": ("Flächenbereinigter Umsatz", "Like-for-like revenue"),
    "lfl_weeks_question": (
        "Wachsen die Filialen, die es schon gab?",
        "Do the branches grow that were there before?",
    ),
    "lfl_by_branch": ("Filialen gegen das Vorjahr", "Branches against last year"),
    "comparable": ("Vergleichbar", "Comparable"),
    "calendar": ("Umsatz je Tag als Kalender", "Revenue by day, as a calendar"),
    "calendar_question": (
        "An welchen Tagen wird verkauft? Dunkler ist mehr, der stärkste Tag brachte {most}; umrandet: Feiertag in "
        "einem Bundesland.",
        "On which days is it sold? Darker is more, the strongest day brought {most}; outlined: holiday in a state.",
    ),
    "holiday": ("Feiertag", "Holiday"),
    "receipts": ("Bons und Körbe", "Receipts and baskets"),
    "receipts_text": (
        "Ganze Bons mit allem, was darauf steht.",
        "Whole receipts with all that is on them.",
    ),
    "number_of_receipts": ("Anzahl Bons", "receipts"),
    "eur_per_receipt": ("EUR brutto je Bon", "EUR gross per receipt"),
    "receipts_question": (
        "Kommen mehr Kunden zur Kasse?",
        "Do more customers come to the till?",
    ),
    "basket_gross_question": (
        "Nimmt jeder mehr mit?",
        "Does each take more home?",
    ),
    "receipts_by_branch": ("Bons je Filiale", "Receipts by branch"),
    "receipts_by_branch_question": (
        "Fehlen Kunden, oder kaufen sie weniger?",
        "Are customers missing, or do they buy less?",
    ),
}
