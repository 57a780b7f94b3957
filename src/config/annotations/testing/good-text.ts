import type { Shape } from "../../schema/key.ts";

/** Texts that a pattern of the catalogue may want. */
const goodTexts = ["pmu=off", "0-1", "root_hash=ab,salt=cd", "eTF=", "word"];

/** A value that the key's own rule accepts, as a pod would write it. */
export function goodText(shape: Shape): string {
  switch (shape.kind) {
    case "flag":
      return "true";
    case "integer":
      return String(shape.powerOfTwo === true ? 1n << BigInt(shape.min.toString(2).length) : shape.min);
    case "decimal":
      return "1.5";
    case "text":
      return goodTexts.find((text) => shape.pattern?.test(text) ?? true) ?? "";
    case "path":
      return "/opt/pods/file";
    case "choice":
      return shape.choices.at(-1) ?? "";
    case "list":
      return JSON.stringify([goodText(shape.of)]);
    case "tables":
      return "[]";
  }
}
