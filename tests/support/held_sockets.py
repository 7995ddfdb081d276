"""Starts the service as systemd does for a socket unit: with the sockets held open."""

import os
import sys

from lookup.listeners import FIRST_FD


def main():
    """Become the service; the words are the numbers of the sockets."""
    held = [*map(int, sys.argv[1:])]
    for place, fd in enumerate(held, FIRST_FD):
        os.dup2(fd, place)
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(held))}
    command = [sys.executable, "-m", "lookup", "serve"]
    os.execv(command[0], command)  # noqa: S606 - it becomes the service


if __name__ == "__main__":
    main()
