#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""handover.py PORT PID TERM|KILL: eight clients pay at the port; meanwhile that process is stopped."""

import http.client
import os
import signal
import sys
import threading
import time

CLIENTS, ACCOUNTS, BEFORE_S, AFTER_S = 8, 1000, 4, 12
HEADERS = {"Content-Type": "application/json"}


class Clients:
    def __init__(self, port):
        self.port, self.stop = port, False
        self.paid, self.failed = [], []

    def pay(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        turn = 0
        while not self.stop:
            account = 2 + (number * 7919 + turn) % ACCOUNTS
            key = {"Idempotency-Key": f"{number}-{turn}"}
            turn += 1
            try:
                path = f"/v1/ledgers/main/accounts/account-{account}/deposit"
                connection.request("POST", path, '{"amount":1}', HEADERS | key)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
                continue
            if answer.status == 201:
                self.paid.append(time.monotonic())
            else:
                self.failed.append(f"{answer.status} {body[:200]!r}")


def main():
    clients, is_killed = Clients(int(sys.argv[1])), sys.argv[3] == "KILL"
    threads = [threading.Thread(target=clients.pay, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(BEFORE_S)
    began = time.monotonic()
    os.kill(int(sys.argv[2]), signal.SIGKILL if is_killed else signal.SIGTERM)
    time.sleep(AFTER_S)
    clients.stop = True
    for thread in threads:
        thread.join()
    # From a second before the stop to the end.
    times = [paid for paid in sorted(clients.paid) if paid > began - 1]
    times.append(time.monotonic())
    pause = max(later - earlier for earlier, later in zip(times, times[1:]))
    print(
        f"{len(clients.paid)} paid, {len(clients.failed)} answered otherwise;"
        f" none was paid for {pause * 1000:.0f} ms at most"
    )
    for failed in clients.failed[:3]:
        print("   ", failed)
    return 1 if clients.failed and not is_killed else 0


sys.exit(main())
