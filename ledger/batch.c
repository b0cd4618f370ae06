/* SPDX-License-Identifier: MIT */
#include "ledger/batch.h"

#include "ledger/account.h"

/* The columns, in the order in which store.c names them. */
enum { ACCOUNT_COLUMNS = 7, ENTRY_COLUMNS = 10, POSTING_COLUMNS = 10 };

static void encode_account(struct copy *copy, int ledger, const struct entry *entry)
{
    const struct account *account = entry->account;
    copy_row(copy, ACCOUNT_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, account->number);
    copy_text(copy, account->id);
    copy_text(copy, account->asset);
    if (account->has_floor)
        copy_money(copy, account->floor);
    else
        copy_null(copy);
    copy_bigint(copy, entry->seq);
    copy_text(copy, account->metadata);
}

static void encode_entry(struct copy *copy, int ledger, const struct entry *entry)
{
    copy_row(copy, ENTRY_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, entry->seq);
    copy_time(copy, entry->at_us);
    copy_smallint(copy, entry->kind);
    copy_text(copy, entry->key);
    if (entry->key)
        copy_bytes(copy, entry->fingerprint, sizeof entry->fingerprint);
    else
        copy_null(copy);
    if (entry->account)
        copy_bigint(copy, entry->account->number);
    else
        copy_null(copy);
    copy_text(copy, entry->code == LEDGER_OK ? NULL : status_name(entry->code));
    if (entry->code == LEDGER_INSUFFICIENT_FUNDS)
        copy_money(copy, entry->available);
    else
        copy_null(copy);
    copy_text(copy, entry->metadata);
}

static void encode_posting(struct copy *copy, int ledger, const struct entry *entry, uint32_t leg)
{
    const struct posting *posting = &entry->postings[leg];
    copy_row(copy, POSTING_COLUMNS);
    copy_int(copy, ledger);
    copy_bigint(copy, entry->seq);
    copy_smallint(copy, (int)leg);
    copy_bigint(copy, posting->from->number);
    copy_bigint(copy, posting->to->number);
    copy_money(copy, posting->amount);
    copy_money(copy, posting->from_after);
    copy_money(copy, posting->to_after);
    copy_bigint(copy, posting->from_prev);
    copy_bigint(copy, posting->to_prev);
}

static struct pg_data data_of(const struct copy *copy)
{
    return (struct pg_data){copy->bytes, copy->rows ? copy->size : 0};
}

bool batch_encode(
    struct batch *batch, int ledger, const struct entry *first, struct store_batch *out)
{
    copy_start(&batch->accounts);
    copy_start(&batch->entries);
    copy_start(&batch->postings);
    out->first_seq = out->last_seq = first->seq;
    for (const struct entry *entry = first; entry; entry = entry->next_in_batch) {
        if (entry->kind == ENTRY_ACCOUNT)
            encode_account(&batch->accounts, ledger, entry);
        encode_entry(&batch->entries, ledger, entry);
        for (uint32_t leg = 0; leg < entry->posting_count; leg++)
            encode_posting(&batch->postings, ledger, entry, leg);
        ensure(entry == first || entry->seq == out->last_seq + 1);
        out->last_seq = entry->seq;
    }
    if (!copy_finish(&batch->accounts) || !copy_finish(&batch->entries) ||
        !copy_finish(&batch->postings))
        return false;
    out->accounts = data_of(&batch->accounts);
    out->entries = data_of(&batch->entries);
    out->postings = data_of(&batch->postings);
    return true;
}

void batch_free(struct batch *batch)
{
    copy_free(&batch->accounts);
    copy_free(&batch->entries);
    copy_free(&batch->postings);
}
