"""Words of the page Product Performance: German, English."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "revenue": ("Umsatz netto 365 T.", "Net revenue 365 d"),
    "margin": ("Rohertrag 365 T.", "Gross margin 365 d"),
    "articles_sold": ("{number} Artikel", "{number} articles"),
    "margin_note": ("Handelsspanne {rate}", "margin {rate}"),
    "returns_note": ("{returned} von {sold} Stück", "{returned} of {sold} units"),
    "broken": ("Gebrochene Größenläufe", "Broken size runs"),
    "of_runs": ("von {number} Größenläufen", "of {number} size runs"),
    "mark_down": ("Abzuschreiben (EK)", "To mark down (cost)"),
    "mark_down_note": ("{articles} Artikel, {units} Stück", "{articles} articles, {units} units"),
    "season_now": ("Abverkauf {season}", "Sell-through {season}"),
    "season_note": ("Woche {week}, Vorjahr {rate}", "week {week}, last year {rate}"),
    "season_note_alone": ("Woche {week}", "week {week}"),
    "company": (
        "Filialen grenzen auf dieser Seite nur die Größen ein; alle anderen Zahlen gelten für das Unternehmen.",
        "Branches narrow only the sizes on this page; all other figures are those of the company.",
    ),
    "scatter": ("Handelsspanne und Lagerumschlag", "Margin and turnover"),
    "scatter_question": (
        "Wer verdient und dreht, wer nur eines von beidem? Die {number} stärksten Artikel, gestrichelt die Mediane; "
        "ein Klick öffnet den Artikel.",
        "Which earn and turn, which only one of both? The {number} strongest articles, dashed the medians; a click "
        "opens the article.",
    ),
    "turnover_axis": ("Lagerumschlag im Jahr (log.)", "turns a year (log)"),
    "margin_axis": ("Handelsspanne (%)", "margin (%)"),
    "profitability": ("Ertrag je Artikel", "Profitability by article"),
    "profitability_question": (
        "Wer bringt das Geld, und wo geht Spanne verloren: Nachlass, Retouren, Kosten?",
        "Which bring the money, and where is margin lost: discount, returns, cost?",
    ),
    "sell_through": ("Abverkauf seit Saisonstart", "Sell-through since launch"),
    "sell_through_question": (
        "Liegt {season} vor dem Vorjahr und vor dem Plan? Beide sind nach der Liefermenge dieser Saison gewichtet.",
        "Is {season} ahead of last year and of plan? Both are weighted by what this season received.",
    ),
    "sell_through_without": (
        "Marke, Lieferant und Sortiment wirken hier nicht.",
        "Brand, supplier and assortment have no effect here.",
    ),
    "no_plan": (
        "Ein Saisonplan liegt nicht vor (Seed season_plan).",
        "There is no plan of the season (seed season_plan).",
    ),
    "season_of": ("Saison", "Season"),
    "of_season": ("{season}", "{season}"),
    "last_season": ("Vorjahr", "Last year"),
    "plan": ("Plan", "Plan"),
    "percent_received": ("% der gelieferten Stück", "% of units received"),
    "season_week": ("Woche seit Saisonstart", "week since launch"),
    "by_category": ("Abverkauf je Warengruppe, Woche {week}", "Sell-through by category, week {week}"),
    "by_category_question": ("Wer liegt zurück?", "Which fall behind?"),
    "behind": ("ggü. Vorjahr (PP)", "vs. last year (pp)"),
    "against_plan": ("ggü. Plan (PP)", "vs. plan (pp)"),
    "sizes": ("Größen und Retouren", "Sizes and returns"),
    "size_category": ("Warengruppe", "Category"),
    "curve": ("Größenkurve {category}", "Size curve of {category}"),
    "curve_question": (
        "Liegt der Bestand in den Größen, die sich verkaufen? Alle Artikel der Warengruppe.",
        "Does the stock lie in the sizes that sell? All articles of the category.",
    ),
    "share_sales": ("Anteil am Verkauf (365 T.)", "share of sales (365 d)"),
    "share_stock": ("Anteil am Bestand", "share of stock"),
    "percent_size": ("% je Größe", "% by size"),
    "returns_of": ("Retouren je Größe {category}", "Returns by size of {category}"),
    "returns_question": (
        "Passt eine Größe nicht? Gestrichelt die Quote der Warengruppe, 365 Tage.",
        "Does a size not fit? The dashed line is the rate of the category, 365 days.",
    ),
    "percent_returned": ("% der verkauften Stück", "% of units sold"),
    "runs": ("Artikel mit gebrochenem Größenlauf", "Articles with broken size runs"),
    "runs_question": (
        "Wo fehlt eine Kerngröße, während andere Größen liegen? Die stärksten Artikel zuerst.",
        "Where is a core size missing while other sizes lie? The strongest articles first.",
    ),
    "broken_in": ("Filialen gebrochen", "Branches broken"),
    "runs_in": ("Filialen", "Branches"),
    "missing": ("Fehlende Kerngrößen", "Core sizes missing"),
    "left_there": ("Restbestand dort", "On hand there"),
    "candidates": ("Abschriften vorgeschlagen", "Markdowns proposed"),
    "candidates_question": (
        "Was reicht über die Saison hinaus, und was bringt der Preisschritt? Ohne Verkauf in 28 Tagen ist die Wirkung "
        "nicht zu schätzen.",
        "What outlasts its season, and what does the price step bring? Without a sale in 28 days its effect cannot be "
        "estimated.",
    ),
    "gain": ("Mehrertrag", "Gain"),
    "price_step": ("Abschrift", "Step"),
    "returned": ("Artikel mit hohen Retouren", "Articles with many returns"),
    "returned_question": (
        "Was kommt öfter zurück als die Warengruppe? Ab {least} verkauften Stück in 365 Tagen.",
        "What comes back more often than its category? From {least} units sold in 365 days.",
    ),
    "units_beyond": ("Stück über dem Üblichen", "Units beyond the usual"),
    "of_category": ("Quote der Warengruppe", "Rate of the category"),
    "returned_units": ("Retouren (Stück)", "Returned units"),
    "sold_units": ("Verkauf (Stück)", "Units sold"),
}
