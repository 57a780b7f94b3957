import { expect, test } from "vitest";
import { parseSpec } from "../../oci/parse-spec.ts";
import { buildSpec, type SpecInput } from "./build-spec.ts";
import { chooseCapabilities, parseCapability } from "./capabilities.ts";

const input: SpecInput = {
  id: "ab".repeat(32),
  hostname: "abababababab",
  args: ["sh"],
  env: ["PATH=/bin"],
  cwd: "/",
  user: { uid: 0, gid: 0, additionalGids: [], home: "/root" },
  terminal: false,
  consoleSize: undefined,
  capabilities: chooseCapabilities([], []),
  readOnlyRootfs: false,
  mounts: [],
  tmpfs: [],
  memoryBytes: undefined,
  cpus: undefined,
  pidsLimit: undefined,
  annotations: {},
};

test("buildSpec of a plain container", () => {
  expect(buildSpec(input)).toMatchSnapshot();
});

test("buildSpec with every setting", () => {
  const spec = buildSpec({
    ...input,
    terminal: true,
    consoleSize: { rows: 24, columns: 80 },
    user: { uid: 1000, gid: 1001, additionalGids: [5], home: "/home/a" },
    readOnlyRootfs: true,
    mounts: [
      { source: "/srv/a", destination: "/data", readOnly: true },
      { source: "/srv/b", destination: "/work", readOnly: false },
    ],
    tmpfs: [{ destination: "/run", options: ["size=64m"] }],
    memoryBytes: 64 << 20,
    cpus: 1.5,
    pidsLimit: 100,
    annotations: { a: "b" },
  });
  expect(spec).toMatchSnapshot();
});

test("the runtime accepts what buildSpec makes, without a warning", () => {
  const { value, warnings } = parseSpec(JSON.stringify(buildSpec({ ...input, memoryBytes: 64 << 20, cpus: 0.5 })));
  expect(warnings).toEqual([]);
  expect(value.linux.resources?.memory?.limit).toBe(67108864n);
  expect(value.linux.resources?.cpu?.quota).toBe(50_000n);
});

test("chooseCapabilities adds, drops and knows ALL", () => {
  expect(chooseCapabilities([], [])).not.toContain("CAP_MKNOD");
  expect(chooseCapabilities([parseCapability("net_admin")], [])).toContain("CAP_NET_ADMIN");
  expect(chooseCapabilities([], ["CAP_CHOWN"])).not.toContain("CAP_CHOWN");
  expect(chooseCapabilities(["CAP_KILL"], ["ALL"])).toEqual(["CAP_KILL"]);
  expect(chooseCapabilities(["ALL"], ["CAP_SYS_ADMIN"])).not.toContain("CAP_SYS_ADMIN");
  expect(() => parseCapability("NOT_ONE")).toThrow(/must be a capability/);
});
