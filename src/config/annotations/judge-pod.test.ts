import { describe, expect, test } from "vitest";
import { examined, linesOf } from "../testing/examined.ts";

const prefix = "io.katacontainers.config.hypervisor.";
const lists = 'enable_annotations = ["^(image|initrd)$"]\nvalid_image_paths = ["/images/*"]\n';

/** What the guest boots into, and what is told. */
function root(keys: string, annotations: Readonly<Record<string, string>>) {
  const named = Object.fromEntries(Object.entries(annotations).map(([name, value]) => [prefix + name, value]));
  const { settings, findings } = examined(`[hypervisor.qemu]\n${keys}${lists}`, { annotations: named });
  const value = (name: string) => settings.list.find(({ path }) => path === `hypervisor.qemu.${name}`)?.value;
  return {
    image: value("image"),
    initrd: value("initrd"),
    errors: linesOf(findings).filter((line) => /^error/.test(line)),
  };
}

describe("a pod's image or initrd", () => {
  test.each([
    ['initrd = "/i"\n', { image: "/images/a" }, { image: "/images/a", initrd: "" }],
    ['image = "/i"\n', { initrd: "/images/a" }, { image: "", initrd: "/images/a" }],
    ['image = "/i"\n', { image: "/images/a" }, { image: "/images/a", initrd: "" }],
    ['initrd = "/i"\n', {}, { image: "", initrd: "/i" }],
  ])("over %j: %j", (keys, annotations, expected) => {
    expect(root(keys, annotations)).toEqual({ ...expected, errors: [] });
  });

  test("hides nothing when it is refused", () => {
    const { initrd, errors } = root('initrd = "/i"\n', { image: "/elsewhere/a" });
    expect(initrd).toBe("/i");
    expect(errors).toEqual([expect.stringContaining(`annotation ${prefix}image  hypervisor.qemu.image: `)]);
  });

  test("is one of the two", () => {
    const { errors } = root('initrd = "/i"\n', { image: "/images/a", initrd: "/images/b" });
    expect(errors).toEqual([expect.stringContaining('excludes initrd, which is "/images/b"')]);
  });
});
