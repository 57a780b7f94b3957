import { expect, test } from "vitest";
import { containerKind } from "./container-kind.ts";

test.each([
  [{}, { kind: "single" }],
  [{ "io.kubernetes.cri.container-type": "sandbox" }, { kind: "sandbox" }],
  [
    { "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "pod" },
    { kind: "pod-container", sandboxId: "pod" },
  ],
  [
    { "io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": "pod" },
    { kind: "pod-container", sandboxId: "pod" },
  ],
  [{ "io.kubernetes.cri-o.ContainerType": "sandbox", "io.kubernetes.cri-o.SandboxID": "pod" }, { kind: "sandbox" }],
  [{ "io.kubernetes.docker.type": "podsandbox" }, { kind: "sandbox" }],
])("containerKind(%j) is %j", (annotations, kind) => {
  expect(containerKind(annotations as unknown as Record<string, string>)).toEqual(kind);
});

test.each([
  [{ "io.kubernetes.cri.container-type": "vm" }, /must be sandbox or container, got "vm"/],
  [{ "io.kubernetes.cri-o.ContainerType": "podsandbox" }, /must be sandbox or container, got "podsandbox"/],
  [{ "io.kubernetes.cri-o.ContainerType": "container" }, /cri-o.SandboxID must name the sandbox/],
  [{ "io.kubernetes.cri.container-type": "container" }, /sandbox-id must name the sandbox/],
])("containerKind(%j) is refused", (annotations, message) => {
  expect(() => containerKind(annotations as unknown as Record<string, string>)).toThrow(message);
});
