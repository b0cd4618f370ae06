/* SPDX-License-Identifier: MIT */
#include "lab/strategy/asking.h"

#include <stdlib.h>

void asking_free(void *arg)
{
    struct asking *asking = arg;
    for (int i = 0; asking && i < asking->count; i++)
        co_chan_free(&asking->questions[i].answers);
    free(asking);
}

struct asking *asking_make(struct trial *trial, size_t room, bool with_context)
{
    size_t count = (size_t)trial->clients;
    struct asking *asking = calloc(1, sizeof *asking + count * sizeof *asking->questions);
    if (!asking)
        return NULL;
    for (; asking->count < trial->clients; asking->count++) {
        struct question *question = &asking->questions[asking->count];
        question->asked = &asking->asked;
        question->answers = co_chan_make(sizeof(int64_t), room);
        if (with_context)
            question->context = co_context_with_cancel(co_context_background());
        if (!question->answers || (with_context && !question->context))
            break;
    }
    if (asking->count == trial->clients)
        return asking;
    asking_free(asking);
    return NULL;
}
