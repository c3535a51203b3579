"""The report of a week as one file of HTML: what happened, and what to do."""
