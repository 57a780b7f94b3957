import * as native from "kata:native";
import type { TerminalsPort } from "../port/terminals.ts";
import { check, checkValue } from "./check.ts";

/** The terminals part of the real Sys. */
export const linuxTerminals: TerminalsPort = {
  isTerminal: (fd) => native.isTerminal(fd) === 1,
  windowSize(fd) {
    const packed = check("ioctl TIOCGWINSZ", native.windowSize(fd));
    return { rows: Math.floor(packed / 65536), columns: packed % 65536 };
  },
  setWindowSize(fd, rows, columns) {
    check("ioctl TIOCSWINSZ", native.setWindowSize(fd, rows, columns));
  },
  makeRaw: (fd) => checkValue("tcsetattr", native.makeRaw(fd)),
  restoreTerminal(fd, state) {
    check("tcsetattr", native.restoreTerminal(fd, state));
  },
  openPty: () => checkValue("openpty", native.openPty()),
};
