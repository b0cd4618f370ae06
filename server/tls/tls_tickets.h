/* SPDX-License-Identifier: MIT */
/*
 * The keys that tickets are sealed with: with a ticket a client takes a session up again, without a
 * signature. A key seals for an hour and opens for one more, then it is forgotten, and with it
 * whatever could be read with it. Each identity has its own, so a new certificate, or other
 * authorities, end all tickets of before. Any thread may call; nothing parks.
 */
#ifndef SERVER_TLS_TLS_TICKETS_H
#define SERVER_TLS_TLS_TICKETS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

enum { TLS_TICKETS_NAME = 16, TLS_TICKETS_SECRET = 32, TLS_TICKETS_TURN_S = 3600 };

struct tls_tickets_key {
    uint8_t name[TLS_TICKETS_NAME]; /* stands in the ticket */
    uint8_t cipher[TLS_TICKETS_SECRET], mac[TLS_TICKETS_SECRET];
    int64_t made_s; /* 0: there is none */
};

struct tls_tickets {
    pthread_mutex_t lock; /* nothing else is taken under it */
    struct tls_tickets_key now, former;
};

enum tls_tickets_age { TLS_TICKETS_UNKNOWN, TLS_TICKETS_OF_NOW, TLS_TICKETS_FORMER };

void tls_tickets_begin(struct tls_tickets *tickets);
void tls_tickets_end(struct tls_tickets *tickets); /* no key is left in memory */

/* The key to seal with; `now_s` never falls. False: there is no randomness for one. */
CO_MUST_CHECK bool tls_tickets_seal(
    struct tls_tickets *tickets, int64_t now_s, struct tls_tickets_key *key);

/* The key of that name. FORMER: it opens, and the client needs another ticket. */
enum tls_tickets_age tls_tickets_open(struct tls_tickets *tickets, int64_t now_s,
    const uint8_t name[TLS_TICKETS_NAME], struct tls_tickets_key *key);

#endif
