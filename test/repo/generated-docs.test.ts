import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { documentationFiles } from "../../src/config/render/generated.ts";

const docs = path.resolve(import.meta.dirname, "../../docs");

describe("the pages of docs/ that are made from the source", () => {
  test.each(documentationFiles())("$name is up to date: `npm run docs` writes it", ({ name, text }) => {
    expect(readFileSync(path.join(docs, name), "utf8")).toBe(text);
  });

  test.each(documentationFiles())("$name is of a sane size", ({ text }) => {
    expect(text.length).toBeGreaterThan(10_000);
    expect(text.length).toBeLessThan(100_000);
  });
});
