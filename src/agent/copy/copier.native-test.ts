import { expect, type TestContext, test } from "../../../test/native/runner.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { Copier } from "./copier.ts";
import type { CopyPlan } from "./plan.ts";

const common = { dirMode: 0o755, uid: -1, gid: -1 };

function setUp({ sys, tempDir }: TestContext) {
  const root = tempDir();
  const copier = new Copier(sys, root);
  const file = (path: string, text: string, fields: Partial<CopyPlan> = {}) =>
    copier.copy({
      ...common,
      kind: "file",
      path: `${root}/${path}`,
      mode: 0o644,
      offset: 0,
      data: utf8Encode(text),
      complete: true,
      ...fields,
    } as CopyPlan);
  return { sys, root, copier, file };
}

const codeOf = (work: () => void): string => {
  try {
    work();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("agent copy: writes parts, then renames with mode", (context) => {
  const { sys, root, file } = setUp(context);
  file("a/b/f", "hello ", { complete: false });
  expect(sys.exists(`${root}/a/b/f`)).toBe(false);
  file("a/b/f", "world", { offset: 6, mode: 0o600 } as Partial<CopyPlan>);
  expect(sys.readText(`${root}/a/b/f`)).toBe("hello world");
  expect(sys.stat(`${root}/a/b/f`).mode).toBe(0o600);
  expect(sys.readDir(`${root}/a/b`).map(({ name }) => name)).toEqual(["f"]);
});

test("agent copy: a new first part replaces what an interrupted copy left", (context) => {
  const { sys, root, file } = setUp(context);
  file("f", "interrupted", { complete: false });
  file("f", "new");
  expect(sys.readText(`${root}/f`)).toBe("new");
});

test("agent copy: gaps are refused", (context) => {
  const { file } = setUp(context);
  file("f", "ab", { complete: false });
  expect(codeOf(() => file("f", "x", { offset: 5 } as Partial<CopyPlan>))).toBe("out-of-range");
  expect(codeOf(() => file("g", "x", { offset: 5 } as Partial<CopyPlan>))).toBe("ENOENT");
});

test("agent copy: links are made, replaced and never followed", (context) => {
  const { sys, root, copier, file } = setUp(context);
  const outside = context.tempDir();
  const link = (path: string, target: string) =>
    copier.copy({ ...common, kind: "symlink", path: `${root}/${path}`, target });
  link("d/l", "one");
  link("d/l", "two");
  expect(sys.readLink(`${root}/d/l`)).toBe("two");
  sys.symlink(outside, `${root}/d/out`);
  expect(codeOf(() => file("d/out/f", "x"))).toBe("invalid-argument");
  sys.symlink(`${outside}/target`, `${root}/d/f`);
  sys.symlink(`${outside}/target`, `${root}/d/f.tmp`);
  file("d/f", "inside");
  expect(sys.lstat(`${root}/d/f`).kind).toBe("file");
  expect(sys.readDir(outside)).toEqual([]);
});

test("agent copy: a directory keeps what is in it and takes the mode", (context) => {
  const { sys, root, copier, file } = setUp(context);
  file("d/f", "x");
  copier.copy({ ...common, kind: "directory", path: `${root}/d`, mode: 0o2770 });
  expect(sys.stat(`${root}/d`).mode).toBe(0o2770);
  expect(sys.readText(`${root}/d/f`)).toBe("x");
});
