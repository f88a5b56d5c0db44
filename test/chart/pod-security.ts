import type { Manifest } from "./manifest.ts";

type Spec = Manifest["spec"];

/** Kinds of volumes that the restricted standard allows. */
const volumeKinds = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** What a pod does that the restricted Pod Security Standard forbids; and a root file system that can be written. */
export function restrictedProblems(pod: Spec): readonly string[] {
  const volumes = (pod.volumes ?? []).flatMap((volume: Spec) =>
    Object.keys(volume)
      .filter((key) => key !== "name" && !volumeKinds.includes(key))
      .map((kind) => `volume of kind ${kind}`),
  );
  const namespaces = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => pod[field]);
  const containers = [...(pod.containers ?? []), ...(pod.initContainers ?? []), ...(pod.ephemeralContainers ?? [])];
  return [
    ...volumes,
    ...namespaces,
    ...containers.flatMap((container) => containerProblems(container, pod.securityContext ?? {})),
  ];
}

function containerProblems(container: Spec, ofPod: Spec): readonly string[] {
  const own = container.securityContext ?? {};
  const set = { ...ofPod, ...own };
  const checks: Readonly<Record<string, boolean>> = {
    "may become root": set.runAsNonRoot !== true,
    "is root": set.runAsUser === 0,
    "has no seccomp profile": !["RuntimeDefault", "Localhost"].includes(set.seccompProfile?.type),
    "may gain privileges": own.allowPrivilegeEscalation !== false,
    "is privileged": own.privileged === true,
    "keeps capabilities": own.capabilities?.drop?.includes("ALL") !== true,
    "adds capabilities": (own.capabilities?.add ?? []).some((name: string) => name !== "NET_BIND_SERVICE"),
    "takes ports of the node": (container.ports ?? []).some(({ hostPort }: Spec) => hostPort),
    "may write to its root file system": own.readOnlyRootFilesystem !== true,
  };
  return Object.keys(checks)
    .filter((what) => checks[what])
    .map((what) => `${container.name} ${what}`);
}
