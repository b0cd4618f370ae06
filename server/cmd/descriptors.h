/* SPDX-License-Identifier: MIT */
/* How many files and sockets the process may have open. */
#ifndef SERVER_CMD_DESCRIPTORS_H
#define SERVER_CMD_DESCRIPTORS_H

#include <stddef.h>

/* Raise the limit to the hard one. How many of them connections and streams may take, which is
 * logged if it is too few for so many; 0: as many as they like. */
size_t descriptors_raise(size_t connections, size_t streams);

#endif
