import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { autoToggle, choice, list, parsed, text, toggle } from "./flags.ts";
import { parseArguments } from "./parse.ts";
import { UsageError } from "./usage-error.ts";
import { anyText, parseInteger } from "./values.ts";

const flags = {
  interactive: toggle({ short: "i", help: "" }),
  tty: autoToggle({ short: "t", help: "" }),
  env: list(anyText, { short: "e", placeholder: "KEY=VALUE", help: "" }),
  envFile: text({ placeholder: "FILE", help: "" }),
  time: parsed(parseInteger(0, 100), { short: "T", placeholder: "SECONDS", help: "" }),
  hostname: text({ short: "h", placeholder: "NAME", help: "" }),
  pull: choice(["missing", "always", "never"], { help: "", initial: "missing" }),
};
const stop = { stopAtFirstPositional: true };
const mixed = { stopAtFirstPositional: false };

describe("parseArguments", () => {
  test("reads every way of writing a flag", () => {
    const words = "-it -e A=1 -eB=2 --env C=3 --env=D=4 --env-file f --time=5 --pull never -h web IMG".split(" ");
    expect(parseArguments(flags, words, stop)).toEqual({
      flags: {
        interactive: true,
        tty: true,
        env: ["A=1", "B=2", "C=3", "D=4"],
        envFile: "f",
        time: 5,
        hostname: "web",
        pull: "never",
      },
      positionals: ["IMG"],
      helpAsked: false,
    });
  });

  test("leaves what follows the first positional alone, when told", () => {
    expect(parseArguments(flags, ["IMG", "ls", "-i", "--", "x"], stop).positionals).toEqual([
      "IMG",
      "ls",
      "-i",
      "--",
      "x",
    ]);
    expect(parseArguments(flags, ["IMG", "--", "ls", "-l"], stop).positionals).toEqual(["IMG", "ls", "-l"]);
    const { flags: values, positionals } = parseArguments(flags, ["a", "-i", "b", "--", "-t"], mixed);
    expect(positionals).toEqual(["a", "b", "-t"]);
    expect(values.interactive).toBe(true);
    expect(values.tty).toBeUndefined();
  });

  test("takes toggles back and a value that looks like a flag", () => {
    expect(parseArguments(flags, ["--tty=false", "-i=false"], mixed).flags).toMatchObject({
      tty: false,
      interactive: false,
    });
    expect(parseArguments(flags, ["-e", "-x"], mixed).flags.env).toEqual(["-x"]);
    expect(parseArguments(flags, ["-ite", "A=1"], mixed).flags).toMatchObject({ tty: true, env: ["A=1"] });
    expect(parseArguments(flags, ["-"], mixed).positionals).toEqual(["-"]);
  });

  test("answers --help before anything is checked, and -h where it cannot mean something else", () => {
    expect(parseArguments(flags, ["--help"], mixed).helpAsked).toBe(true);
    expect(parseArguments(flags, ["-h"], mixed).helpAsked).toBe(true);
    expect(parseArguments(flags, ["-h", "web"], mixed).helpAsked).toBe(false);
    expect(parseArguments({}, ["-h", "x"], mixed).helpAsked).toBe(true);
    expect(parseArguments(flags, ["IMG", "--help"], stop)).toMatchObject({
      helpAsked: false,
      positionals: ["IMG", "--help"],
    });
  });

  test.each([
    [["--evn", "x"], "Unknown flag --evn", "did you mean --env?"],
    [["--interactiv"], "Unknown flag --interactiv", "did you mean --interactive?"],
    [["-itx"], "Unknown flag -x (in -itx)", undefined],
    [["-z"], "Unknown flag -z", undefined],
    [["--env"], "Flag --env needs a value: --env KEY=VALUE", undefined],
    [["--time", "abc"], 'Flag --time must be a whole number from 0 to 100; got "abc"', undefined],
    [["-T", "101"], 'Flag -T must be a whole number from 0 to 100; got "101"', undefined],
    [["--pull", "often"], 'Flag --pull must be one of missing, always, never; got "often"', undefined],
    [["--interactive=maybe"], 'Flag --interactive must be true or false; got "maybe"', undefined],
    [["--constructor"], "Unknown flag --constructor", undefined],
  ])("refuses %o", (words, message, hint) => {
    let thrown: unknown;
    try {
      parseArguments(flags, words, mixed);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect(thrown).toMatchObject({ message, hint });
  });

  test("never throws anything but UsageError, and loses no word after --", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (words, rest) => {
        try {
          const result = parseArguments(flags, [...words, "--", ...rest], mixed);
          if (!result.helpAsked && !words.includes("--")) {
            const tail = result.positionals.slice(result.positionals.length - rest.length);
            // A value flag at the end takes the `--` itself as its value.
            if (result.positionals.length >= rest.length && rest.length > 0) expect(tail).toEqual(rest);
          }
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
        }
      }),
    );
  });
});
