/* SPDX-License-Identifier: MIT */
#include "server/cmd/config_file.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What settings are as texts: there as long as the process, as the values of options are. */
static struct {
    char bytes[16384];
    size_t used;
} texts;

/* Room for one more text: it is kept by keep_text(), once it has been written. */
static char *next_text(size_t *room)
{
    *room = sizeof texts.bytes - texts.used;
    return texts.bytes + texts.used;
}

/* NULL: it was too long. */
static const char *keep_text(size_t length)
{
    const char *text = texts.bytes + texts.used;
    if (length >= sizeof texts.bytes - texts.used)
        return NULL;
    texts.used += length + 1;
    return text;
}

static const char *number_text(const config_setting_t *from)
{
    size_t room;
    char *text = next_text(&room);
    long long number = config_setting_type(from) == CONFIG_TYPE_INT
                           ? config_setting_get_int(from)
                           : config_setting_get_int64(from);
    return keep_text((size_t)snprintf(text, room, "%lld", number));
}

/* NULL: not all of them are texts. */
static const char *list_text(const config_setting_t *from, const char *between)
{
    size_t room, used = 0;
    char *text = next_text(&room);
    *text = '\0';
    for (int i = 0; i < config_setting_length(from) && used < room; i++) {
        const char *item = config_setting_get_string_elem(from, i);
        if (!item)
            return NULL;
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? between : "", item);
    }
    return keep_text(used);
}

static struct config_setting setting_of(const config_setting_t *from, const char *path)
{
    struct config_setting setting = {.file = config_setting_source_file(from),
        .key = config_setting_name(from),
        .line = config_setting_source_line(from),
        .kind = CONFIG_OTHER};
    if (!setting.file)
        setting.file = path;
    switch (config_setting_type(from)) {
    case CONFIG_TYPE_STRING:
        setting.kind = CONFIG_TEXT;
        setting.text = config_setting_get_string(from);
        break;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        setting.kind = CONFIG_NUMBER;
        setting.text = number_text(from);
        break;
    case CONFIG_TYPE_BOOL:
        setting.kind = CONFIG_SWITCH;
        setting.text = config_setting_get_bool(from) ? "on" : "off";
        break;
    case CONFIG_TYPE_ARRAY:
        setting.kind = CONFIG_LIST;
        setting.text = list_text(from, ",");
        setting.lines = list_text(from, "\n");
        break;
    default:
        break;
    }
    if (!setting.text)
        setting.kind = CONFIG_OTHER;
    return setting;
}

/* False, and said so: the library would end the process over a folder. */
static bool is_readable(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "re");
    bool known = file && fstat(fileno(file), &info) == 0;
    if (!known)
        fprintf(stderr, "teller: cannot read %s: %s\n", path, strerror(errno));
    else if (S_ISDIR(info.st_mode))
        fprintf(stderr, "teller: cannot read %s: it is a folder\n", path);
    bool readable = known && !S_ISDIR(info.st_mode);
    if (file)
        fclose(file);
    return readable;
}

bool config_file_read(
    const char *path, bool (*take)(void *arg, const struct config_setting *setting), void *arg)
{
    static config_t config; /* its texts are the values of options */
    if (!is_readable(path))
        return false;
    config_init(&config);
    if (config_read_file(&config, path) != CONFIG_TRUE) {
        const char *file = config_error_file(&config);
        fprintf(stderr, "teller: %s:%d: %s: a line must be key = value\n", file ? file : path,
            config_error_line(&config), config_error_text(&config));
        return false;
    }

    /* All that is wrong is told at once. */
    bool good = true;
    const config_setting_t *root = config_root_setting(&config);
    for (int i = 0; i < config_setting_length(root); i++) {
        struct config_setting setting =
            setting_of(config_setting_get_elem(root, (unsigned)i), path);
        good = take(arg, &setting) && good;
    }
    return good;
}

bool config_file_is_public(const char *file)
{
    struct stat info;
    return stat(file, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH);
}
