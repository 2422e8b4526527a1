"""The verbs of the command line, one module each; `malaria.cli` puts them together."""
