// Which function a place of a TypeScript file is in: bundles have short names for functions, and stack traces shall not.
import { readFileSync } from "node:fs";
import ts from "typescript";

/**
 * The functions of a source text, each after those it is inside of: where it begins and ends (offsets), and the name of its
 * declaration or of the variable it is the value of. "" for others, which keep their names in a bundle: methods and what is
 * the value of a property.
 */
function functionsOf(text) {
  const file = ts.createSourceFile("source.ts", text, ts.ScriptTarget.ESNext);
  const found = [];
  const visit = (node, name) => {
    if (ts.isClassLike(node)) {
      const className = node.name?.text ?? name;
      for (const member of node.members) visit(member, ts.isConstructorDeclaration(member) ? className : "");
      return;
    }
    if (ts.isFunctionLike(node)) {
      const own = ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) ? node.name?.text : undefined;
      found.push({ start: node.getStart(file), end: node.end, name: own ?? name });
    }
    const given = ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) ? node.name.text : "";
    ts.forEachChild(node, (child) => visit(child, child === node.initializer ? given : ""));
  };
  visit(file, "");
  return { found, lineStarts: file.getLineStarts() };
}

/** Reads a TypeScript file; returns the name of the innermost function at a 0-based line and column, "" when it has none. */
export function functionNames(path) {
  const { found, lineStarts } = functionsOf(readFileSync(path, "utf8"));
  return (line, column) => {
    const at = (lineStarts[line] ?? 0) + column;
    return found.findLast(({ start, end }) => start <= at && at < end)?.name ?? "";
  };
}
