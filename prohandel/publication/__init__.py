"""Write, audit, publish: what a gated run has built reaches its readers in one transaction, or not at all."""
