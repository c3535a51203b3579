"""``python -m prohandel`` is the command ``prohandel``."""

from prohandel.cli import main

if __name__ == "__main__":
    main()
