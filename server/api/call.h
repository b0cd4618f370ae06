/* SPDX-License-Identifier: MIT */
/*
 * A call: one request on its way through the API, from its route to its answer. dispatch.c makes
 * it, fills in the path and the ledger, and asks the route's handler; the handler either fills the
 * answer in or records a refusal and returns. Nobody but dispatch.c writes the refusal, lets go of
 * the ledger and the context, and counts.
 *
 * All of it belongs to the request's coroutine and lives in the request's arena.
 */
#ifndef SERVER_API_CALL_H
#define SERVER_API_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/ledger_moves.h"
#include "server/api/stages.h"
#include "server/auth/token_grant.h"
#include "server/text/json_out.h"
#include "server/http/problem.h"
#include "server/http/request.h"
#include "server/http/response.h"

struct api;
struct elsewhere;
struct ledger;
struct route;

/* A page of a list ends early, with a cursor, once it is so long: an item may be long. */
enum { CALL_PAGE_BYTES = 512 << 10, CALL_WAIT_TEXT = 40, CALL_STALE_TEXT = 32 };

/* The parts of the path that the route names; NULL: it has no such part. */
struct call_path {
    const char *ledger, *account, *id;
};

/* Where in the body an object stands: it is a member, or an element of an array that is one. */
enum { CALL_NO_ARRAY = -1 };
struct call_place {
    const struct call_place *outer; /* where the object with that member stands; NULL: the body */
    const char *member;
    ptrdiff_t index; /* CALL_NO_ARRAY: it is the member */
};

/* Why there is no other answer: what the API found (`problem`), or what the ledger said (`status`);
 * NULL and LEDGER_OK: nothing is refused. All texts live as long as the request. */
struct call_refusal {
    const struct problem *problem;
    const char *member; /* that breaks a rule, which is the detail; NULL: the request as a whole */
    const char *detail; /* NULL: the title says it all */
    enum ledger_status status;
    uint64_t seq;        /* 0: none is told */
    const char *account; /* NULL or "": none */
    bool has_available;
    money available;
    const char *key;    /* of the request: it tells later what became of it; NULL: none */
    const char *settle; /* the URL at which; NULL: by the key, in the ledger of the path */
    const char *ledger; /* that refused it, if the path names none; NULL: not told */
};

struct call {
    struct api *api;
    struct request *request;
    struct response *response;
    struct arena *arena; /* the request's */
    const struct route *route;
    struct token_grant grant; /* of whoever asks; without tokens of everybody: admin */
    struct call_path path;
    struct ledger *ledger;       /* of the path, entered; NULL: the route has none */
    struct elsewhere *elsewhere; /* the server that has it (elsewhere.h); NULL: no other one */
    struct co_context *context;  /* call_context(); NULL: nobody has asked for it */
    struct call_refusal refusal;
    bool has_begun;              /* something of it was done: it may not be told that nothing was */
    bool is_unsure, asks_ledger; /* the head's: is the token good, is there such a ledger? */
    struct arena scratch;        /* what a long body is parsed into, until body_forget() */
    bool parses_alone;           /* it has one of the places for that (body.c) */
    struct stages stages;
    /* What the answer says besides the response: headers, and figures. */
    const char *location;
    uint64_t seq;                                 /* the position that it reflects */
    bool has_seq, replayed, heeds_wait, is_stale; /* the latter: of what is followed (stale.h) */
    int64_t known_ns, wait_s; /* is_stale: what is told is as of then; heeds_wait: its bound */
    struct { /* what became of the items of a batch; all 0: it is one by its status */
        uint32_t committed, rejected, replayed;
    } items;
    char seq_text[MONEY_TEXT], wait_text[CALL_WAIT_TEXT], stale_text[CALL_STALE_TEXT];
};

struct call *call_make(struct api *api, struct request *request, struct response *response);

/* For how many seconds its client is willing to wait: `Prefer: wait=S`, at most `max`, which the
 * answer then says that it was heeded; or `otherwise`. */
int64_t call_wait_s(struct call *call, int64_t otherwise, int64_t max);

/* Ends with the time that the request may take, from the first question for it on: then the ledger
 * is asked. It is the call's. May park, when memory is short. */
struct co_context *call_context(struct call *call);

/* The ledger has told what it was asked: from here on the answer is made. */
void call_ledger_answered(struct call *call);

const char *call_copy(struct call *call, const char *text); /* for as long as the request */

/* ---- answers ------------------------------------------------------------------------------- */

/* 200 with what was written; 201 with where it stands; neither with a position. */
void call_ok(struct call *call, const struct json_out *out, uint64_t seq);
void call_created(
    struct call *call, const struct json_out *out, uint64_t seq, const char *location);
void call_ok_anywhere(struct call *call, const struct json_out *out);

/* "/v1/ledgers/main/", `kind`, "/", `id`, which is escaped; `kind` NULL: the ledger's own path. */
const char *call_path(struct call *call, const char *kind, const char *id);
const char *call_path_to(struct call *call, const char *kind, uint64_t seq);

/* ---- refusals: each is recorded, and the handler returns ------------------------------------- */

/* A member of the object at `place` (NULL: the body; or a parameter or a header) breaks a rule; ""
 * is the object itself. Both texts are copied. */
void call_refuse(
    struct call *call, const struct call_place *place, const char *member, const char *rule);

/* A problem of the API's own; `detail` NULL: its title says it all. Both outlive the call. */
void call_refuse_as(struct call *call, const struct problem *problem, const char *detail);
void call_refuse_short(struct call *call); /* there is not enough memory */

/* The ledger's "no" to a request with that key (NULL: none), in the same words for the first answer
 * and for its replays: both come from the entry, if there is one. */
void call_refuse_outcome(struct call *call, const char *key, const struct ledger_outcome *outcome);
void call_refuse_status(struct call *call, enum ledger_status status, uint64_t seq);
void call_refuse_account(
    struct call *call, enum ledger_status status, uint64_t seq, const char *account);

/* The same as a value, for an item of a batch: its texts are the outcome's. */
struct call_refusal call_refusal_of(const char *key, const struct ledger_outcome *outcome);
bool call_is_refused(const struct call *call);

/* ---- the path and the query: false, it is refused --------------------------------------- */

/* The position in the path; and that its account can be one's id. */
CO_MUST_CHECK bool call_position(struct call *call, uint64_t *position);
CO_MUST_CHECK bool call_names_account(struct call *call);

/* A whole number; `value` is left alone if it was not given. */
CO_MUST_CHECK bool call_query_number(
    struct call *call, const char *name, uint64_t low, uint64_t high, uint64_t *value);

#endif
