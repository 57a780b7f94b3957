import { type HypervisorType, hypervisorTypes, hypervisorTypesByName } from "../hypervisor-type.ts";
import { aliases } from "../schema/aliases.ts";
import { catalog, keysOfTable } from "../schema/catalog.ts";
import { defaultOf, type Key, type Keys, type Shape } from "../schema/key.ts";
import { pathText } from "./explain.ts";
import { settingJson } from "./value.ts";
import { isFor, limitTexts } from "./words.ts";

/** A JSON Schema, as far as it is used here. */
export type JsonSchema = { [keyword: string]: unknown };

/** Only an identifier: nothing is there. */
const schemaId = "urn:kata-ts:configuration";

/**
 * JSON Schema (draft 2020-12) of configuration files, for editors: types, bounds, words with their other spellings, meanings,
 * defaults of amd64. Rules between keys are not in it.
 */
export function configurationSchema(): JsonSchema {
  const builder = new SchemaBuilder();
  const root = objectSchema({});
  for (const { path, about, keys } of catalog) {
    for (const { parts, hypervisor } of placesOf(path)) {
      const table = descend(root, parts);
      table.description = `${about}.`;
      Object.assign(propertiesOf(table), builder.properties(path, keys, hypervisor));
    }
  }
  addAliases(root);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaId,
    title: "Configuration of kata-ts",
    ...root,
    $defs: builder.definitions,
  };
}

/** Other names, which are read as well; editors show them as deprecated. */
function addAliases(root: JsonSchema): void {
  for (const { from, to } of aliases) {
    for (const { parts, hypervisor } of placesOf(from)) {
      const key = keysOfTable(to.slice(0, -1))?.[to.at(-1) ?? ""];
      if (hypervisor !== undefined && key !== undefined && !isFor(key, hypervisor)) continue;
      const description = `Another name of ${pathText(to)}.`;
      propertiesOf(descend(root, parts.slice(0, -1)))[parts.at(-1) ?? ""] = { deprecated: true, description };
    }
  }
  const hypervisors = propertiesOf(descend(root, ["hypervisor"]));
  for (const [name, type] of hypervisorTypesByName) {
    if (name !== type) hypervisors[name] = { $ref: `#/properties/hypervisor/properties/${type}` };
  }
}

/** Keeps what is said of a key in one place, as most hypervisors have most keys. */
class SchemaBuilder {
  readonly definitions: Record<string, JsonSchema> = {};

  properties(table: readonly string[], keys: Keys, hypervisor: HypervisorType | undefined): Record<string, JsonSchema> {
    const properties: Record<string, JsonSchema> = {};
    for (const [name, key] of Object.entries(keys)) {
      if (hypervisor !== undefined && !isFor(key, hypervisor)) continue;
      const schema = keySchema(key);
      if (hypervisor === undefined) {
        properties[name] = schema;
        continue;
      }
      const definition = [...table.slice(2), name].join(".");
      this.definitions[definition] = schema;
      const special = defaultOf(key, hypervisor, "amd64");
      properties[name] = {
        $ref: `#/$defs/${definition}`,
        ...(special === key.fallback ? {} : { default: settingJson(special) }),
      };
    }
    return properties;
  }
}

function keySchema(key: Key): JsonSchema {
  const sentences = [key.meaning, ...(key.unit === undefined ? [] : [`Unit: ${key.unit}`]), ...limitTexts(key)];
  return {
    ...shapeSchema(key.shape),
    description: sentences.map((sentence) => `${sentence}.`).join(" "),
    ...(key.fallback === undefined ? {} : { default: settingJson(key.fallback) }),
  };
}

function shapeSchema(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case "flag":
      return { type: "boolean" };
    case "integer":
      return integerSchema(shape);
    case "decimal":
      return {
        type: "number",
        ...(Number.isFinite(shape.min) ? { minimum: shape.min } : {}),
        ...(Number.isFinite(shape.max) ? { maximum: shape.max } : {}),
      };
    case "text":
      return {
        type: "string",
        maxLength: shape.maxLength,
        ...(shape.pattern === undefined ? {} : { pattern: shape.pattern.source }),
      };
    case "path":
      return { type: "string", pattern: shape.optional ? "^(/|$)" : "^/" };
    case "choice":
      return { enum: [...shape.choices, ...Object.keys(shape.synonyms)] };
    case "list":
      return { type: "array", items: shapeSchema(shape.of), maxItems: shape.maxItems };
    case "tables": {
      const items = objectSchema({});
      for (const [name, key] of Object.entries(shape.keys)) propertiesOf(items)[name] = keySchema(key);
      return { type: "array", items, maxItems: shape.maxItems };
    }
  }
}

/** Bounds that a double cannot hold are left out: readers of JSON would round them. */
function integerSchema({ min, max, orZero = false, powerOfTwo = false }: Shape & { kind: "integer" }): JsonSchema {
  const lowest = Number(min);
  const highest = Number(max);
  if (powerOfTwo && Number.isSafeInteger(highest)) {
    return { type: "integer", enum: [...(orZero || lowest <= 0 ? [0] : []), ...powersOfTwo(lowest, highest)] };
  }
  const bounds = {
    ...(Number.isSafeInteger(lowest) ? { minimum: lowest } : {}),
    ...(highest < Number.MAX_SAFE_INTEGER ? { maximum: highest } : {}),
  };
  return orZero ? { type: "integer", anyOf: [{ const: 0 }, bounds] } : { type: "integer", ...bounds };
}

function powersOfTwo(min: number, max: number): number[] {
  const powers: number[] = [];
  for (let power = 1; power <= max; power *= 2) if (power >= min) powers.push(power);
  return powers;
}

function placesOf(path: readonly string[]): { parts: readonly string[]; hypervisor: HypervisorType | undefined }[] {
  if (path[0] !== "hypervisor") return [{ parts: path, hypervisor: undefined }];
  return hypervisorTypes.map((hypervisor) => ({ parts: ["hypervisor", hypervisor, ...path.slice(2)], hypervisor }));
}

function objectSchema(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: "object", additionalProperties: false, properties };
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return schema.properties as Record<string, JsonSchema>;
}

function descend(root: JsonSchema, path: readonly string[]): JsonSchema {
  let at = root;
  for (const part of path) {
    const properties = propertiesOf(at);
    const next = properties[part] ?? objectSchema({});
    properties[part] = next;
    at = next;
  }
  return at;
}
