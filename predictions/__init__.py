"""Predictions: who may leave, what a customer will still buy, when a person reacts; each says how sure it is.

A model is one file: its features are a SQL file over marts as of a moment, it is fitted and it scores separately, and
where there is not enough history it says so in place of a number.
"""
