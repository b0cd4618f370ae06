/* SPDX-License-Identifier: MIT */
#include "ledger/bank/bank_name.h"

#include <string.h>

#include "ledger/lease/lease.h"

bool bank_name_is_valid(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strspn(name, allowed);
    /* "." and ".." are parts of a path that clients take out. */
    return length >= 1 && length < LEASE_NAME && name[length] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}
