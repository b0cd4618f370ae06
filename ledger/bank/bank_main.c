/* SPDX-License-Identifier: MIT */
/* Of several databases of a service one has the ledger "main". The others note that it is not
 * theirs, so that none of them is taken for the first by mistake: "main" would be made there. */
#include "ledger/bank/bank_main.h"

#include <stdio.h>

static enum pg_status say(struct co_context *context, struct bank *bank,
    const struct pg_statement *statement, const char *const *values, char *error, size_t size)
{
    struct pg *pg = pg_connect(context, bank->conninfo, PG_APP_ROLE, error, size);
    if (!pg)
        return PG_LOST;
    enum pg_status status = pg_run(context, pg, statement, values, NULL);
    if (status != PG_OK)
        snprintf(error, size, "%s", pg_message(pg));
    pg_close(&pg);
    return status;
}

enum pg_status bank_main_keep_out(
    struct co_context *context, struct bank *bank, char *error, size_t size)
{
    /* One that was served alone before may have it: it is not served then. */
    static const struct pg_statement cede = {2, "SELECT ledger_cede($1, $2)"};
    const char *values[] = {BANK_NAME_MAIN, bank->main_is_in};
    return say(context, bank, &cede, values, error, size);
}

enum pg_status bank_main_take_back(
    struct co_context *context, struct bank *bank, char *error, size_t size)
{
    static const struct pg_statement keep = {1,
        "SELECT ledger_cede(n.name, '') FROM ledger_name n WHERE n.name = $1 AND n.database <> ''"};
    const char *values[] = {BANK_NAME_MAIN};
    return say(context, bank, &keep, values, error, size);
}
