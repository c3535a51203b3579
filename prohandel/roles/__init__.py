"""Database roles: what each may do, how that differs from what the database says, and how it is brought there."""
