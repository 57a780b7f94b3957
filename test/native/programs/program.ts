// A native program for test/integration/native-target.test.ts; each of its arguments asks for one behaviour.
import { sleep } from "../../../src/base/clock.ts";
import { runProgram } from "../../../src/sys/start.ts";
import { writeFully } from "../../../src/sys/write-fully.ts";

function fail(): never {
  throw new Error("deliberate", { cause: new RangeError("the reason") }); // line 7
}

function depth(): number {
  try {
    return 1 + depth();
  } catch {
    // The engine's own limit: an exception, not a crash.
    return 1;
  }
}

class Keeper {
  readonly #texts: string[] = [];

  constructor(text: string) {
    if (text === "") fail();
    this.#texts.push(text);
  }

  static async make(): Promise<Keeper> {
    const remake = async (text: string) => {
      await undefined;
      return new Keeper(text);
    };
    return await remake("");
  }
}

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

runProgram(
  async ({ sys, loop }) => {
    const print = (text: string) => writeFully(sys, 1, `${text}\n`);
    const [, what, ...rest] = sys.argv();
    switch (what) {
      case "echo":
        print(JSON.stringify({ argv: sys.argv(), rest }));
        return 0;
      case "exit":
        return Number(rest[0]);
      case "throw":
        return fail();
      case "throw-deep":
        await Keeper.make();
        return 0;
      case "values":
        print(String([1n << 70n, -(2n ** 64n), 0n, 1.5, -7, null, undefined, true, String.raw`\n${rest.length}é`]));
        return 0;
      case "fault":
        loop.setTimer(1, fail);
        await sleep(loop, 10);
        print("still here");
        return 0;
      case "depth":
        print(String(depth()));
        return 0;
      case "json":
        JSON.parse(nested(10_000));
        try {
          JSON.parse(nested(1_000_000));
          print("no error");
        } catch (error) {
          print(error instanceof Error ? error.name : "not an error");
        }
        return 0;
      case "lazy": {
        const { greeting } = await import("./lazy.ts");
        print(greeting);
        return 0;
      }
      default:
        return 2;
    }
  },
  { onFatal: (error) => error instanceof Error && error.message === "deliberate" },
);
