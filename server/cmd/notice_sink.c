/* SPDX-License-Identifier: MIT */
#include "server/cmd/notice_sink.h"

#include <stddef.h>
#include <stdio.h>

#include "ledger/notice.h"
#include "server/process/supervisor.h"
#include "server/text/log.h"

static void print(void *arg, enum notice_grade grade, const char *text)
{
    (void)arg, (void)grade;
    fprintf(stderr, "teller: %s\n", text);
}

static void log_it(void *arg, enum notice_grade grade, const char *text)
{
    const _Atomic bool *is_starting = arg;
    switch (grade) {
    case NOTICE_INFO:
        log_info("%s", text);
        if (*is_starting)
            supervisor_status(text);
        break;
    case NOTICE_TROUBLE:
        log_error("%s", text);
        break;
    }
}

void notice_sink_terminal(void)
{
    notice_to((struct notice_listener){.hear = print});
}

void notice_sink_log(_Atomic bool *is_starting)
{
    notice_to((struct notice_listener){.hear = log_it, .arg = is_starting});
}
