/* SPDX-License-Identifier: MIT */
/* Behind a pooler: a statement that stands alone gets a transaction, which pins its session. */
#include <string.h>

#include "ledger/db/pg_private.h"

bool pg_open_frame(struct co_context *context, struct pg *pg, enum pg_status *status)
{
    *status = PG_OK;
    if (!pg->pins || PQtransactionStatus(pg->conn) != PQTRANS_IDLE)
        return false;
    *status = pg_script(context, pg, "BEGIN");
    return true;
}

enum pg_status pg_close_frame(struct co_context *context, struct pg *pg, enum pg_status status)
{
    char state[sizeof pg->sqlstate], message[sizeof pg->message];
    bool committed = false;
    if (status == PG_OK) {
        status = pg_load(context, pg, "COMMIT", NULL, 0, &committed);
        return status == PG_OK && !committed ? PG_LOST : status;
    }
    if (status == PG_ERROR) {
        memcpy(state, pg->sqlstate, sizeof state);
        memcpy(message, pg->message, sizeof message);
        if (pg_script(context, pg, "ROLLBACK") != PG_OK)
            return PG_LOST;
        memcpy(pg->sqlstate, state, sizeof state);
        memcpy(pg->message, message, sizeof message);
    }
    return status;
}
