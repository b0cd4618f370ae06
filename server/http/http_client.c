/* SPDX-License-Identifier: MIT */
#include "server/http/http_client.h"

#include <string.h>

#include "server/http/forwarded.h"

/* Of what its address is. A proxy carries many clients, which are limited each by itself. */
static void judge(struct http_client *client, const struct http_client_rules *rules)
{
    client->is_proxy = client->is_known && address_is_in(&rules->proxies, client->address);
    client->is_limited =
        client->is_known && !client->is_proxy && !address_is_in(&rules->trusted, client->address);
}

void http_client_of_peer(
    struct http_client *peer, const struct http_client_rules *rules, const struct sockaddr *from)
{
    *peer = (struct http_client){.is_known = false};
    peer->is_known = from && address_read(from, peer->address);
    judge(peer, rules);
}

void http_client_of_head(struct http_client *client, const struct http_client *peer,
    const struct http_client_rules *rules, const struct http_head *head, const char *bytes)
{
    struct forwarded forwarded;
    *client = *peer;
    if (!head || !peer->is_proxy)
        return;
    forwarded_read(&forwarded, &rules->proxies, head, bytes);
    client->is_secret = forwarded.is_secret;
    if (forwarded.said == FORWARDED_CLIENT) {
        memcpy(client->address, forwarded.client, ADDRESS_BYTES);
        judge(client, rules);
    }
    /* All of them together, or a client would escape its limits by what nobody understands. */
    if (forwarded.said == FORWARDED_UNCLEAR)
        client->is_limited = true;
}
