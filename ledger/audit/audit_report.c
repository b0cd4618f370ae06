/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void audit_note(struct audit_report *report, uint64_t seq, const char *format, ...)
{
    char what[300];
    size_t used = strlen(report->text);
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    report->found++;
    if (report->wrong_seq == 0 || seq < report->wrong_seq)
        report->wrong_seq = seq;
    if (used + strlen(what) + 32 < sizeof report->text)
        snprintf(report->text + used, sizeof report->text - used, "seq %lu: %s\n", seq, what);
}
