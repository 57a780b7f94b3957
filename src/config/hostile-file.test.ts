import { describe, expect, test } from "vitest";
import { toldOf } from "./testing/examined.ts";

const qemu = '[hypervisor.qemu]\ninitrd = "/i"\n';

describe("a hostile file", () => {
  const mib = 1024 * 1024 - 200;
  const fill = (piece: (index: number) => string) => {
    const pieces: string[] = [];
    for (let size = 0; size < mib - 60; ) size += pieces[pieces.push(piece(pieces.length)) - 1]?.length ?? 0;
    return pieces.join("");
  };
  test.each([
    ["unknown keys", `${qemu}${fill((index) => `defaul${index} = 1\n`)}`, 201],
    ["unknown tables", fill((index) => `[runtim${index}]\n`), 202],
    ["unknown hypervisors", fill((index) => `[hypervisor.qem${index}]\n`), 201],
    ["tables of an array", `${qemu}${fill(() => "[[runtime.shared_mounts]]\nnmae = 1\n")}`, 201],
    ["mistakes of syntax", "=\n".repeat(mib / 2), 101],
    ["a long name", `${qemu}${"a".repeat(mib - 100)} = 1\n`, 1],
    ["a long value", `${qemu}kernel = "${"a".repeat(mib - 100)}"\n`, 1],
    ["a long list", `${qemu}enable_annotations = [${'"a",'.repeat(mib / 4 - 100)}]\n`, 1],
    ["a deep list", `${qemu}kernel = ${"[".repeat(mib - 100)}`, 1],
    ["a deep name", `${qemu}${"a.".repeat(mib / 2 - 100)}a = 1\n`, 1],
    ["inline tables", `${qemu}a = ${"{a=".repeat(mib / 3 - 100)}`, 1],
  ])("of 1 MiB with %s is told of soon and shortly", (_what, text, count) => {
    const before = performance.now();
    const lines = toldOf(text);
    expect(performance.now() - before).toBeLessThan(1500);
    expect(lines).toHaveLength(count);
    expect(lines.every((line) => line.length < 400)).toBe(true);
  });

  test("with more problems than anybody reads still stops a start", () => {
    const text = `${qemu}${Array.from({ length: 300 }, (_, index) => `x${index} = 1\n`).join("")}kernel = 1\n`;
    expect(toldOf(text).at(-1)).toBe(
      "error main.toml  has 101 more problems, which are not listed; the worst is an error",
    );
  });
});
