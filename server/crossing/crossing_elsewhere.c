/* SPDX-License-Identifier: MIT */
/*
 * The second step in a ledger that another server has: that one is asked to take it. It is told
 * which hold that is for, and reads in the journal what to do. So whoever asks can have nothing
 * done that the ledger which pays has not decided, and needs no token.
 */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/http/co_http.h"
#include "ledger/domain/hash.h"
#include "server/crossing/crossing_private.h"
#include "server/text/json_out.h"

enum { ASK_MS = 5000, PATH = 120 };

bool crossing_can_ask(
    const struct crossing_means *means, const char *ledger, struct bank_owner *owner)
{
    return means->forward && banks_owner(means->banks, ledger, owner) &&
           banks_owner_is_other(owner) && forward_reaches(means->forward, owner->url);
}

void crossing_proof(const char *key, const char *metadata, char proof[CROSSING_PROOF])
{
    uint8_t digest[HASH_REQUEST];
    struct hash hash;
    hash_start(&hash, HASH_REQUEST);
    hash_add_text(&hash, key);
    hash_add_text(&hash, metadata);
    hash_finish(&hash, digest);
    hash_to_hex(digest, sizeof digest, proof);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void write_question(
    struct json_out *out, struct arena *arena, const char *payer, const struct entry *hold)
{
    char proof[CROSSING_PROOF];
    crossing_proof(hold->key, hold->metadata, proof);
    json_out_begin(out, arena);
    json_out_open(out, '{');
    json_out_member(out, "ledger", payer);
    json_out_key(out, "id");
    json_out_number(out, hold->seq);
    json_out_member(out, "key", proof);
    json_out_close(out, '}');
}

static enum ledger_status ask(struct co_context *context, const struct crossing_means *means,
    const struct forward_to *to, const struct forward_question *question, struct arena *arena,
    struct crossing_end_told *told)
{
    struct co_http_answer answer;
    enum forward_fate fate = forward_ask(context, means->forward, to, question, &answer);
    enum ledger_status status = LEDGER_UNAVAILABLE;
    if (fate == FORWARD_ANSWERED && answer.head.status == 200 &&
        crossing_end_read(arena, answer.body, answer.body_length, told))
        status = LEDGER_OK;
    else if (means->silent && (fate == FORWARD_NOT_SENT || fate == FORWARD_LOST))
        *means->silent = to->server;
    co_http_answer_free(&answer);
    return status;
}

enum ledger_status crossing_have_paid(struct co_context *context,
    const struct crossing_means *means, const struct crossing *crossing, const struct entry *hold,
    struct arena *arena, struct crossing_end_told *told)
{
    char path[PATH];
    struct bank_owner owner;
    struct json_out body;
    if (!crossing_can_ask(means, crossing->to.ledger, &owner))
        return LEDGER_UNAVAILABLE;
    uint64_t server = banks_server_id(owner.database, owner.server);
    if (means->silent && *means->silent == server)
        return LEDGER_UNAVAILABLE;
    snprintf(path, sizeof path, "/v1/ledgers/%s/arrivals", crossing->to.ledger);
    write_question(&body, arena, crossing->from.ledger, hold);
    if (arena->is_short)
        return LEDGER_OVERLOADED;
    /* Whoever has answered once answers the same again. */
    const struct forward_to to = {
        .server = server, .url = owner.url, .wait_ns = ASK_MS * CO_CLOCK_MS, .may_repeat = true};
    const struct forward_question question = {
        .path = path, .body = body.text, .body_length = body.length};
    return ask(context, means, &to, &question, arena, told);
}
