"""Lets `python -m malaria` run the command line."""

from malaria.cli import main

main()
