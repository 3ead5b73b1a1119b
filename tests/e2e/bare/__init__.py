"""A Kubernetes of several nodes on one bare Linux machine, as root, built from source: for machines on which no Docker engine runs.

`python -m tests.e2e.bare` lists what there is. Each node has its network, mounts and processes to itself (`machine.py`), so that ending
its first process is a power cut and leaves nothing behind. All state is in one folder of the user's cache (`layout.py`).
"""
