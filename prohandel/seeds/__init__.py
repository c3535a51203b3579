"""Programs that write the generated seeds."""
