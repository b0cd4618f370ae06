/* SPDX-License-Identifier: MIT */
#include "ledger/bank/duties.h"

#include <stdlib.h>

struct duties *duties_start(const char *conninfo)
{
    struct duties *duties = calloc(1, sizeof *duties);
    if (duties && (!(duties->errands = errands_make(conninfo, PG_SERVES)) ||
                      !co_rota_start("auditor", &duties->auditor) ||
                      !co_rota_start("checkpointer", &duties->checkpointer) ||
                      !co_rota_start("expirer", &duties->expirer)))
        duties_stop(&duties);
    return duties;
}

void duties_stop(struct duties **duties)
{
    struct duties *stopped = *duties;
    *duties = NULL;
    if (!stopped)
        return;
    co_rota_stop(&stopped->auditor);
    co_rota_stop(&stopped->checkpointer);
    co_rota_stop(&stopped->expirer);
    errands_free(&stopped->errands);
    free(stopped);
}
