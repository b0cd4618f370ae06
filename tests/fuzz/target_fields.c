/* SPDX-License-Identifier: MIT */
/* Texts that a header, a parameter or an option may hold: each reader is given each. What it takes
 * is in the range that it promises; what has a written form is read as the same from that. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lab/machine/code.h"
#include "ledger/bank/bank_name.h"
#include "ledger/bank/strategy_list.h"
#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "server/api/request_key.h"
#include "server/api/session.h"
#include "server/api/call.h"
#include "server/auth/origin.h"
#include "server/http/accept_encoding.h"
#include "server/http/address.h"
#include "server/http/cors.h"
#include "server/http/prefer.h"
#include "server/http/request_id.h"
#include "server/http/trace_parent.h"
#include "server/text/time_text.h"
#include "tests/fuzz/fuzz.h"

/* ---- what the request is, and who sent it ---------------------------------------------------- */

static bool is_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length &&
           strspn(text, "0") < length;
}

static void read_trace(const char *text)
{
    struct trace_parent parent;
    if (trace_parent_read(&parent, text, strlen(text)))
        co_ensure(is_hex(parent.trace, TRACE_ID_DIGITS) && is_hex(parent.span, TRACE_SPAN_DIGITS));
    else
        co_ensure(!parent.trace[0] && !parent.span[0]);
    if (request_id_is_sane(text, strlen(text)))
        co_ensure(strlen(text) <= REQUEST_ID_MAX && !strpbrk(text, " \t\r\n\"\\"));
}

static void read_request(struct request *request, const char *text)
{
    int64_t seconds = 0;
    if (prefer_wait(text, &seconds))
        co_ensure(seconds >= 0 && seconds <= PREFER_WAIT_MAX);
    (void)accept_encoding_wants_gzip(text);
    request->content_type = request->if_none_match = text;
    if (request_is_json(request))
        co_ensure(tolower((unsigned char)text[0]) == 'a');
    (void)request_has_etag(request, "\"abc\"");
    request->host = request->origin = request->fetch_site = request->cookie = text;
    (void)origin_host_is_local(text, NULL);
    (void)origin_is_foreign(request, true);
    (void)origin_is_foreign(request, false);
    (void)origin_may_use_cookie(request);
    const char *authorization = session_authorization(call_make(NULL, request, NULL));
    co_ensure(!authorization || strncmp(authorization, "Bearer ", 7) == 0);
}

static void read_key(struct arena *arena, const char *text)
{
    bool good = false;
    const char *key = request_key_of_header(arena, text, &good);
    co_ensure(!key || (good && request_key_is_valid(key) && strlen(key) <= ENTRY_KEY_MAX));
}

/* ---- options --------------------------------------------------------------------------------- */

static void read_options(const char *text)
{
    static struct cors cors;
    struct address_ranges ranges;
    if (cors_read(&cors, text))
        for (size_t i = 0; i < cors.count; i++)
            co_ensure(cors_find(&cors, cors.origins[i], strlen(cors.origins[i])));
    if (address_ranges_read(&ranges, text))
        for (size_t i = 0; i < ranges.count; i++)
            co_ensure(address_is_in(&ranges, ranges.ranges[i].bytes));
    if (strategy_list_is_valid(text))
        co_ensure(strategy_list_default(text));
    (void)strategy_list_find(text, "main");
}

/* ---- what has a written form ----------------------------------------------------------------- */

static void read_time(const char *text)
{
    int64_t at_us = 0, again_us = 0;
    char written[TIME_TEXT];
    if (!time_read(text, &at_us))
        return;
    time_text(at_us, written);
    co_ensure(at_us >= 0 && time_read(written, &again_us) && again_us == at_us);
}

static void read_money(const char *text)
{
    money value = 0;
    char written[MONEY_TEXT];
    if (!money_parse(text, strlen(text), true, &value))
        return;
    /* There is one way to write a number. */
    co_ensure(money_format(value, written) == strlen(text) && strcmp(text, written) == 0);
}

static void read_names(const char *text)
{
    char world[ASSET_WORLD_TEXT], asset[ASSET_TEXT];
    if (asset_is_valid(text)) {
        asset_world_id(text, world);
        co_ensure(account_id_is_valid(world));
        co_ensure(asset_of_world_id(world, asset) && strcmp(asset, text) == 0);
    }
    if (asset_of_world_id(text, asset))
        co_ensure(asset_is_valid(asset) && account_id_is_valid(text));
    if (account_id_is_free(text))
        co_ensure(account_id_is_valid(text));
    if (bank_name_is_valid(text))
        co_ensure(account_id_is_valid(text) && strlen(text) <= 64);
}

static void read_code(const char *text)
{
    static struct co_schedule_choice choices[CODE_CHOICES], again[CODE_CHOICES];
    static char written[CODE_TEXT];
    size_t count = 0, again_count = 0;
    if (!code_parse(text, choices, &count))
        return;
    co_ensure(count <= CODE_CHOICES);
    co_ensure(code_parse(code_format(choices, count, written), again, &again_count));
    co_ensure(again_count == count);
    for (size_t i = 0; i < count; i++)
        co_ensure(again[i].point == choices[i].point && again[i].who == choices[i].who);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    char *text = fuzz_text(input, length);
    struct request request = {.body = NULL};
    arena_init(&request.arena, NULL, 0);
    read_trace(text);
    read_request(&request, text);
    read_key(&request.arena, text);
    read_options(text);
    read_time(text);
    read_money(text);
    read_names(text);
    read_code(text);
    arena_clear(&request.arena);
    free(text);
    return 0;
}
