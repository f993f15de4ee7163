"""Why a risk is what it is, in words."""

import polars as pl

from dashboard.parts.words import say, words


def reasons_said(frame: pl.DataFrame) -> pl.DataFrame:
    """Say the reasons in the viewer's words, most important first."""
    known = words("because")
    said = [
        "; ".join(known.get(reason, reason) for reason in reasons or []) or say("because_nothing")
        for reasons in frame["reasons"].to_list()
    ]
    return frame.with_columns(pl.Series("reasons", said, dtype=pl.String))
