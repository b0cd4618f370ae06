-- SPDX-License-Identifier: MIT
-- wrk's script for gobank: the same transfers that ../../bench.lua sends to teller. From the
-- environment: ACCOUNTS, and HOT=1 for transfers that all leave the first account.
local accounts = tonumber(os.getenv("ACCOUNTS"))
local hot = os.getenv("HOT") == "1"
local headers = { ["Content-Type"] = "application/json" }

math.randomseed(os.time())

function request()
    local from = hot and 1 or math.random(1, accounts)
    local to = math.random(1, accounts - 1)
    if to >= from then
        to = to + 1
    end
    return wrk.format("POST", "/transfers", headers,
        string.format('{"from":%d,"to":%d,"amount":10}', from, to))
end
