"""ProHandel analytics: from tables that Fivetran lands to tested marts of sales and stock.

This file has to parse on any Python 3, because it is what tells the user of an old one what to do.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write(
        "prohandel needs Python 3.11 or newer; this is Python %d.%d (%s).\n"  # noqa: UP031
        "Install a newer one and name it: make PYTHON=python3.11 ...\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(2)

__version__ = "0.1.0"
