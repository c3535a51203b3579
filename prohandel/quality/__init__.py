"""Watches what lands: findings from what the marts of `quality` measure, incidents, alerts."""
