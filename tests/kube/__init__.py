"""A real Kubernetes control plane on loopback for tests, and a small kubelet that runs pods as local processes. No root needed."""
