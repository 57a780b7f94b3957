import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { WOULD_BLOCK } from "../port/files.ts";

/** A network namespace of the test's own. */
function freshNetwork({ sys, cleanup }: TestContext): void {
  const home = sys.open("/proc/self/ns/net");
  cleanup(() => sys.close(home));
  sys.unshare(["net"]);
  cleanup(() => sys.enterNamespace(home, "net"));
}

const names = ({ sys }: TestContext) =>
  sys
    .readText("/proc/self/net/dev")
    .split("\n")
    .map((line) => /^\s*([^\s:]+):/.exec(line)?.[1])
    .filter((name) => name !== undefined);

test(
  "a tap lives as long as its descriptors",
  (context) => {
    const { sys } = context;
    freshNetwork(context);
    const tap = sys.openTap("tap0_kata");
    expect(names(context)).toContain("tap0_kata");
    expect(sys.read(tap, new Uint8Array(2048))).toBe(WOULD_BLOCK);
    // Nobody has brought it up.
    expect(() => sys.write(tap, new Uint8Array(100))).toThrow({ code: "EIO" });
    sys.close(tap);
    expect(names(context)).not.toContain("tap0_kata");
  },
  { needsRoot: true },
);

test(
  "a tap has several queues if all are opened for that, and can be demanded to be new",
  (context) => {
    const { sys } = context;
    freshNetwork(context);
    const first = sys.openTap("t0", { multiQueue: true, exclusive: true });
    const second = sys.openTap("t0", { multiQueue: true });
    expect(() => sys.openTap("t0", { multiQueue: true, exclusive: true })).toThrow({ code: "EBUSY", subject: "t0" });
    expect(() => sys.openTap("t0")).toThrow({ code: "EINVAL" });
    const single = sys.openTap("t1");
    expect(() => sys.openTap("t1")).toThrow({ code: "EBUSY" });
    for (const fd of [first, second, single]) sys.close(fd);
  },
  { needsRoot: true },
);

test(
  "a tap's name must be an interface's, and nobody else chooses it",
  (context) => {
    const { sys } = context;
    freshNetwork(context);
    for (const name of ["", "t%d", "a\0b", "a/b", "..", "lo"]) {
      expect(() => sys.openTap(name)).toThrow({ code: "EINVAL" });
    }
    expect(() => sys.openTap("x".repeat(16))).toThrow({ code: "ENAMETOOLONG" });
    sys.close(sys.openTap("x".repeat(15)));
  },
  { needsRoot: true },
);
