import { readFileSync } from "node:fs";

/** A field as peers know it; absent `jsonName` means it equals `name`. Maps have the type "map<key,value>". */
export interface ApiField {
  name: string;
  number: number;
  type: string;
  jsonName?: string;
  repeated?: true;
  optional?: true;
  oneof?: string;
}

/** An RPC as peers know it. */
export interface ApiMethod {
  name: string;
  input: string;
  output: string;
  clientStreaming?: true;
  serverStreaming?: true;
}

/** A protocol reduced to what is visible on the wire, keyed by fully qualified names. */
export interface Api {
  services: Record<string, ApiMethod[]>;
  messages: Record<string, ApiField[]>;
  enums: Record<string, Record<string, number>>;
}

/** The API that upstream's peers speak, as recorded in the fixture. */
export function loadExpectedApi(): Api {
  return JSON.parse(readFileSync(new URL("fixtures/api.json", import.meta.url), "utf8"));
}

type Entry = Record<string, unknown>;

/** Lists every difference between two APIs, in both directions, one readable line each; empty means equal. */
export function compareApis(expected: Api, actual: Api): string[] {
  const differences: string[] = [];
  const byName = (entries: object[]) =>
    Object.fromEntries(entries.map((e) => [(e as { name: string }).name, e as Entry]));

  function compareMembers(owner: string, kind: string, want: Record<string, Entry>, have: Record<string, Entry>): void {
    for (const [name, entry] of Object.entries(want)) {
      const other = have[name];
      if (!other) {
        differences.push(`${owner}: ${kind} "${name}" is missing (${describe(entry)})`);
        continue;
      }
      for (const key of new Set([...Object.keys(entry), ...Object.keys(other)])) {
        if (entry[key] === other[key]) continue;
        differences.push(`${owner}.${name}: ${key} must be ${show(entry[key])}, got ${show(other[key])}`);
      }
    }
    for (const name of Object.keys(have)) {
      if (!(name in want)) differences.push(`${owner}: ${kind} "${name}" is not part of the API`);
    }
  }

  function compareOwners<T>(kind: string, want: Record<string, T>, have: Record<string, T>, members: Members<T>): void {
    for (const [name, entry] of Object.entries(want)) {
      const other = have[name];
      if (other === undefined) differences.push(`${kind} ${name} is missing`);
      else compareMembers(name, members.kind, members.of(entry), members.of(other));
    }
    for (const name of Object.keys(have)) {
      if (!(name in want)) differences.push(`${kind} ${name} is not part of the API`);
    }
  }

  compareOwners("service", expected.services, actual.services, { kind: "method", of: byName });
  compareOwners("message", expected.messages, actual.messages, { kind: "field", of: byName });
  compareOwners("enum", expected.enums, actual.enums, {
    kind: "value",
    of: (values) => Object.fromEntries(Object.entries(values).map(([name, number]) => [name, { name, number }])),
  });
  return differences;
}

interface Members<T> {
  kind: string;
  of(entry: T): Record<string, Entry>;
}

const show = (value: unknown) => (value === undefined ? "absent" : JSON.stringify(value));
const describe = (entry: Entry) =>
  Object.entries(entry)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(" ");
