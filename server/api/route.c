/* SPDX-License-Identifier: MIT */
#include "server/api/route.h"

#include <string.h>

#include "server/api/accounts.h"
#include "server/api/arrivals.h"
#include "server/api/audits.h"
#include "server/api/batches.h"
#include "server/api/control.h"
#include "server/api/coroutines.h"
#include "server/api/crossings.h"
#include "server/api/files.h"
#include "server/api/freeze.h"
#include "server/api/health.h"
#include "server/api/holds.h"
#include "server/api/journal_pages.h"
#include "server/api/lab_calls.h"
#include "server/api/ledgers.h"
#include "server/api/machinery.h"
#include "server/api/metrics.h"
#include "server/api/owners.h"
#include "server/api/recordings.h"
#include "server/api/servers.h"
#include "server/api/session.h"
#include "server/api/tokens.h"
#include "server/api/transfers.h"

#define LEDGER_PATH "/v1/ledgers/{ledger}"
#define ACCOUNT_PATH LEDGER_PATH "/accounts/{account}"

#define TRANSFER LEDGER_PATH "/transfers/{id}"
#define HOLD LEDGER_PATH "/holds/{id}"

#define ROUTE(method, scope, reach, path, query, answer, body, flags)                              \
    {                                                                                              \
        REQUEST_##method, TOKEN_##scope, ROUTE_##reach, path, query, answer, ROUTE_BODY_##body,    \
            flags                                                                                  \
    }
#define POST(scope, reach, path, answer, body) ROUTE(POST, scope, reach, path, "", answer, body, 0)
#define MOVE(reach, path, answer, body)                                                            \
    ROUTE(POST, WRITE, reach, path, "", answer, body, ROUTE_MOVES_MONEY)
#define GET(scope, reach, path, query, answer)                                                     \
    ROUTE(GET, scope, reach, path, query, answer, NONE, 0)
#define CONTROL(method, path, answer, body)                                                        \
    ROUTE(method, ADMIN, SERVICE, path, "", answer, body, ROUTE_IS_OF_CONTROL)
#define VIEW(reach, path, query, answer)                                                           \
    ROUTE(GET, READ, reach, path, query, answer, NONE, ROUTE_MAY_BE_STALE)
#define PROBE(path, answer) ROUTE(GET, NONE, ANY, path, "", answer, NONE, ROUTE_IS_PROBE)

/* What is asked most comes first. */
const struct route route_table[] = {
    MOVE(TOUCHED, LEDGER_PATH "/transfers", transfers_post, NEEDED),
    MOVE(ACCOUNT, ACCOUNT_PATH "/deposit", transfers_deposit, NEEDED),
    MOVE(ACCOUNT, ACCOUNT_PATH "/withdraw", transfers_withdraw, NEEDED),
    VIEW(ACCOUNT, ACCOUNT_PATH, " at ", accounts_get),
    MOVE(TOUCHED, LEDGER_PATH "/transfers/batch", batches_post, LARGE),
    MOVE(TOUCHED, LEDGER_PATH "/holds", holds_post, NEEDED),
    MOVE(TOUCHED, HOLD "/capture", holds_capture, OPTIONAL),
    MOVE(TOUCHED, HOLD "/release", holds_release, OPTIONAL),
    VIEW(TOUCHED, HOLD, "", holds_get),
    POST(WRITE, TOUCHED, LEDGER_PATH "/accounts", accounts_post, NEEDED),
    VIEW(TOUCHED, LEDGER_PATH "/accounts", " prefix asset order limit after before page ",
        accounts_list),
    VIEW(ACCOUNT, ACCOUNT_PATH "/entries", " order limit after before page ", journal_statement),
    MOVE(TOUCHED, TRANSFER "/reverse", transfers_reverse, OPTIONAL),
    VIEW(TOUCHED, TRANSFER, "", transfers_get),
    VIEW(TOUCHED, LEDGER_PATH "/transfers", " key account order after before limit page ",
        transfers_list),
    MOVE(BETWEEN, "/v1/transfers", crossings_post, NEEDED),
    GET(READ, BETWEEN, "/v1/transfers", " ledger key ", crossings_list),
    ROUTE(POST, NONE, TOUCHED, LEDGER_PATH "/arrivals", "", arrivals_post, SMALL,
        ROUTE_IS_OF_SERVERS),
    VIEW(LEDGER, LEDGER_PATH "/journal", " order after before limit page ", journal_list),
    ROUTE(GET, READ, LEDGER, LEDGER_PATH "/events", " after ", journal_events, NONE,
        ROUTE_TAKES_SESSION | ROUTE_MAY_BE_STALE),
    GET(READ, LEDGER, LEDGER_PATH "/machinery", "", machinery_get),
    GET(READ, LEDGER, LEDGER_PATH "/audit", "", audits_now),
    POST(ADMIN, LEDGER, LEDGER_PATH "/audits", audits_post, OPTIONAL),
    GET(READ, LEDGER, LEDGER_PATH "/audits/{id}", "", audits_get),
    POST(ADMIN, ACCOUNT, ACCOUNT_PATH "/freeze", freeze_account, OPTIONAL),
    POST(ADMIN, ACCOUNT, ACCOUNT_PATH "/unfreeze", freeze_account_end, OPTIONAL),
    POST(ADMIN, LEDGER, LEDGER_PATH "/freeze", freeze_ledger, OPTIONAL),
    POST(ADMIN, LEDGER, LEDGER_PATH "/unfreeze", freeze_ledger_end, OPTIONAL),
    ROUTE(POST, ADMIN, LEDGER, LEDGER_PATH "/owner", "", owners_post, NEEDED, ROUTE_NAMES_LEDGER),
    POST(ADMIN, SERVICE, "/v1/ledgers", ledgers_post, NEEDED),
    GET(READ, LEDGERS, "/v1/ledgers", " order after before limit page ", ledgers_list),
    GET(READ, LEDGER, LEDGER_PATH, "", ledgers_get),
    GET(READ, SERVICE, "/v1/servers", "", servers_list),
    CONTROL(GET, "/v1/cluster", control_list, NONE),
    CONTROL(POST, "/v1/cluster/{id}/kill", control_kill, OPTIONAL),
    CONTROL(POST, "/v1/cluster/{id}/start", control_start, OPTIONAL),
    POST(READ, ANY, "/v1/session", session_post, OPTIONAL),
    ROUTE(DELETE, READ, ANY, "/v1/session", "", session_delete, NONE, ROUTE_TAKES_SESSION),
    GET(ADMIN, SERVICE, "/v1/tokens", " order after before limit page ", tokens_list),
    POST(ADMIN, SERVICE, "/v1/tokens", tokens_post, NEEDED),
    GET(ADMIN, SERVICE, "/v1/tokens/acts", " token order after before limit page ", tokens_acts),
    GET(ADMIN, SERVICE, "/v1/tokens/{id}", "", tokens_get),
    ROUTE(DELETE, ADMIN, SERVICE, "/v1/tokens/{id}", "", tokens_delete, NONE, 0),
    POST(ADMIN, SERVICE, "/v1/tokens/{id}/rotate", tokens_rotate, OPTIONAL),
    GET(READ, SERVICE, "/v1/lab/scenarios", "", lab_calls_scenarios),
    POST(READ, SERVICE, "/v1/lab/runs", lab_calls_post, NEEDED),
    GET(READ, SERVICE, "/v1/lab/runs/{id}", "", lab_calls_get),
    GET(ADMIN, SERVICE, "/v1/coroutines", " at_least_ms ", coroutines_get),
    GET(ADMIN, SERVICE, "/v1/trace", " ms ", recordings_get),
    PROBE("/livez", health_live),
    PROBE("/readyz", health_ready),
    GET(NONE, ANY, "/metrics", "", metrics_get),
    GET(NONE, ANY, "/openapi.json", "", files_openapi),
    GET(NONE, ANY, "/docs", "", files_docs),
    GET(NONE, ANY, "/docs/{file}", "", files_docs_file),
    GET(NONE, ANY, "/lab", "", files_lab),
    GET(NONE, ANY, "/lab/{file}", "", files_lab_file),
    /* Which ledger to show: read by the page itself. */
    GET(NONE, ANY, "/{file}", " ledger ", files_get),
};

const size_t route_count = sizeof route_table / sizeof route_table[0];

/* Where a part of the path goes; NULL: it is needed by nobody but the handler itself. */
static const char **place(struct call_path *parts, const char *name, size_t length)
{
    if (length == 8 && memcmp(name, "{ledger}", 8) == 0)
        return &parts->ledger;
    if (length == 9 && memcmp(name, "{account}", 9) == 0)
        return &parts->account;
    return &parts->id;
}

static bool path_matches(
    const struct request *request, const char *pattern, struct call_path *parts)
{
    for (size_t i = 0; i < request->segment_count; i++) {
        if (*pattern++ != '/')
            return false;
        size_t length = strcspn(pattern, "/");
        const char *segment = request->segments[i];
        if (*pattern == '{')
            *place(parts, pattern, length) = segment;
        else if (strncmp(pattern, segment, length) != 0 || segment[length] != '\0')
            return false;
        pattern += length;
    }
    return *pattern == '\0';
}

/* For the header Allow, by what a path takes. */
static const char *allow_of(bool get, bool post, bool delete)
{
    static const char *const texts[2][2][2] = {
        {{"OPTIONS", "DELETE, OPTIONS"}, {"POST, OPTIONS", "POST, DELETE, OPTIONS"}},
        {{"GET, HEAD, OPTIONS", "GET, HEAD, DELETE, OPTIONS"},
            {"GET, HEAD, POST, OPTIONS", "GET, HEAD, POST, DELETE, OPTIONS"}},
    };
    return texts[get][post][delete];
}

enum route_found route_find(const struct request *request, struct call_path *parts,
    const struct route **route, const char **allow)
{
    enum request_method wanted = request->method == REQUEST_HEAD ? REQUEST_GET : request->method;
    bool whole = request->segment_count == 0; /* "*": what any path takes */
    bool get = whole, post = whole, delete = whole;
    for (size_t i = 0; i < route_count && !whole; i++) {
        if (!path_matches(request, route_table[i].pattern, parts))
            continue;
        *route = &route_table[i];
        if ((*route)->method == wanted)
            return ROUTE_FOUND;
        get |= (*route)->method == REQUEST_GET;
        post |= (*route)->method == REQUEST_POST;
        delete |= (*route)->method == REQUEST_DELETE;
    }
    *allow = allow_of(get, post, delete);
    return get || post || delete ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}
