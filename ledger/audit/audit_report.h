/* SPDX-License-Identifier: MIT */
/* What an audit found, whichever kind it was. */
#ifndef LEDGER_AUDIT_AUDIT_REPORT_H
#define LEDGER_AUDIT_AUDIT_REPORT_H

#include <stdint.h>

enum { AUDIT_TEXT = 8192, AUDIT_REASON = 300 };

struct audit_report {
    uint64_t seq; /* the last position of the journal */
    uint64_t entries, postings, accounts, batches, holds;
    uint64_t found;            /* findings, all of them counted */
    uint64_t wrong_seq;        /* the lowest position that something is wrong at; 0: none */
    char text[AUDIT_TEXT];     /* "seq 7: what\n" for each, as far as there is room */
    char reason[AUDIT_REASON]; /* why the audit did not finish (ledger_audit()) */
};

/* Note something that is wrong at a position. Never parks. */
__attribute__((format(printf, 3, 4))) void audit_note(
    struct audit_report *report, uint64_t seq, const char *format, ...);

#endif
