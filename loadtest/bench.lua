-- SPDX-License-Identifier: MIT
-- wrk's script for teller: transfers of 10 between the accounts that `teller-load transfers` makes,
-- each with an Idempotency-Key that was never used and rises with time. From the environment:
-- TOKEN, ACCOUNTS, HOT=1 for transfers that all leave the first account, and LEDGERS=N for ledgers
-- bench-1 to bench-N in turn; without it, the ledger main.
local accounts = tonumber(os.getenv("ACCOUNTS"))
local hot = os.getenv("HOT") == "1"
local run = string.format("%x-%x-", os.time(), math.random(0, 0xffffff))
local sent = 0
local ledgers = tonumber(os.getenv("LEDGERS") or "0")
local heads = {} -- of requests, but for key and body: made once, as the load costs what it measures

math.randomseed(os.time())

function init()
    for i = 1, math.max(ledgers, 1) do
        heads[i] = string.format("POST /v1/ledgers/%s/transfers HTTP/1.1\r\nHost: %s:%s\r\n" ..
            "Authorization: Bearer %s\r\nContent-Type: application/json\r\n",
            ledgers > 0 and "bench-" .. i or "main", wrk.host, wrk.port, os.getenv("TOKEN"))
    end
end

function request()
    local from = hot and 1 or math.random(1, accounts)
    local to = math.random(1, accounts - 1)
    if to >= from then
        to = to + 1
    end
    sent = sent + 1
    local body = string.format('{"from":"load-%07d","to":"load-%07d","amount":10}', from, to)
    return string.format('%sContent-Length: %d\r\nIdempotency-Key: "%s%08x"\r\n\r\n%s',
        heads[sent % #heads + 1], #body, run, sent, body)
end
