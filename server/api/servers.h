/* SPDX-License-Identifier: MIT */
/* The route of the servers: who serves from this database, and which ledgers each has. */
#ifndef SERVER_API_SERVERS_H
#define SERVER_API_SERVERS_H

struct call;

void servers_list(struct call *call);

#endif
