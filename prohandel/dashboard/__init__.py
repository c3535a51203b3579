"""Pages over the marts for buyers, store managers and the data team."""
