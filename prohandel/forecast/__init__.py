"""Forecasts of demand with their uncertainty: NumPy over all series, no warehouse needed."""
