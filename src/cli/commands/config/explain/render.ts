import { wrap } from "../../../../base/wrap.ts";
import { factRows } from "../../../../config/render/explain.ts";
import { printable, type Style } from "../../../output/style.ts";
import { originText, writtenValue } from "../examine.ts";
import type { Explanation } from "./handler.ts";

const columns = 100;
const labelWidth = 14;

/** Explanations for people, an empty line between them. */
export function renderExplanations(explanations: readonly Explanation[], style: Style): string {
  return explanations.map((one) => `${lines(one, style).join("\n")}\n`).join("\n");
}

function lines(explanation: Explanation, style: Style): string[] {
  if (explanation.kind === "retired") {
    return [style.heading(explanation.name), ...indented(`${capital(explanation.note)}.`)];
  }
  if (explanation.kind === "table") {
    const rows = explanation.keys.flatMap(({ key, meaning }) => [`  ${style.dim(key)}`, ...indented(meaning, 6)]);
    return [style.heading(explanation.name), ...indented(`${explanation.about}.`), "", ...rows];
  }
  const { facts, here, key } = explanation;
  const shown = [style.heading(facts.key), ...indented(`${facts.meaning}.`), ""];
  const rows = [...factRows(key, facts)];
  for (const { allowed, setting } of here) {
    rows.push(["here", `${writtenValue(setting)}  (${printable(originText(setting.origin))})`]);
    if (allowed !== null) rows.push(["pods here", allowed]);
  }
  for (const [label, text] of rows) {
    // Short texts stay as they are: a value's own spaces count.
    const room = columns - labelWidth - 4;
    (text.length <= room ? [text] : wrap(text, room)).forEach((line, index) => {
      shown.push(`  ${style.dim((index === 0 ? label : "").padEnd(labelWidth))}${line}`);
    });
  }
  return shown;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function indented(text: string, by = 2): string[] {
  return wrap(text, columns - by).map((line) => " ".repeat(by) + line);
}
