/* SPDX-License-Identifier: MIT */
/*
 * Bodies: JSON objects, taken apart into the members that the API has words for. A function that
 * returns false has recorded the refusal (call.h).
 */
#ifndef SERVER_API_BODY_H
#define SERVER_API_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "server/api/call.h"
#include "server/text/json_in.h"

/* Every member of every body. */
#define BODY_MAP(X)                                                                                \
    X(FROM, "from")                                                                                \
    X(TO, "to")                                                                                    \
    X(AMOUNT, "amount")                                                                            \
    X(POSTINGS, "postings")                                                                        \
    X(METADATA, "metadata")                                                                        \
    X(KEY, "key")                                                                                  \
    X(TRANSFERS, "transfers")                                                                      \
    X(ATOMIC, "atomic")                                                                            \
    X(EXPIRES_IN, "expires_in")                                                                    \
    X(ID, "id")                                                                                    \
    X(ASSET, "asset")                                                                              \
    X(FLOOR, "floor")                                                                              \
    X(NAME, "name")                                                                                \
    X(STRATEGY, "strategy")                                                                        \
    X(SCENARIO, "scenario")                                                                        \
    X(MODE, "mode")                                                                                \
    X(SEED, "seed")                                                                                \
    X(SCHEDULE, "schedule")                                                                        \
    X(SEEDS, "seeds")                                                                              \
    X(SHRINK, "shrink")                                                                            \
    X(WALK, "walk")                                                                                \
    X(DEPTH, "depth")                                                                              \
    X(CLIENTS, "clients")                                                                          \
    X(EXAMPLE, "example")                                                                          \
    X(SCOPE, "scope")                                                                              \
    X(LEDGERS, "ledgers")                                                                          \
    X(PREFIXES, "prefixes")                                                                        \
    X(RATE, "rate")                                                                                \
    X(KEEP, "keep")                                                                                \
    X(LEDGER, "ledger")                                                                            \
    X(ACCOUNT, "account")                                                                          \
    X(SERVER, "server")                                                                            \
    X(DATABASE, "database")

enum body_member {
#define X(symbol, name) BODY_##symbol,
    BODY_MAP(X)
#undef X
        BODY_MEMBERS
};

/* A set of them. */
enum {
    BODY_NOTHING = 0,
#define X(symbol, name) BODY_HAS_##symbol = UINT64_C(1) << BODY_##symbol,
    BODY_MAP(X)
#undef X
};

_Static_assert(BODY_MEMBERS <= 64, "a set fits in a uint64_t");

/* An object within a body, taken apart. It lives until body_forget(), as do its texts. */
struct body {
    const struct json_in *object;
    const struct call_place *place;              /* where it stands; NULL: it is the body itself */
    const struct json_in *members[BODY_MEMBERS]; /* NULL: it is not there */
};

/* The body as an object whose members are among `known`. An empty one, of a route that takes it, is
 * an object without members. The large ones are of ROUTE_BODY_LARGE. Parks. */
CO_MUST_CHECK bool body_read(struct call *call, uint64_t known, struct body *body);
CO_MUST_CHECK bool body_read_large(struct call *call, uint64_t known, struct body *body);

/* A value in it, at that place; `rule` is what a member that is not among `known`
 * breaks. */
CO_MUST_CHECK bool body_take_apart(struct call *call, const struct json_in *element,
    const struct call_place *place, uint64_t known, const char *rule, struct body *body);

/* The first of its members that is not among `known`; NULL: there is none. */
const char *body_other_than(const struct body *body, uint64_t known);

/* The member, unless it is missing or null: then NULL. */
const struct json_in *body_given(const struct body *body, enum body_member member);

/* Its metadata in compact form, as it was given (*metadata NULL: none), and what it means, both for
 * as long as the request. */
CO_MUST_CHECK bool body_metadata(struct call *call, const struct body *body, const char **metadata,
    struct entry_meaning *meaning);

/* A member breaks a rule. */
void body_refuse(
    struct call *call, const struct body *body, enum body_member member, const char *rule);

/* The account that a member names; false: the token may not touch it. */
CO_MUST_CHECK bool body_may_touch(
    struct call *call, const struct body *body, enum body_member member, const char *account);

/* It has been read: what it was parsed into is given back, with all texts in it. Before a long
 * wait; again is harmless. */
void body_forget(struct call *call);

#endif
