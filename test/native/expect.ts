import { equal, Matcher, show } from "./equal.ts";

/** A failed expectation. */
export class ExpectationError extends Error {
  override name = "ExpectationError";
}

type ErrorClass = abstract new (...args: never[]) => unknown;

/** What a thrown value is compared with: part of its message, a pattern, a class, or properties that it must have. */
export type ThrownPattern = string | RegExp | ErrorClass | object;

/** The matchers of one value, a useful part of those of vitest's `expect`. */
export class Expectation {
  private readonly value: unknown;
  private readonly negated: boolean;

  constructor(value: unknown, negated = false) {
    this.value = value;
    this.negated = negated;
  }

  get not(): Expectation {
    return new Expectation(this.value, !this.negated);
  }

  /** Expectations about the value that a promise resolves with. */
  get resolves(): AsyncExpectation {
    return new AsyncExpectation(Promise.resolve(this.value), this.negated);
  }

  /** Expectations about the reason that a promise rejects with. */
  get rejects(): AsyncExpectation {
    const reason = Promise.resolve(this.value).then(
      (value) => {
        throw new ExpectationError(`expected a rejection, but it resolved with ${show(value)}`);
      },
      (error: unknown) => error,
    );
    return new AsyncExpectation(reason, this.negated);
  }

  toBe(expected: unknown): void {
    this.check(Object.is(this.value, expected), `to be ${show(expected)}`);
  }
  toEqual(expected: unknown): void {
    this.check(equal(this.value, expected), `to equal ${show(expected)}`);
  }
  toStrictEqual(expected: unknown): void {
    this.toEqual(expected);
  }
  toMatchObject(expected: object): void {
    this.check(equal(this.value, expected, true), `to match ${show(expected)}`);
  }
  toBeUndefined(): void {
    this.toBe(undefined);
  }
  toBeDefined(): void {
    this.check(this.value !== undefined, "to be defined");
  }
  toBeNull(): void {
    this.toBe(null);
  }
  toBeTruthy(): void {
    this.check(Boolean(this.value), "to be truthy");
  }
  toBeFalsy(): void {
    this.check(!this.value, "to be falsy");
  }
  toBeGreaterThan(bound: number | bigint): void {
    this.check((this.value as number) > bound, `to be greater than ${bound}`);
  }
  toBeGreaterThanOrEqual(bound: number | bigint): void {
    this.check((this.value as number) >= bound, `to be at least ${bound}`);
  }
  toBeLessThan(bound: number | bigint): void {
    this.check((this.value as number) < bound, `to be less than ${bound}`);
  }
  toBeLessThanOrEqual(bound: number | bigint): void {
    this.check((this.value as number) <= bound, `to be at most ${bound}`);
  }
  toHaveLength(length: number): void {
    this.check((this.value as { length?: unknown } | undefined)?.length === length, `to have length ${length}`);
  }
  toBeInstanceOf(type: ErrorClass): void {
    this.check(this.value instanceof type, `to be a ${type.name}`);
  }
  toContain(item: unknown): void {
    const { value } = this;
    const found =
      typeof value === "string"
        ? typeof item === "string" && value.includes(item)
        : [...(value as Iterable<unknown>)].includes(item);
    this.check(found, `to contain ${show(item)}`);
  }
  toContainEqual(item: unknown): void {
    this.check(
      [...(this.value as Iterable<unknown>)].some((other) => equal(other, item)),
      `to contain ${show(item)}`,
    );
  }
  toMatch(pattern: RegExp | string): void {
    const text = String(this.value);
    this.check(typeof pattern === "string" ? text.includes(pattern) : pattern.test(text), `to match ${pattern}`);
  }

  /** The value is a function that throws, or, after `rejects`, the reason itself. */
  toThrow(pattern?: ThrownPattern): void {
    if (typeof this.value !== "function") {
      this.check(fits(this.value, pattern), `to be thrown as ${show(pattern)}`);
      return;
    }
    try {
      this.value();
    } catch (error) {
      const wanted = `to throw${pattern === undefined ? "" : ` ${show(pattern)}`}, it threw ${show(error)}`;
      this.check(fits(error, pattern), wanted);
      return;
    }
    this.check(false, "to throw");
  }

  private check(passed: boolean, wanted: string): void {
    if (passed !== this.negated) return;
    throw new ExpectationError(`expected ${show(this.value)} ${this.negated ? "not " : ""}${wanted}`);
  }
}

function fits(error: unknown, pattern: ThrownPattern | undefined): boolean {
  if (pattern === undefined) return true;
  if (typeof pattern === "function") return error instanceof pattern;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof pattern === "string") return message.includes(pattern);
  if (pattern instanceof RegExp) return pattern.test(message);
  return equal(error, pattern, true);
}

type MatcherName = Exclude<keyof Expectation, "not" | "resolves" | "rejects">;

/** The same matchers on a promise's outcome; each returns a promise. */
export class AsyncExpectation {
  private readonly outcome: Promise<unknown>;
  private readonly negated: boolean;

  constructor(outcome: Promise<unknown>, negated: boolean) {
    this.outcome = outcome;
    this.negated = negated;
  }

  get not(): AsyncExpectation {
    return new AsyncExpectation(this.outcome, !this.negated);
  }
  toBe(expected: unknown): Promise<void> {
    return this.apply("toBe", expected);
  }
  toEqual(expected: unknown): Promise<void> {
    return this.apply("toEqual", expected);
  }
  toMatchObject(expected: object): Promise<void> {
    return this.apply("toMatchObject", expected);
  }
  toBeUndefined(): Promise<void> {
    return this.apply("toBe", undefined);
  }
  toBeInstanceOf(type: ErrorClass): Promise<void> {
    return this.apply("toBeInstanceOf", type);
  }
  toThrow(pattern?: ThrownPattern): Promise<void> {
    return this.apply("toThrow", pattern);
  }

  private async apply(matcher: MatcherName, argument: unknown): Promise<void> {
    const expectation = new Expectation(await this.outcome, this.negated);
    (expectation[matcher] as (argument: unknown) => void).call(expectation, argument);
  }
}

/** Starts an expectation. */
function expectValue(value: unknown): Expectation {
  return new Expectation(value);
}

/** Starts an expectation; also the home of values that stand for others. */
export const expect = Object.assign(expectValue, {
  any: (type: ErrorClass | NumberConstructor | StringConstructor) =>
    new Matcher(`any ${type.name}`, (value) => {
      const named = typeof value === type.name.toLowerCase();
      return named || value instanceof (type as ErrorClass);
    }),
  stringMatching: (pattern: RegExp) =>
    new Matcher(`a text like ${pattern}`, (value) => typeof value === "string" && pattern.test(value)),
  stringContaining: (part: string) =>
    new Matcher(`a text with ${show(part)}`, (value) => typeof value === "string" && value.includes(part)),
  objectContaining: (part: object) => new Matcher(`an object with ${show(part)}`, (value) => equal(value, part, true)),
});
