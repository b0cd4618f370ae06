#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""resting.py PORT LEDGERS SECONDS FILE: pay in many ledgers; the sum that was paid goes to FILE."""

import bisect
import http.client
import itertools
import random
import sys
import threading
import time

CLIENTS, FIRST = 8, 200
HEADERS = {"Content-Type": "application/json"}


class Client:
    def __init__(self, port, name):
        self.port, self.name, self.turn = port, name, 0
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.paid, self.waits, self.other = 0, [], {}

    def post(self, path, body, key=None):
        headers = HEADERS | ({"Idempotency-Key": key} if key else {})
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def pay(self, ledger):
        """Until it is paid; how long that took, with the account where there was none."""
        self.turn += 1
        began = time.monotonic()
        while True:
            status = self.post(
                f"/v1/ledgers/l{ledger}/accounts/a/deposit",
                '{"amount":1}',
                f"{self.name}-{self.turn}",
            )
            if status == 404:
                self.post(f"/v1/ledgers/l{ledger}/accounts", '{"id":"a","asset":"USD/2"}')
            elif status == 201:
                break
            else:
                self.other[status] = self.other.get(status, 0) + 1
                time.sleep(0.1)
        self.paid += 1
        self.waits.append(time.monotonic() - began)


def tell(what, waits):
    waits = sorted(waits)
    at = [f"{waits[int((len(waits) - 1) * part)] * 1000:.1f}" for part in (0.5, 0.9, 0.99, 1)]
    print(f"{what}: p50 {at[0]}, p90 {at[1]}, p99 {at[2]}, most {at[3]} ms")


def main():
    port, ledgers, seconds = (int(text) for text in sys.argv[1:4])
    one = Client(port, "first")
    some = random.sample(range(1, ledgers + 1), FIRST)
    for ledger in some:
        one.pay(ledger)
    tell(f"the first payment in a ledger at rest, with its account, {FIRST} times", one.waits)
    one.waits = []
    for ledger in some:
        one.pay(ledger)
    tell("the second", one.waits)

    sums = list(itertools.accumulate(1 / rank for rank in range(1, ledgers + 1)))
    clients = [Client(port, f"c{number}") for number in range(CLIENTS)]
    used = set()
    until = time.monotonic() + seconds

    def load(client):
        while time.monotonic() < until:
            ledger = bisect.bisect(sums, random.random() * sums[-1]) + 1
            used.add(ledger)
            client.pay(min(ledger, ledgers))

    threads = [threading.Thread(target=load, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    paid = sum(client.paid for client in clients)
    other = {}
    for client in clients:
        for status, count in client.other.items():
            other[status] = other.get(status, 0) + count
    print(f"{CLIENTS} clients: {paid / seconds:.0f} payments/s in {len(used)} ledgers; other: {other}")
    tell("each", [wait for client in clients for wait in client.waits])
    with open(sys.argv[4], "w", encoding="utf-8") as file:
        file.write(str(one.paid + paid))


main()
