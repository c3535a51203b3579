"""Forecasts, what-ifs and recommendations over HTTP."""
