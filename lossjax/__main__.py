"""`python -m lossjax`."""

from lossjax.cli import main

if __name__ == "__main__":
    main()
