/* SPDX-License-Identifier: MIT */
#include "ledger/bank/bank_replica.h"

#include "ledger/bank/bank_private.h"
#include "ledger/db/replica.h"

bool bank_replica_start(struct bank *bank)
{
    if (bank->read_conninfo)
        atomic_store(&bank->replica, replica_start(bank->read_conninfo, bank->readers));
    return !bank->read_conninfo || atomic_load(&bank->replica);
}

void bank_replica_stop(struct bank *bank)
{
    struct replica *replica = atomic_load(&bank->replica);
    replica_stop(&replica);
}

bool bank_replica(struct bank *bank, struct bank_replica *figures)
{
    struct replica *replica = atomic_load(&bank->replica);
    struct replica_figures its;
    if (!replica)
        return false;
    replica_read_figures(replica, &its);
    *figures = (struct bank_replica){its.state == REPLICA_GOOD, its.lag_ns, its.passed_on};
    return true;
}
