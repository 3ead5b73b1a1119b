"""The Helm chart, and what of it is made from `charts/schema`: values.yaml, values.schema.json, docs/chart-values.md."""
