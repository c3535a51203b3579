"""What a run consists of: dbt's packages, dbt itself, the run around it, its summary, and the doctor."""
