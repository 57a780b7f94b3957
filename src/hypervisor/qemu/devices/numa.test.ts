import { describe, expect, test } from "vitest";
import type { NumaTopology } from "../../numa-topology.ts";
import { numaArgs } from "./numa.ts";

const topology: NumaTopology = {
  nodes: [
    { firstVcpu: 0, vcpus: 1, memoryMib: 1024, hostNodes: [0, 1, 3] },
    { firstVcpu: 1, vcpus: 2, memoryMib: 1025, hostNodes: [2] },
  ],
  distances: [
    [10, 21],
    [22, 10],
  ],
  memoryBackend: { kind: "memfd", hugePages: false },
};

describe("numaArgs()", () => {
  test("binds each node's memory and tells the distances", () => {
    expect(numaArgs(topology)).toEqual([
      "-object",
      "memory-backend-memfd,id=numa-mem0,size=1024M,share=on,host-nodes=0-1,host-nodes=3,policy=bind",
      "-numa",
      "node,nodeid=0,cpus=0,memdev=numa-mem0",
      "-object",
      "memory-backend-memfd,id=numa-mem1,size=1025M,share=on,host-nodes=2,policy=bind",
      "-numa",
      "node,nodeid=1,cpus=1-2,memdev=numa-mem1",
      "-numa",
      "dist,src=0,dst=1,val=21",
      "-numa",
      "dist,src=1,dst=0,val=22",
    ]);
  });

  test.each([
    [{ kind: "ram" }, "memory-backend-ram,id=numa-mem0,size=512M"],
    [
      { kind: "memfd", hugePages: true },
      "memory-backend-memfd,id=numa-mem0,size=512M,share=on,hugetlb=on,hugetlbsize=2M",
    ],
    [
      { kind: "file", directory: "/dev/huge,pages" },
      "memory-backend-file,id=numa-mem0,size=512M,mem-path=/dev/huge,,pages,share=on",
    ],
  ] as const)("of one unbound node with %j", (memoryBackend, object) => {
    const nodes = [{ firstVcpu: 0, vcpus: 4, memoryMib: 512, hostNodes: [] }];
    expect(numaArgs({ nodes, distances: [[10]], memoryBackend })).toEqual([
      "-object",
      object,
      "-numa",
      "node,nodeid=0,cpus=0-3,memdev=numa-mem0",
    ]);
  });
});
