"""How long the warehouse takes: landings of any size, runs measured on them, and what they are measured against."""
