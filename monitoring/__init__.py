"""What is made for those who watch: docs/metrics.md and the dashboards. `python -m monitoring` writes them."""
