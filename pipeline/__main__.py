"""`python -m pipeline` is `bertline`."""

from pipeline.cli import main

main(prog_name="bertline")
