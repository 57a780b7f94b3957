"""A logger of containerd's binary:// contract: descriptor 3 is the container's standard output, 4 its standard error, and
closing 5 says that both are being read. Writes each line with its stream's name to the file that the key `file` names.
"""
import os
import sys
import threading


def copy(fd: int, name: str, log, lock) -> None:
    with os.fdopen(fd, "rb") as stream:
        for line in stream:
            with lock:
                log.write(name.encode() + b" " + line)
                log.flush()


def main() -> None:
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    with open(options["file"], "ab") as log:
        log.write(f"{os.environ['CONTAINER_NAMESPACE']}/{os.environ['CONTAINER_ID']}\n".encode())
        lock = threading.Lock()
        threads = [threading.Thread(target=copy, args=(fd, name, log, lock)) for fd, name in ((3, "out"), (4, "err"))]
        for thread in threads:
            thread.start()
        os.close(5)
        for thread in threads:
            thread.join()
        log.write(b"end\n")


main()
