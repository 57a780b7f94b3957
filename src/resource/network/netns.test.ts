import { expect, test } from "vitest";
import { createFakeSys } from "../../sys/fake.ts";
import { FakeLoop } from "../../sys/fake-loop.ts";
import { checkModel } from "./model.ts";
import { netnsAt, podNetns } from "./netns.ts";
import { openTap, whileBusy } from "./tap.ts";

test("podNetns() tells the host's network, a new one and one that exists", () => {
  expect(podNetns([{ type: "pid", path: "" }])).toEqual({ kind: "host" });
  expect(podNetns([{ type: "network", path: "" }])).toEqual({ kind: "new" });
  expect(podNetns([{ type: "network", path: "/run/netns/x" }])).toEqual({ kind: "path", path: "/run/netns/x" });
});

test.each(["run/netns/x", "/run/../etc", "/run\0", ".."])("netnsAt() refuses %j", (path) => {
  expect(() => netnsAt(path, "netns_path")).toThrow(
    expect.objectContaining({ code: "invalid-argument", field: "netns_path" }),
  );
});

test("checkModel() names the models that there are", () => {
  for (const model of ["tcfilter", "none"] as const) checkModel(model);
  expect(() => checkModel("macvtap")).toThrow(
    expect.objectContaining({
      code: "unimplemented",
      field: "runtime.internetworking_model",
      hint: "Use one of tcfilter, none",
    }),
  );
});

test("openTap() opens every queue or none", () => {
  const sys = createFakeSys();
  expect(openTap(sys, "t", 1)).toHaveLength(1);
  expect(openTap(sys, "t", 3)).toHaveLength(3);
  expect(sys.fake.callsOf("openTap").map(([, options]) => options)).toEqual([
    { multiQueue: false, exclusive: true },
    { multiQueue: true, exclusive: true },
    { multiQueue: true, exclusive: false },
    { multiQueue: true, exclusive: false },
  ]);
  const before = sys.fake.openDescriptors;
  sys.fake.fail("openTap", { code: "EBUSY", when: (_name, options) => !(options as { exclusive: boolean }).exclusive });
  expect(() => openTap(sys, "t", 2)).toThrow(expect.objectContaining({ code: "EBUSY" }));
  expect(sys.fake.openDescriptors).toEqual(before);
});

test("whileBusy() tries five times, 10 ms apart, and only what is busy", async () => {
  const sys = createFakeSys();
  const loop = new FakeLoop(sys);
  const attempt = async (failures: number, code: string) => {
    sys.fake.fail("openTap", { code, times: failures });
    const before = sys.fake.callsOf("openTap").length;
    const start = loop.nowMs();
    const result = whileBusy(loop, () => openTap(sys, "t", 1)).then(
      () => "done",
      (error: { code: string }) => error.code,
    );
    await loop.advance(1000);
    sys.fake.fail("openTap", { code, times: 0 });
    return [await result, sys.fake.callsOf("openTap").length - before, loop.nowMs() - start];
  };
  expect(await attempt(0, "EBUSY")).toEqual(["done", 1, 1000]);
  expect(await attempt(4, "EBUSY")).toEqual(["done", 5, 1000]);
  expect(await attempt(5, "EBUSY")).toEqual(["EBUSY", 5, 1000]);
  expect(await attempt(1, "EPERM")).toEqual(["EPERM", 1, 1000]);
});
