-- SPDX-License-Identifier: MIT
-- wrk's script for teller: transfers of 10 between the accounts that `teller-load transfers` makes,
-- each with an Idempotency-Key that was never used and rises with time. From the environment:
-- TOKEN, ACCOUNTS, and HOT=1 for transfers that all leave the first account.
local accounts = tonumber(os.getenv("ACCOUNTS"))
local hot = os.getenv("HOT") == "1"
local run = string.format("%x-%x-", os.time(), math.random(0, 0xffffff))
local sent = 0
local headers = {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. os.getenv("TOKEN"),
}

math.randomseed(os.time())

function request()
    local from = hot and 1 or math.random(1, accounts)
    local to = math.random(1, accounts - 1)
    if to >= from then
        to = to + 1
    end
    sent = sent + 1
    headers["Idempotency-Key"] = string.format('"%s%08x"', run, sent)
    return wrk.format("POST", "/v1/ledgers/main/transfers", headers,
        string.format('{"from":"load-%07d","to":"load-%07d","amount":10}', from, to))
end
