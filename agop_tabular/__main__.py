"""``python -m agop_tabular``: the command ``agop-tabular``."""

from agop_tabular.command import main

if __name__ == "__main__":
    main()
