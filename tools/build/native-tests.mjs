// Builds the tests that need a real Linux into one native program and runs it.
// Usage: node tools/build/native-tests.mjs [--sanitize] [--build-only] [--file PART]... [-- ARGUMENTS]
//
//   --sanitize     bridge under AddressSanitizer and UndefinedBehaviorSanitizer, linked dynamically
//   --build-only   leave the program at out/test/native-tests (or native-tests-sanitize) and do not run it
//   --file PART    only test files whose path contains PART; repeatable
//   -- ARGUMENTS   for the program: -v, --list, parts of test names
import { main } from "./paths.mjs";
import { runNativeTests } from "./test-program.mjs";

await main((argv) => runNativeTests(argv, { suffix: ".native-test.ts", name: "native-tests", sanitize: false }));
