"""Measurements. Each writes a JSON record to results/; `make results` renders docs/results.md from them."""
