/* SPDX-License-Identifier: MIT */
#include "ledger/domain/name.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "coro/ensure.h"

/* Printable ASCII is its own normal form: nearly all names are nothing else. */
static bool is_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

/* Neither controls nor what separates lines and paragraphs: a name stays on its line. */
static bool shows(ucs4_t c)
{
    return !uc_is_general_category(c, UC_CATEGORY_Cc) &&
           !uc_is_general_category(c, UC_CATEGORY_Zl) && !uc_is_general_category(c, UC_CATEGORY_Zp);
}

static bool is_shown(const uint8_t *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        ucs4_t c;
        int size = u8_mbtouc(&c, text + at, length - at);
        if (size <= 0 || !shows(c))
            return false;
        at += (size_t)size;
    }
    return true;
}

/* Text in normal form is what normalizing makes of it; what does not fit is longer, so it
 * differs. */
static bool is_normal(const uint8_t *text, size_t length)
{
    uint8_t normal[NAME_MAX_BYTES + 1];
    size_t room = sizeof normal;
    uint8_t *made = u8_normalize(UNINORM_NFC, text, length, normal, &room);
    bool same = made == normal && room == length && memcmp(normal, text, length) == 0;
    if (made && made != normal)
        free(made);
    return same;
}

bool name_is_valid(const char *text, size_t max)
{
    co_ensure(max <= NAME_MAX_BYTES);
    size_t length = strnlen(text, max + 1);
    if (length < 1 || length > max)
        return false;
    const uint8_t *bytes = (const uint8_t *)text;
    return is_ascii(text, length) ||
           (!u8_check(bytes, length) && is_shown(bytes, length) && is_normal(bytes, length));
}
