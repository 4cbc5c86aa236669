"""`python -m ktxh` is the command line."""

from .cli import main

main()
