"""One node: containerd, kubelet and kube-proxy, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.bare import addresses, build, cgroups
from tests.e2e.bare.identities import kubeconfig
from tests.e2e.bare.layout import Layout
from tests.e2e.bare.machine import Machine
from tests.e2e.bare.packages import BRIDGE_PLUGIN
from tests.e2e.bare.shell import succeeds
from tests.kube.waiting import until

PAUSE_IMAGE = "localhost/vinymatic/pause:e2e"
_CONTAINERD_SOCKET = "/run/containerd/containerd.sock"


def machine(layout: Layout, number: int) -> Machine:
    return Machine(f"node-{number}", addresses.node_address(number), layout)


def numbers(layout: Layout) -> list[int]:
    """The nodes that the cluster has, also those that are off."""
    return sorted(int(folder.name.removeprefix("node-")) for folder in layout.run.glob("node-*/"))


def write_settings(layout: Layout, number: int) -> None:
    folder, host = layout.node(number), machine(layout, number)
    (folder / "cni").mkdir(parents=True)
    (folder / "kubelet").mkdir()
    # The host's own must not reach the pods.
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (folder / "containerd.toml").write_text(containerd_settings(layout.containerd(number), folder / "cni"))
    for file, settings in (
        ("cni/10-pods.conflist", pod_network(number)),
        ("kubelet.yaml", kubelet_settings(number, folder, layout.pki / "ca.crt")),
        ("proxy.yaml", proxy_settings(host.name, kubeconfig(layout, "system:kube-proxy"))),
    ):
        (folder / file).write_text(json.dumps(settings, indent=1), "utf-8")


def start_containerd(layout: Layout, number: int) -> None:
    """Returns once it answers; pods come with `start_kubelet`, when the images are there."""
    host, programs = machine(layout, number), build.containerd()
    layout.containerd(number).mkdir(parents=True, exist_ok=True)
    # It looks for its shim, which looks for runc, on PATH.
    path = f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    settings = layout.node(number) / "containerd.toml"
    host.start("containerd", programs / "containerd", "--config", settings, environment={"PATH": path})
    until(lambda: succeeds(*host.enter(programs / "ctr", "version")), f"containerd; see {layout.logs}")


def start_kubelet(layout: Layout, number: int) -> None:
    host, folder, kube = machine(layout, number), layout.node(number), build.kube()
    cgroups.make(number)
    host.start(
        "kubelet",
        kube,
        "kubelet",
        f"--config={folder / 'kubelet.yaml'}",
        f"--kubeconfig={kubeconfig(layout, f'system:node:{host.name}')}",
        f"--hostname-override={host.name}",
        f"--node-ip={host.address}",
        f"--root-dir={folder / 'kubelet'}",
        f"--cert-dir={folder / 'pki'}",
    )
    host.start("proxy", kube, "proxy", f"--config={folder / 'proxy.yaml'}")


def containerd_settings(root: Path, networks: Path) -> str:
    return f"""\
version = 3
root = "{root}"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE no process may lower its out-of-memory score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{BRIDGE_PLUGIN.parent}"]
    conf_dir = "{networks}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"
"""


def pod_network(number: int) -> dict[str, object]:
    """The addresses given away are forgotten at a boot, with the pods that had them."""
    addressing = {
        "type": "host-local",
        "dataDir": "/run/cni-addresses",
        "ranges": [[{"subnet": addresses.pods_of(number)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipam": addressing}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}


def kubelet_settings(number: int, folder: Path, ca: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(ca)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{_CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroups.cgroup_of(number),
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [addresses.DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": str(folder / "resolv.conf"),
        "podLogsDir": str(folder / "logs"),
        "volumePluginDir": str(folder / "volume-plugins"),
        # What a process without CAP_SYS_RESOURCE may still set.
        "maxOpenFiles": 20_000,
        "oomScoreAdj": 0,
        # A developer's disk is often nearly full; images are ours to remove.
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "4s",
    }


def proxy_settings(name: str, kubeconfig_file: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": "0.0.0.0",
        "clientConnection": {"kubeconfig": str(kubeconfig_file)},
        # What comes from elsewhere, such as the host, is answered through the node that it came to.
        "clusterCIDR": addresses.PODS,
        "mode": "iptables",
        "hostnameOverride": name,
        # The host's limits are not ours to change.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
