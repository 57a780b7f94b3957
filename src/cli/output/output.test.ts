import { describe, expect, test } from "vitest";
import { chooseStyle, colourStyle, plainStyle, printable } from "./style.ts";
import { renderTable } from "./table.ts";
import { fillTemplate, parseFormat } from "./template.ts";
import { formatSpan } from "./units.ts";

test("renderTable aligns columns and shows no control characters", () => {
  expect(
    renderTable(
      ["ID", "NAME"],
      [
        ["a", "long name"],
        ["abcdef", "x\u001b[1m"],
      ],
    ),
  ).toBe("ID       NAME\na        long name\nabcdef   x\\x1b[1m\n");
});

describe("chooseStyle", () => {
  const terminal = { terminal: true, noColor: undefined, term: "xterm" };
  test.each([
    ["auto", terminal, colourStyle],
    ["auto", { ...terminal, terminal: false }, plainStyle],
    ["auto", { ...terminal, noColor: "1" }, plainStyle],
    ["auto", { ...terminal, noColor: "" }, colourStyle],
    ["auto", { ...terminal, term: "dumb" }, plainStyle],
    ["always", { ...terminal, terminal: false, noColor: "1" }, colourStyle],
    ["never", terminal, plainStyle],
  ] as const)("%s with %o", (choice, facts, expected) => {
    expect(chooseStyle(choice, facts)).toBe(expected);
  });
});

test("printable keeps letters, tabs and line ends", () => {
  expect(printable("grün\t\n\u0000\u007f\u009b")).toBe("grün\t\n\\x00\\x7f\\x9b");
});

test.each([
  [0, "Less than a second"],
  [999, "Less than a second"],
  [1000, "1 second"],
  [59_999, "59 seconds"],
  [60_000, "1 minute"],
  [3_600_000, "1 hour"],
  [47 * 3_600_000, "1 day"],
  [13 * 86_400_000, "13 days"],
  [14 * 86_400_000, "2 weeks"],
  [800 * 86_400_000, "2 years"],
])("formatSpan(%i) is %s", (milliseconds, expected) => {
  expect(formatSpan(milliseconds)).toBe(expected);
});

describe("fillTemplate", () => {
  const row = { id: "abc", state: { exitCode: 3 }, labels: { a: "b" } };
  test.each([
    ["{{.ID}}", "abc"],
    ["{{ .State.ExitCode }}\\t{{.id}}", "3\tabc"],
    ["{{json .Labels}}", '{"a":"b"}'],
    ["{{.labels}}", '{"a":"b"}'],
    ["{{json .}}", JSON.stringify(row)],
    ["plain", "plain"],
  ])("%s", (template, expected) => {
    expect(fillTemplate(template, row)).toBe(expected);
  });

  test("names the fields that exist when one does not", () => {
    expect(() => fillTemplate("{{.Nmae}}", row)).toThrow(/Nmae/);
    expect(() => fillTemplate("{{range .}}", row)).toThrow(/is not/);
    expect(() => fillTemplate("{{.constructor}}", row)).toThrow(/does not exist/);
  });
});

test("parseFormat accepts table, json and templates only", () => {
  expect(parseFormat("json")).toEqual({ kind: "json" });
  expect(parseFormat("{{.ID}}")).toEqual({ kind: "template", text: "{{.ID}}" });
  expect(() => parseFormat("xml")).toThrow(/table, json/);
});
