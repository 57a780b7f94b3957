// Takes out of the engine's bytecode what a program would keep in memory and never use.
import { leb, thinLines } from "./thin-lines.mjs";

/** The version of the format, the first byte: another engine may have another format. */
const VERSION = 4;
const tags = {
  null: 1,
  undefined: 2,
  false: 3,
  true: 4,
  int32: 5,
  float64: 6,
  string: 7,
  array: 9,
  bigInt: 10,
  template: 11,
  function: 12,
  module: 13,
};
const EXPORT_LOCAL = 0;
const HAS_DEBUG = 1 << 10;

/**
 * Bytecode as JS_WriteObject gives it (quickjs.c), without the names and scopes of local variables, without the names of
 * variables that functions capture, and with fewer positions (see thinLines). `eval` and a few messages would use the former;
 * the engine leaves them out too when it strips, but then there are no lines, and `import()` does not work.
 * Throws Error for what it does not know.
 */
export function slimBytecode(bytes, place) {
  const slimmer = new Slimmer(bytes, place);
  slimmer.all();
  return Buffer.concat(slimmer.kept);
}

class Slimmer {
  kept = [];
  #bytes;
  #place;
  #at = 0;
  #from = 0;

  constructor(bytes, place) {
    this.#bytes = bytes;
    this.#place = place;
  }

  all() {
    const version = this.#byte();
    if (version !== VERSION) throw new Error(`bytecode of version ${version}, not ${VERSION}`);
    for (let atoms = this.#number(); atoms > 0; atoms--) this.#text();
    this.#value();
    if (this.#at !== this.#bytes.length) throw new Error("bytecode goes on after its end");
    this.#keep();
  }

  #value() {
    const tag = this.#byte();
    switch (tag) {
      case tags.null:
      case tags.undefined:
      case tags.false:
      case tags.true:
        return;
      case tags.int32:
        this.#number();
        return;
      case tags.float64:
        this.#skip(8);
        return;
      case tags.string:
        this.#text();
        return;
      case tags.bigInt:
        this.#skip(this.#number());
        return;
      case tags.array:
      case tags.template:
        // A template ends with the array of its raw texts.
        for (let count = this.#number() + (tag === tags.template ? 1 : 0); count > 0; count--) this.#value();
        return;
      case tags.function:
        this.#function();
        return;
      case tags.module:
        this.#module();
        return;
      default:
        throw new Error(`bytecode with a value of kind ${tag}`);
    }
  }

  #module() {
    this.#number();
    for (let modules = this.#number(); modules > 0; modules--) this.#number();
    for (let exports = this.#number(); exports > 0; exports--) {
      const numbers = this.#byte() === EXPORT_LOCAL ? 2 : 3;
      this.#numbers(numbers);
    }
    for (let stars = this.#number(); stars > 0; stars--) this.#number();
    for (let imports = this.#number(); imports > 0; imports--) this.#numbers(3);
    this.#byte();
    this.#value();
  }

  #function() {
    const flags = this.#byte() | (this.#byte() << 8);
    this.#byte();
    // Name, arguments, variables, arguments without default, stack.
    this.#numbers(5);
    const [captured, constants, length] = [this.#number(), this.#number(), this.#number()];
    this.#keep();
    for (let locals = this.#number(); locals > 0; locals--) {
      this.#numbers(3);
      this.#byte();
    }
    this.#replace(0);
    for (let count = captured; count > 0; count--) {
      this.#keep();
      this.#number();
      this.#replace(0);
      this.#number();
      this.#byte();
    }
    this.#skip(length);
    if (flags & HAS_DEBUG) {
      this.#number();
      this.#keep();
      const table = this.#take(this.#number());
      const thin = thinLines(table, this.#place);
      this.#replace(...leb(thin.length), ...thin);
      this.#skip(this.#number());
    }
    for (let count = constants; count > 0; count--) this.#value();
  }

  /** Keeps what was read since the last call. */
  #keep() {
    this.kept.push(this.#bytes.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }

  /** Puts bytes in the place of what was read since `keep`. */
  #replace(...bytes) {
    this.kept.push(Buffer.from(bytes));
    this.#from = this.#at;
  }

  #skip(count) {
    this.#at += count;
  }

  #take(count) {
    this.#skip(count);
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #byte() {
    if (this.#at >= this.#bytes.length) throw new Error("bytecode ends early");
    return this.#bytes[this.#at++];
  }

  /** LEB128; enough for signed ones, whose value does not matter here. */
  #number() {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  #numbers(count) {
    for (let left = count; left > 0; left--) this.#number();
  }

  #text() {
    const length = this.#number();
    this.#skip(length % 2 === 0 ? length / 2 : length - 1);
  }
}
