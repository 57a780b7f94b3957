import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildNumaTopology, guestNumaNodes, type NumaRequest } from "./numa-topology.ts";

/** Rows of distances between nodes 0, 1, 2, 3. */
const distances = (...rows: number[][]) =>
  new Map(rows.map((row, from) => [from, new Map(row.map((value, to) => [to, value]))]));
const request: NumaRequest = {
  mapping: ["0", "1"],
  vcpus: 5,
  memoryMib: 2049,
  hostDistances: distances([10, 21, 31, 41], [21, 10, 32, 42], [31, 32, 10, 43], [41, 42, 43, 10]),
  memoryBackend: { kind: "ram" },
};
const build = (change: Partial<NumaRequest>) => buildNumaTopology({ ...request, ...change });

describe("buildNumaTopology()", () => {
  test("gives the last node what remains", () => {
    expect(build({})).toEqual({
      nodes: [
        { firstVcpu: 0, vcpus: 2, memoryMib: 1024, hostNodes: [0] },
        { firstVcpu: 2, vcpus: 3, memoryMib: 1025, hostNodes: [1] },
      ],
      distances: [
        [10, 21],
        [21, 10],
      ],
      memoryBackend: { kind: "ram" },
    });
  });

  test("is one node without a mapping, also on a host without NUMA", () => {
    const memoryBackend = { kind: "memfd", hugePages: true } as const;
    expect(build({ mapping: [], hostDistances: new Map(), vcpus: 1, memoryBackend })).toEqual({
      nodes: [{ firstVcpu: 0, vcpus: 1, memoryMib: 2049, hostNodes: [] }],
      distances: [[10]],
      memoryBackend,
    });
  });

  test.each([
    [
      ["0-1", "2-3"],
      [
        [10, 42],
        [42, 10],
      ],
    ],
    [
      ["3", "0"],
      [
        [10, 41],
        [41, 10],
      ],
    ],
    [
      ["2", "0,3", "1"],
      [
        [10, 43, 32],
        [43, 10, 42],
        [32, 42, 10],
      ],
    ],
    [["0-3"], [[10]]],
  ])("mirrors the host's distances to %j", (mapping, expected) => {
    expect(build({ mapping }).distances).toEqual(expected);
  });

  test("keeps directions apart, and within what VMMs take", () => {
    const hostDistances = distances([10, 15, 300], [17, 10, 3], [20, 20, 10]);
    expect(build({ mapping: ["0", "1", "2"], hostDistances }).distances).toEqual([
      [10, 15, 255],
      [17, 10, 10],
      [20, 20, 10],
    ]);
  });

  test.each<[Partial<NumaRequest>, string, string]>([
    [{ mapping: ["0", "4"] }, "failed-precondition", "numa_mapping names host node 4, which does not exist"],
    [{ mapping: ["0"], hostDistances: new Map() }, "failed-precondition", "host node 0, which does not exist"],
    [{ mapping: ["0-1", "1"] }, "invalid-argument", "Entries 1 and 2 of numa_mapping both name host node 1"],
    [{ mapping: ["0", "1", "0"] }, "invalid-argument", "Entries 1 and 3 of numa_mapping both name host node 0"],
    [{ mapping: ["0", ""] }, "invalid-argument", "Entry 2 of numa_mapping is empty"],
    [{ mapping: ["x"] }, "invalid-argument", "Entry 1 of numa_mapping names no host nodes"],
    [{ mapping: ["0", "1"], vcpus: 1 }, "out-of-range", "2 NUMA nodes are too many for 1 vCPUs"],
    [{ mapping: ["0", "1"], memoryMib: 1 }, "out-of-range", "2 NUMA nodes are too many for 5 vCPUs and 1 MiB"],
    [{ mapping: [], vcpus: 0 }, "out-of-range", "1 NUMA nodes are too many for 0 vCPUs"],
    [{ mapping: Array(129).fill("0"), vcpus: 500 }, "out-of-range", "129 NUMA nodes are too many"],
  ])("refuses %j", (change, code, message) => {
    expect(() => build(change)).toThrow(expect.objectContaining({ code, field: "numa_mapping" }));
    expect(() => build(change)).toThrow(message);
  });

  test("a host node twice within an entry is once", () => {
    expect(build({ mapping: ["1,0-1"] }).nodes).toMatchObject([{ hostNodes: [0, 1] }]);
  });

  test("spreads all vCPUs and all memory", () => {
    const sizes = fc.record({
      nodes: fc.integer({ min: 1, max: 128 }),
      extra: fc.nat(200),
      memoryMib: fc.integer({ min: 128, max: 1 << 24 }),
    });
    fc.assert(
      fc.property(sizes, ({ nodes, extra, memoryMib }) => {
        const mapping = Array.from({ length: nodes }, (_, index) => String(index));
        const hostDistances = new Map(mapping.map((_, index) => [index, new Map<number, number>()]));
        const vcpus = nodes + extra;
        const built = build({ mapping, vcpus, memoryMib, hostDistances }).nodes;
        let next = 0;
        for (const node of built) {
          expect(node.firstVcpu).toBe(next);
          expect(node.vcpus).toBeGreaterThanOrEqual(1);
          expect(node.memoryMib).toBeGreaterThanOrEqual(1);
          next += node.vcpus;
        }
        expect(next).toBe(vcpus);
        expect(built.reduce((sum, node) => sum + node.memoryMib, 0)).toBe(memoryMib);
      }),
    );
  });
});

test.each([
  [false, ["0", "1"], 2, 8, 1],
  [true, ["0", "1"], 4, 8, 2],
  [true, ["0", "1"], 4, 1, 2],
  [true, [], 4, 8, 4],
  [true, [], 4, 2, 2],
  [true, [], 0, 2, 1],
  [true, [], 4, 0, 1],
  [true, [], 1000, 1000, 128],
])(
  "guestNumaNodes() with enable_numa = %s, mapping %j, %d host nodes and %d vCPUs is %d",
  (enableNuma, numaMapping, hosts, vcpus, expected) => {
    expect(guestNumaNodes({ enableNuma, numaMapping }, hosts, vcpus)).toBe(expected);
  },
);
