"""Customers as persons: where the warehouse holds something about them, how it is shown, and how it is erased."""
