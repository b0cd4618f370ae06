#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""following.py fill PORT LEDGERS: make them, with an account each.
following.py measure OWNER FOLLOWER LEDGERS SECONDS RATE PID PID POSTGRES: see following."""

import bisect
import http.client
import itertools
import os
import random
import re
import sys
import threading
import time

CLIENTS = 8
HEADERS = {"Content-Type": "application/json"}
TICK = os.sysconf("SC_CLK_TCK")


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, HEADERS | (headers or {}))
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()


def fill(port, ledgers):
    def make(number):
        client = Client(port)
        for ledger in range(number, ledgers, CLIENTS):
            path = f"/v1/ledgers/l{ledger}/accounts"
            status = client.ask("POST", "/v1/ledgers", f'{{"name":"l{ledger}"}}')[0]
            assert status == 201, status
            status = client.ask("POST", path, '{"id":"a","asset":"USD/2"}')[0]
            assert status == 201, status

    run([threading.Thread(target=make, args=(number,)) for number in range(CLIENTS)])


def run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def seconds_of(pid, whole=False):
    """The processor time of a process; the whole: with its children, also those that ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    used = sum(int(word) for word in words[11 : 15 if whole else 13]) / TICK
    if whole:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in children:
            try:
                used += seconds_of(child)
            except OSError:
                pass
    return used


def tell(what, times):
    times = sorted(times)
    at = [f"{times[int((len(times) - 1) * part)] * 1000:.0f}" for part in (0.5, 0.9, 0.99, 1)]
    print(f"{what}: p50 {at[0]}, p90 {at[1]}, p99 {at[2]}, most {at[3]} ms", flush=True)


class Usage:
    def __init__(self, owner, follower, postgres):
        self.pids = (owner, follower, postgres)
        self.before = self.now()
        self.began = time.monotonic()

    def now(self):
        owner, follower, postgres = self.pids
        return [seconds_of(owner), seconds_of(follower), seconds_of(postgres, True)]

    def tell(self, what):
        seconds = time.monotonic() - self.began
        used = [(b - a) / seconds * 1000 for a, b in zip(self.before, self.now())]
        print(
            f"{what}: ms of processor time a second: owner {used[0]:.0f},"
            f" follower {used[1]:.0f}, PostgreSQL {used[2]:.0f}",
            flush=True,
        )


class Load:
    """Payments by the clock, and of one in ten how long it takes until the other server has it."""

    def __init__(self, owner, follower, ledgers, seconds, rate):
        self.ports, self.ledgers = (owner, follower), ledgers
        self.total, self.rate = seconds * rate, rate
        self.sums = list(itertools.accumulate(1 / rank for rank in range(1, ledgers + 1)))
        self.turns = itertools.count()
        self.began = time.monotonic()
        self.paid, self.used, self.lags, self.late, self.wrong = [], set(), [], [], []
        self.probes = []

    def pay(self):
        client = Client(self.ports[0])
        while (turn := next(self.turns)) < self.total:
            due = self.began + turn / self.rate
            time.sleep(max(0, due - time.monotonic()))
            ledger = min(bisect.bisect(self.sums, random.random() * self.sums[-1]), self.ledgers - 1)
            path = f"/v1/ledgers/l{ledger}/accounts/a/deposit"
            key = {"Idempotency-Key": f"k{turn}"}
            status, headers, _ = client.ask("POST", path, '{"amount":1}', key)
            now = time.monotonic()
            if status != 201:
                self.wrong.append(f"payment: {status}")
                continue
            self.paid.append(now - due)
            self.used.add(ledger)
            if turn % 10 == 0:
                self.probes.append((ledger, int(headers["Ledger-Seq"]), now))

    def probe(self):
        """Ask until it is there: what says that it is younger than the payment must have it."""
        client = Client(self.ports[1])
        while time.monotonic() < self.began + self.total / self.rate + 1:
            try:
                ledger, seq, paid = self.probes.pop(0)
            except IndexError:
                time.sleep(0.002)
                continue
            while True:
                asked = time.monotonic()
                path = f"/v1/ledgers/l{ledger}/accounts/a"
                status, headers, _ = client.ask("GET", path, None, {"Prefer": "stale"})
                now = time.monotonic()
                if status != 200 or "Ledger-Stale" not in headers:
                    self.wrong.append(f"read: {status}, {headers}")
                    break
                stale, here = float(headers["Ledger-Stale"]), int(headers["Ledger-Seq"])
                self.late.append(stale)
                if here >= seq:
                    self.lags.append(now - paid)
                    break
                if asked - stale > paid:
                    self.wrong.append(f"{stale} s old, and without what was paid {asked - paid} s ago")
                time.sleep(0.005)


def measure(owner, follower, ledgers, seconds, rate, *pids):
    client, began = Client(follower), time.monotonic()
    followed = 0
    while followed <= ledgers:
        time.sleep(0.2)
        text = client.ask("GET", "/metrics")[2].decode()
        followed = int(re.search(r"^teller_followed_ledgers\S* (\d+)", text, re.M)[1])
    print(f"{followed} ledgers followed after {time.monotonic() - began:.1f} s", flush=True)
    time.sleep(3)
    usage = Usage(*pids)
    time.sleep(seconds)
    usage.tell("at rest")
    stale = []
    for ledger in random.sample(range(ledgers), min(ledgers, 200)):
        headers = client.ask("GET", f"/v1/ledgers/l{ledger}/accounts/a", None, {"Prefer": "stale"})[1]
        stale.append(float(headers["Ledger-Stale"]))
        time.sleep(0.01)
    tell("how old a read may be, as it says", stale)

    usage, load = Usage(*pids), Load(owner, follower, ledgers, seconds, rate)
    threads = [threading.Thread(target=load.pay) for _ in range(CLIENTS)]
    run(threads + [threading.Thread(target=load.probe) for _ in range(4)])
    usage.tell(f"{len(load.paid) / seconds:.0f} payments/s in {len(load.used)} ledgers")
    tell("a payment", load.paid)
    tell(f"until the other server has it, {len(load.lags)} times", load.lags)
    tell("how old a read may be, as it says", load.late)
    for wrong in load.wrong[:10]:
        print("   ", wrong)
    return 1 if load.wrong else 0


if sys.argv[1] == "fill":
    fill(int(sys.argv[2]), int(sys.argv[3]))
else:
    sys.exit(measure(*(int(word) for word in sys.argv[2:])))
