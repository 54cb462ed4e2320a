"""`python -m ulmfit_app` is the console script `ulmfit`."""

from ulmfit_app.cli import main

main()
