/* SPDX-License-Identifier: MIT */
/*
 * For which request the running coroutine works: the log writes its id into each line that the
 * coroutine causes, wherever that is, so that nothing has to be handed down for it.
 */
#ifndef SERVER_TEXT_LOG_REQUEST_H
#define SERVER_TEXT_LOG_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_REQUEST_ID = 129 };

struct log_request {
    uint64_t coroutine; /* 0: of none */
    const char *id;
    struct log_request *next; /* in its bucket */
};

/* From now on the running coroutine works for that request, until log_request_end(), which it calls
 * itself. It works for none now; `id` stays as long, as does the struct. An empty id counts as
 * none. Neither parks. */
void log_request_begin(struct log_request *request, const char *id);
void log_request_end(struct log_request *request);

/* The id of the request that a coroutine works for, by its number (co_id()); "" and false: none.
 * From any thread; never parks. */
bool log_request_of(uint64_t coroutine, char id[LOG_REQUEST_ID]);

/* That of the running one: for what it has others do. */
bool log_request_current(char id[LOG_REQUEST_ID]);

#endif
