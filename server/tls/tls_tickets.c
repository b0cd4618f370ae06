/* SPDX-License-Identifier: MIT */
#include "server/tls/tls_tickets.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

void tls_tickets_begin(struct tls_tickets *tickets)
{
    *tickets = (struct tls_tickets){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void tls_tickets_end(struct tls_tickets *tickets)
{
    OPENSSL_cleanse(&tickets->now, sizeof tickets->now);
    OPENSSL_cleanse(&tickets->former, sizeof tickets->former);
}

static bool is_over(const struct tls_tickets_key *key, int64_t now_s, int64_t after_s)
{
    return key->made_s == 0 || now_s - key->made_s >= after_s;
}

/* One is forgotten when its time is over, whether or not another is needed. */
static void forget(struct tls_tickets *tickets, int64_t now_s)
{
    if (tickets->now.made_s && is_over(&tickets->now, now_s, TLS_TICKETS_TURN_S)) {
        tickets->former = tickets->now;
        OPENSSL_cleanse(&tickets->now, sizeof tickets->now);
    }
    if (tickets->former.made_s && is_over(&tickets->former, now_s, 2 * TLS_TICKETS_TURN_S))
        OPENSSL_cleanse(&tickets->former, sizeof tickets->former);
}

static bool make(struct tls_tickets_key *key, int64_t now_s)
{
    if (RAND_bytes(key->name, sizeof key->name) != 1 ||
        RAND_priv_bytes(key->cipher, sizeof key->cipher) != 1 ||
        RAND_priv_bytes(key->mac, sizeof key->mac) != 1)
        return false;
    key->made_s = now_s;
    return true;
}

bool tls_tickets_seal(struct tls_tickets *tickets, int64_t now_s, struct tls_tickets_key *key)
{
    pthread_mutex_lock(&tickets->lock);
    forget(tickets, now_s);
    bool good = tickets->now.made_s || make(&tickets->now, now_s);
    if (good)
        *key = tickets->now;
    pthread_mutex_unlock(&tickets->lock);
    return good;
}

enum tls_tickets_age tls_tickets_open(struct tls_tickets *tickets, int64_t now_s,
    const uint8_t name[TLS_TICKETS_NAME], struct tls_tickets_key *key)
{
    enum tls_tickets_age age = TLS_TICKETS_UNKNOWN;
    pthread_mutex_lock(&tickets->lock);
    forget(tickets, now_s);
    if (tickets->now.made_s && memcmp(tickets->now.name, name, TLS_TICKETS_NAME) == 0) {
        *key = tickets->now;
        age = TLS_TICKETS_OF_NOW;
    } else if (tickets->former.made_s &&
               memcmp(tickets->former.name, name, TLS_TICKETS_NAME) == 0) {
        *key = tickets->former;
        age = TLS_TICKETS_FORMER;
    }
    pthread_mutex_unlock(&tickets->lock);
    return age;
}
