"""Runs a command on a pseudo terminal and plays a script of steps against it, for the terminal tests.

usage: terminal.py STEPS_JSON COMMAND [ARG...]

Each step is one of  {"expect": TEXT, "timeout": SECONDS}  {"send": TEXT}  {"resize": [ROWS, COLUMNS]}
With "remind": true, an expect step tells the command after each silent second that the size changed: one that does not
listen yet, as docker does not right after the start, would miss it.
Prints a JSON object: {"code": exit code, "output": everything the command wrote, "failed": the step that timed out or null}
"""
import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import time


def main() -> None:
    steps = json.loads(sys.argv[1])
    command = sys.argv[2:]
    pid, master = os.forkpty()
    if pid == 0:
        os.execvp(command[0], command)
    set_size(master, 24, 80)
    output = bytearray()
    mark = 0
    failed = None
    for step in steps:
        if "send" in step:
            os.write(master, step["send"].encode())
        elif "resize" in step:
            set_size(master, *step["resize"])
        else:
            remind = pid if step.get("remind") else None
            found = wait_for(master, output, mark, step["expect"].encode(), step.get("timeout", 60), remind)
            if found < 0:
                failed = step
                break
            mark = found
    deadline = time.monotonic() + 60
    while read_some(master, output, deadline):
        pass
    code = reap(pid, deadline)
    print(json.dumps({"code": code, "output": output.decode(errors="replace"), "failed": failed}))


def set_size(master: int, rows: int, columns: int) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def wait_for(master: int, output: bytearray, mark: int, text: bytes, timeout: float, remind: int | None) -> int:
    deadline = time.monotonic() + timeout
    while True:
        at = output.find(text, mark)
        if at >= 0:
            return at + len(text)
        until = deadline if remind is None else min(deadline, time.monotonic() + 1)
        if not read_some(master, output, until):
            # Before its time, it is the command that has ended.
            if remind is None or time.monotonic() < until or until == deadline:
                return -1
            os.kill(remind, signal.SIGWINCH)


def read_some(master: int, output: bytearray, deadline: float) -> bool:
    ready, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
    if not ready:
        return False
    try:
        chunk = os.read(master, 65536)
    except OSError:
        return False
    output += chunk
    return bool(chunk)


def reap(pid: int, deadline: float) -> int:
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -9


main()
