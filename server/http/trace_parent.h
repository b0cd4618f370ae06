/* SPDX-License-Identifier: MIT */
/*
 * The trace that a request belongs to: the header traceparent (W3C Trace Context, level 1 and 2).
 * We begin no trace and make no span; the log names those of the sender, so that its lines are
 * found from there. tracestate is the business of others.
 */
#ifndef SERVER_HTTP_TRACE_PARENT_H
#define SERVER_HTTP_TRACE_PARENT_H

#include <stdbool.h>
#include <stddef.h>

enum { TRACE_ID_DIGITS = 32, TRACE_SPAN_DIGITS = 16 };

struct trace_parent {
    char trace[TRACE_ID_DIGITS + 1];  /* "": there is none */
    char span[TRACE_SPAN_DIGITS + 1]; /* the sender's, in which the request was sent */
};

/* Read the header as the recommendation says, 3.2.2: lower-case digits alone, no id of zeros; of a
 * version that is not known yet, what it has in common with version 00. False: it is to be ignored,
 * and *parent is empty. */
bool trace_parent_read(struct trace_parent *parent, const char *text, size_t length);

#endif
