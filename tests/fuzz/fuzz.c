/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "coro/runtime.h"

/* Of libFuzzer. */
int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*one_input)(const uint8_t *bytes, size_t length));

struct arguments {
    int count, code;
    char **texts;
};

char *fuzz_text(const uint8_t *bytes, size_t length)
{
    const uint8_t *nul = length ? memchr(bytes, 0, length) : NULL;
    size_t size = nul ? (size_t)(nul - bytes) : length;
    char *text = malloc(size + 1);
    co_ensure(text);
    if (size)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

static void drive(void *arg)
{
    struct arguments *arguments = arg;
    arguments->code =
        LLVMFuzzerRunDriver(&arguments->count, &arguments->texts, LLVMFuzzerTestOneInput);
}

/* All of libFuzzer as one coroutine: a runtime for each input would take a hundred times as long.
 * */
int main(int argc, char **argv)
{
    const struct co_runtime_options options = {
        .workers = 1, .stack_size = 16 << 20, .max_coroutines = 64};
    struct arguments arguments = {.count = argc, .texts = argv};
    co_ensure(co_runtime_run(&options, drive, &arguments) == 0);
    return arguments.code;
}
