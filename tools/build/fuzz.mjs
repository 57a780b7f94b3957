// Calls everything that takes hostile input with random arguments, under sanitizers, for a bounded time.
// Usage: node tools/build/fuzz.mjs [-- ARGUMENTS], as native-tests.mjs. The environment steers a run:
//
//   FUZZ_SEED=N    repeat a failure; its message names the seed
//   FUZZ_MS=N      how long each fuzzer runs, 8000 unless said otherwise
//   FUZZ_TRACE=1   print each call before it is made
import { main } from "./paths.mjs";
import { runNativeTests } from "./test-program.mjs";

await main((argv) => runNativeTests(argv, { suffix: ".native-fuzz.ts", name: "fuzz", sanitize: true }));
