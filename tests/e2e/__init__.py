"""Tests on a whole Kubernetes: real nodes, pods from real images, KEDA."""
