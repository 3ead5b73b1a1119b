"""The dashboards, as code: panels say what they show, the layout is computed. Grafana opens the JSON files that are made of them."""
