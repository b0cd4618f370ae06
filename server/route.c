/* SPDX-License-Identifier: MIT */
#include "server/route.h"

#include <string.h>

#include "server/accounts.h"
#include "server/files.h"
#include "server/health.h"
#include "server/journal.h"
#include "server/metrics.h"
#include "server/transfers.h"

#define LEDGER "/v1/ledgers/{ledger}"
#define ACCOUNT LEDGER "/accounts/{account}"

const struct route route_table[] = {
    {REQUEST_POST, TOKEN_WRITE, LEDGER "/transfers", "", transfers_post},
    {REQUEST_POST, TOKEN_WRITE, ACCOUNT "/deposit", "", transfers_deposit},
    {REQUEST_POST, TOKEN_WRITE, ACCOUNT "/withdraw", "", transfers_withdraw},
    {REQUEST_GET, TOKEN_READ, ACCOUNT, "", accounts_get},
    {REQUEST_POST, TOKEN_WRITE, LEDGER "/accounts", "", accounts_post},
    {REQUEST_GET, TOKEN_READ, LEDGER "/accounts", " prefix asset limit after ", accounts_list},
    {REQUEST_GET, TOKEN_READ, ACCOUNT "/entries", " limit before ", journal_statement},
    {REQUEST_GET, TOKEN_READ, LEDGER "/transfers/{id}", "", transfers_get},
    {REQUEST_GET, TOKEN_READ, LEDGER "/transfers", " key account after before limit ",
        transfers_list},
    {REQUEST_GET, TOKEN_READ, LEDGER "/journal", " after limit ", journal_list},
    {REQUEST_GET, TOKEN_READ, LEDGER "/events", " after ", journal_events},
    {REQUEST_GET, TOKEN_READ, LEDGER "/audit", "", journal_audit},
    {REQUEST_GET, TOKEN_READ, "/v1/ledgers", "", health_ledgers},
    {REQUEST_GET, TOKEN_READ, LEDGER, "", health_ledger},
    {REQUEST_GET, TOKEN_NONE, "/livez", "", health_live},
    {REQUEST_GET, TOKEN_NONE, "/readyz", "", health_ready},
    {REQUEST_GET, TOKEN_NONE, "/metrics", "", metrics_get},
    {REQUEST_GET, TOKEN_NONE, "/openapi.json", "", files_openapi},
    {REQUEST_GET, TOKEN_NONE, "/{file}", "", files_get},
};

const size_t route_count = sizeof route_table / sizeof route_table[0];

/* Where a part of the path goes; NULL: it is needed by nobody but the handler itself. */
static const char **place(struct request *request, const char *name, size_t length)
{
    if (length == 8 && memcmp(name, "{ledger}", 8) == 0)
        return &request->ledger;
    if (length == 9 && memcmp(name, "{account}", 9) == 0)
        return &request->account;
    return &request->id;
}

static bool path_matches(struct request *request, const char *pattern)
{
    for (size_t i = 0; i < request->segment_count; i++) {
        if (*pattern++ != '/')
            return false;
        size_t length = strcspn(pattern, "/");
        const char *segment = request->segments[i];
        if (*pattern == '{')
            *place(request, pattern, length) = segment;
        else if (strncmp(pattern, segment, length) != 0 || segment[length] != '\0')
            return false;
        pattern += length;
    }
    return *pattern == '\0';
}

static const char *allow_of(bool get, bool post)
{
    return get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST";
}

enum route_found route_find(struct request *request, const struct route **route, const char **allow)
{
    enum request_method wanted = request->method == REQUEST_HEAD ? REQUEST_GET : request->method;
    bool get = false, post = false;
    for (size_t i = 0; i < route_count; i++) {
        if (!path_matches(request, route_table[i].pattern))
            continue;
        *route = &route_table[i];
        if ((*route)->method == wanted)
            return ROUTE_FOUND;
        get |= (*route)->method == REQUEST_GET;
        post |= (*route)->method == REQUEST_POST;
    }
    *allow = allow_of(get, post);
    return get || post ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}
