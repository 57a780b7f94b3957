import { describe, expect, test } from "vitest";
import { hypervisorTypes } from "../hypervisor-type.ts";
import { acceptValue } from "../schema/accept.ts";
import { catalog } from "../schema/catalog.ts";
import { defaultOf, type Shape } from "../schema/key.ts";
import type { TomlValue } from "../toml/value.ts";
import { configurationSchema, type JsonSchema } from "./json-schema.ts";
import { settingJson } from "./value.ts";

const schema = configurationSchema();

/** The keywords that the schema uses; an unknown one fails, so that none is quietly without effect. */
function validates(rule: JsonSchema, value: unknown): boolean {
  return Object.entries(rule).every(([keyword, expected]) => {
    switch (keyword) {
      case "$schema":
      case "$id":
      case "$defs":
      case "title":
      case "description":
      case "default":
      case "deprecated":
      case "additionalProperties":
        return true;
      case "$ref":
        return validates(resolve(String(expected)), value);
      case "type":
        return isOfType(value, String(expected));
      case "enum":
        return (expected as unknown[]).includes(value);
      case "const":
        return expected === value;
      case "anyOf":
        return (expected as JsonSchema[]).some((one) => validates(one, value));
      case "minimum":
        return Number(value) >= Number(expected);
      case "maximum":
        return Number(value) <= Number(expected);
      case "maxLength":
        return String(value).length <= Number(expected);
      case "pattern":
        return new RegExp(String(expected), "u").test(String(value));
      case "maxItems":
        return (value as unknown[]).length <= Number(expected);
      case "items":
        return (value as unknown[]).every((item) => validates(expected as JsonSchema, item));
      case "properties":
        return Object.entries(value as object).every(([name, inner]) => {
          const property = (expected as Record<string, JsonSchema>)[name];
          return property !== undefined && validates(property, inner);
        });
      default:
        throw new Error(`${keyword} is not known`);
    }
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function resolve(reference: string): JsonSchema {
  return reference
    .slice(2)
    .split("/")
    .reduce<JsonSchema>((at, part) => at[part] as JsonSchema, schema);
}

/** Values that a shape may take and may not; which of them it does is for `acceptValue` to say. */
function samples(shape: Shape): TomlValue[] {
  const common: TomlValue[] = [true, 0, 1, -1, 3, 4, 4096, "", "x", "/a", "a/b", []];
  if (shape.kind === "choice") return [...common, ...shape.choices, ...Object.keys(shape.synonyms)];
  if (shape.kind === "list") return [...common, ...samples(shape.of).map((item) => [item])];
  return common;
}

describe("configurationSchema()", () => {
  const keys = catalog.flatMap(({ path, keys }) =>
    Object.entries(keys).map(([name, key]) => ({ name: [...path, name].join("."), path, last: name, key })),
  );

  test.each(keys)("$name: takes what the key takes, and refuses what it refuses", ({ path, last, key }) => {
    const types = path[0] === "hypervisor" ? (key.hypervisors ?? hypervisorTypes) : (["qemu"] as const);
    for (const type of types) {
      const parts = [...path, last].map((part) => (part === "*" ? type : part));
      const pointer = `#/${parts.map((part) => `properties/${part}`).join("/")}`;
      const rule = resolve(pointer);
      const fallback = defaultOf(key, type, "amd64");
      if (fallback !== undefined) expect([pointer, validates(rule, settingJson(fallback))]).toEqual([pointer, true]);
      for (const sample of samples(key.shape)) {
        const accepted = acceptValue(key.shape, sample) !== undefined;
        expect([pointer, sample, validates(rule, sample)]).toEqual([pointer, sample, accepted]);
      }
    }
  });

  test("knows other names of keys and hypervisors", () => {
    expect(resolve("#/properties/hypervisor/properties/qemu/properties/seccomp_sandbox")).toEqual({
      deprecated: true,
      description: "Another name of hypervisor.NAME.seccompsandbox.",
    });
    const file = { hypervisor: { "cloud-hypervisor": { default_vcpus: 2 } }, runtime: { static_resource_mgmt: true } };
    expect(validates(schema, file)).toBe(true);
    expect(validates(schema, { hypervisor: { "cloud-hypervisor": { default_vcpus: "2" } } })).toBe(false);
    expect(validates(schema, { runtme: {} })).toBe(false);
  });

  test("knows no key of a hypervisor that does not have it", () => {
    const only = keys.find(({ key, path }) => path.length === 2 && key.hypervisors?.length === 1);
    const type = hypervisorTypes.find((one) => !only?.key.hypervisors?.includes(one)) ?? "qemu";
    const table = resolve(`#/properties/hypervisor/properties/${type}`);
    expect(table.additionalProperties).toBe(false);
    expect(Object.keys(table.properties as object)).not.toContain(only?.last);
  });
});
