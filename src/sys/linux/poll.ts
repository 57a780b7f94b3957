import * as native from "kata:native";
import type { PollPort } from "../port/poll.ts";
import { check, EAGAIN } from "./check.ts";

/** The poll part of the real Sys. */
export const linuxPoll: PollPort = {
  pollCreate: () => check("epoll_create", native.pollCreate()),
  pollAdd(poll, fd, events, token) {
    check("epoll_ctl", native.pollAdd(poll, fd, events, token), `descriptor ${fd}`);
  },
  pollModify(poll, fd, events, token) {
    check("epoll_ctl", native.pollModify(poll, fd, events, token), `descriptor ${fd}`);
  },
  pollRemove(poll, fd) {
    check("epoll_ctl", native.pollRemove(poll, fd), `descriptor ${fd}`);
  },
  pollWait: (poll, out, timeoutMs) => check("epoll_wait", native.pollWait(poll, out, timeoutMs)),
  signalFd: (signals) => check("signalfd", native.signalFd(signals)),
  releaseSignals(signals) {
    check("sigprocmask", native.releaseSignals(signals));
  },
  readSignal(fd) {
    const packed = native.readSignal(fd);
    if (packed === -EAGAIN) return undefined;
    check("read", packed, "signalfd");
    return { signal: packed % 128, pid: Math.floor(packed / 128) };
  },
};
