/* SPDX-License-Identifier: MIT */
/*
 * A configuration file: a list of settings "key = value", read by libconfig. A value is a text in
 * quotation marks, a whole number, true or false, or a list of texts, ["a", "b"]; a comment begins
 * with #. Such a list is TOML, too. What keys there are and what they take is not known here.
 */
#ifndef SERVER_CMD_CONFIG_FILE_H
#define SERVER_CMD_CONFIG_FILE_H

#include <stdbool.h>

#include "coro/ensure.h"

enum config_kind { CONFIG_TEXT, CONFIG_NUMBER, CONFIG_SWITCH, CONFIG_LIST, CONFIG_OTHER };

struct config_setting {
    const char *file, *key; /* as long as the process lasts, as the text */
    unsigned line;
    enum config_kind kind;
    const char *text;  /* a number in digits, a switch as "on" or "off", a list with commas */
    const char *lines; /* a list, a line for each; NULL: it is none */
};

/*
 * Hand each setting to `take`, in their order; false, once all were: `take` was once false, or the
 * file cannot be read, which is said on stderr with the line. Once in a process. May block.
 */
CO_MUST_CHECK bool config_file_read(
    const char *path, bool (*take)(void *arg, const struct config_setting *setting), void *arg);

/* May users read it who are neither its owner nor of its group? */
bool config_file_is_public(const char *file);

#endif
