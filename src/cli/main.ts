import { runProgram } from "../sys/start.ts";
import { runApp } from "./app.ts";

runProgram(({ sys, loop }) => runApp({ sys, loop }, sys.argv()));
