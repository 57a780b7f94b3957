import { describe, expect, test } from "vitest";
import { createFakeSys } from "../../sys/fake.ts";
import { mappingOfHost, readHostNuma } from "./numa.ts";

function host(files: Readonly<Record<string, string>>) {
  const sys = createFakeSys();
  for (const [path, content] of Object.entries(files)) sys.fake.addFile(`/sys/devices/system/node/${path}`, content);
  return sys;
}
const two = {
  online: "0,2\n",
  "node0/cpulist": "0-3,8-11\n",
  "node0/distance": "10 21\n",
  "node2/cpulist": "4-7\n",
  "node2/distance": "21 10\n",
};

describe("readHostNuma()", () => {
  test("reads the nodes that are online, whatever their numbers", () => {
    expect(readHostNuma(host(two))).toEqual({
      cpus: new Map([
        [0, [0, 1, 2, 3, 8, 9, 10, 11]],
        [2, [4, 5, 6, 7]],
      ]),
      distances: new Map([
        [
          0,
          new Map([
            [0, 10],
            [2, 21],
          ]),
        ],
        [
          2,
          new Map([
            [0, 21],
            [2, 10],
          ]),
        ],
      ]),
    });
  });

  test("finds none on a kernel without NUMA", () => {
    expect(readHostNuma(createFakeSys())).toEqual({ cpus: new Map(), distances: new Map() });
  });

  test.each([
    [{ online: "all" }, "/sys/devices/system/node/online cannot be understood"],
    [{ "node0/cpulist": "0-" }, "/sys/devices/system/node/node0/cpulist cannot be understood"],
    [{ "node2/distance": "10" }, 'node2/distance must hold 2 numbers; got "10"'],
    [{ "node2/distance": "21 10 30" }, "must hold 2 numbers"],
    [{ "node2/distance": "" }, "must hold 2 numbers"],
    [{ "node2/distance": "21 -10" }, "must hold 2 numbers"],
    [{ "node2/distance": "21 1000" }, "must hold 2 numbers"],
    [{ "node2/distance": "x".repeat(10_000) }, `got "${"x".repeat(64)}..."`],
  ])("refuses %j", (wrong, message) => {
    expect(() => readHostNuma(host({ ...two, ...wrong }))).toThrow(message);
  });

  test("passes on that a file is missing", () => {
    expect(() => readHostNuma(host({ online: "0" }))).toThrow("ENOENT");
  });
});

test("mappingOfHost() leaves out nodes without CPUs", () => {
  const numa = readHostNuma(
    host({
      ...two,
      online: "0,2,4",
      "node0/distance": "10 21 30",
      "node2/distance": "21 10 30",
      "node4/cpulist": "\n",
      "node4/distance": "30 30 10",
    }),
  );
  expect(mappingOfHost(numa)).toEqual(["0", "2"]);
  expect(mappingOfHost({ cpus: new Map(), distances: new Map() })).toEqual([]);
});
