const maxExpressions = 256;
const maxLength = 256;

/** The operator's list of what pods may set. */
export interface Gate {
  /** Whether an expression matches, anywhere in the name, as upstream does it. */
  allows(baseName: string): boolean;
  /** Expressions that match nothing, with the rule that they break. */
  readonly problems: readonly { readonly expression: string; readonly rule: string }[];
}

/**
 * Reads `enable_annotations`. A broken expression matches nothing, so that a mistake never opens anything. Expressions are the
 * operator's, and they are only tried on the names of the catalogue: no pod can make them slow.
 */
export function openGate(expressions: readonly string[]): Gate {
  const patterns: RegExp[] = [];
  const problems: { expression: string; rule: string }[] = [];
  for (const expression of expressions.slice(0, maxExpressions)) {
    const pattern = compile(expression);
    if (typeof pattern === "string") problems.push({ expression, rule: pattern });
    else patterns.push(pattern);
  }
  const beyond = expressions[maxExpressions];
  if (beyond !== undefined) {
    problems.push({
      expression: beyond,
      rule: `must hold at most ${maxExpressions} expressions; the others match nothing`,
    });
  }
  return { allows: (baseName) => patterns.some((pattern) => pattern.test(baseName)), problems };
}

/** The compiled expression, or the rule that it breaks. */
function compile(expression: string): RegExp | string {
  if (expression === "")
    return "must not hold an empty expression: it would match every name; write .* if that is meant";
  if (expression.length > maxLength) return `must hold expressions of at most ${maxLength} characters`;
  if (/\(\?<?[=!]|\\[1-9k]/.test(expression)) return "must hold expressions without look-around and back references";
  if (repeatsRepetition(expression)) return "must hold expressions that do not repeat a group with a repetition in it";
  try {
    // Without `u`, an escape that JavaScript does not know would quietly match its letter.
    return new RegExp(expression, "u");
  } catch (error) {
    if (error instanceof SyntaxError) return "must hold valid regular expressions";
    throw error;
  }
}

/** `(a+)+` and its like take exponential time. */
function repeatsRepetition(expression: string): boolean {
  // Escapes and classes repeat nothing themselves, so one letter stands for each.
  const plain = expression.replace(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/gsu, "x").replaceAll("(?", "(");
  const groups: boolean[] = [false];
  let closed = false;
  for (const char of plain) {
    if (/[*+?{]/.test(char)) {
      if (closed && char !== "?") return true;
      groups[groups.length - 1] ||= char !== "?";
      closed = false;
    } else if (char === "(") {
      groups.push(false);
      closed = false;
    } else if (char === ")") {
      closed = groups.pop() ?? false;
      if (closed) groups[groups.length - 1] = true;
    } else closed = false;
  }
  return false;
}
