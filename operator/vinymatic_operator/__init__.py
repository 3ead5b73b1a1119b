"""The operator: watches VinylIndex resources and coordinates retraining, backup, restore and rolling reloads. docs/operator.md."""
