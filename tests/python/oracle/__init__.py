"""An independent computation of the marts in pandas, straight from the landed rows.

It shares no code with the SQL models and is written from the definitions alone, so that an error in one is not
repeated in the other. `marts.compute` gives every measure, `compare.compare` sets them against a built database.

Where the definitions leave room, the reading chosen here is written at the top of the module that takes it.
"""
