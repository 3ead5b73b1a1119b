"""What there is: resources, Jobs, Deployments and replicas, read into plain values."""
