"""``python -m simulator`` is ``vnetsim``."""

from simulator.cli.app import main

if __name__ == "__main__":
    main()
