"""Which tables predictions read, write and make; apart, so that naming them loads no scipy."""

TABLES = (
    "predictions__models",
    "predictions__churn_scores",
    "predictions__lifetime_values",
    "predictions__send_time_scores",
)
READS = frozenset(
    {"marts._contract_terms", "marts.invoices", "marts.tickets", "marts.contacts", "marts.message_events"}
)
MAKES = frozenset(
    {
        "marts.prediction_models",
        "marts.prediction_outcomes",
        "marts.churn_calibration",
        "marts.churn_scores",
        "marts.lifetime_values",
        "marts.send_time_scores",
    }
)
