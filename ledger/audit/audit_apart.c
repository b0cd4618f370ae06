/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_apart.h"

#include <stdio.h>

#include "ledger/audit/audit_clearing.h"

/* A session with each. NULL: see `why`. */
static struct pg *reach(struct co_context *context, const struct audit_apart *databases,
    size_t index, char why[AUDIT_REASON])
{
    return pg_connect(context, databases->rows[index].conninfo, databases->role, why, AUDIT_REASON);
}

/* What the first says the other one has. */
static enum pg_status ask_first(struct co_context *context, const struct audit_apart *databases,
    size_t other, struct pg_result **names, char why[AUDIT_REASON])
{
    struct pg *first = reach(context, databases, 0, why);
    enum pg_status status =
        first ? audit_clearing_names(context, first, databases->rows[other].name, names) : PG_LOST;
    if (first && status != PG_OK)
        snprintf(why, AUDIT_REASON, "%s", pg_message(first));
    pg_close(&first);
    return status;
}

static enum pg_status compare(struct co_context *context, const struct audit_apart *databases,
    size_t other, const char *ledger, struct audit_report *report, char why[AUDIT_REASON])
{
    struct pg_result *names = NULL;
    if (other > 0 && ask_first(context, databases, other, &names, why) != PG_OK)
        return PG_LOST;
    struct audit_clearing_places places = {.names = names ? pg_text(names, 0, 0) : NULL};
    enum pg_status status = PG_LOST;
    if ((places.own = reach(context, databases, databases->home, why)) &&
        (places.other = reach(context, databases, other, why))) {
        status = audit_clearing_apart(context, &places, ledger, report);
        const char *said = pg_message(places.other);
        if (status != PG_OK)
            snprintf(why, AUDIT_REASON, "%s", *said ? said : pg_message(places.own));
    }
    pg_close(&places.own);
    pg_close(&places.other);
    pg_free(&names);
    return status;
}

bool audit_apart(struct co_context *context, const struct audit_apart *databases,
    const char *ledger, struct audit_report *report)
{
    char why[AUDIT_REASON] = "";
    for (size_t i = 0; i < databases->count; i++) {
        if (i == databases->home)
            continue;
        if (compare(context, databases, i, ledger, report, why) == PG_OK)
            continue;
        snprintf(report->reason, AUDIT_REASON,
            "what went between it and the ledgers of database %s was not compared: %.200s",
            databases->rows[i].name, why);
        return false;
    }
    return true;
}
