"""A small kubelet for tests: registers a node, takes every pod, and runs its containers as local processes on addresses of their own.

Tests hold it as `LocalKubelet`; what it does itself runs in a process of its own (`python -m tests.kube.kubelet`).
"""
