// SPDX-License-Identifier: MIT
// The rows of coro/bench/bench.c on Boost.Fiber, for bench/peers.sh: its default scheduler, which is
// one thread, and its pooled stacks, which have no guard page. Not here: select, contexts.
#include "coro/bench/peers/peer.h"

#include <memory>
#include <vector>

#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;

// Those of a row, to be waited for.
class group {
public:
    template <typename Function> void spawn(Function &&function)
    {
        members_.emplace_back(std::allocator_arg, stacks_, std::forward<Function>(function));
    }
    void wait()
    {
        for (auto &member : members_)
            member.join();
        members_.clear();
    }

private:
    static fibers::pooled_fixedsize_stack stacks_;
    std::vector<fibers::fiber> members_;
};
fibers::pooled_fixedsize_stack group::stacks_;

using buffered = fibers::buffered_channel<int64_t>;
using unbuffered = fibers::unbuffered_channel<int64_t>;
static const auto OK = fibers::channel_op_status::success;

static void bench_spawn()
{
    group all;
    for (int i = 0; i < OPS; i++) {
        all.spawn([] {});
        if (i % FLOCK == FLOCK - 1)
            all.wait();
    }
    all.wait();
}

static void bench_pingpong()
{
    unbuffered there, back;
    group all;
    all.spawn([&] {
        int64_t item;
        while (there.pop(item) == OK)
            MUST(back.push(item) == OK);
    });
    for (int64_t i = 0, item; i < OPS; i++)
        MUST(there.push(i) == OK && back.pop(item) == OK);
    there.close();
    all.wait();
}

static void sum_up(buffered &from)
{
    int64_t sum = 0, item;
    while (from.pop(item) == OK)
        sum += item;
    MUST(sum > 0);
}

static void bench_buffered()
{
    buffered items{128};
    group all;
    all.spawn([&] { sum_up(items); });
    for (int64_t i = 0; i < OPS; i++)
        MUST(items.push(i) == OK);
    items.close();
    all.wait();
}

static void bench_many_to_one()
{
    buffered items{1024};
    group receiver, senders;
    receiver.spawn([&] { sum_up(items); });
    for (int k = 0; k < CALLERS; k++)
        senders.spawn([&] {
            for (int64_t i = 0; i < OPS / CALLERS; i++)
                MUST(items.push(i) == OK);
        });
    senders.wait();
    items.close();
    receiver.wait();
}

static void bench_yield()
{
    group all;
    for (int k = 0; k < 2; k++)
        all.spawn([] {
            for (int i = 0; i < OPS / 2; i++)
                boost::this_fiber::yield();
        });
    all.wait();
}

struct request {
    int64_t value;
    buffered *reply;
};

static void bench_owner()
{
    fibers::buffered_channel<request> requests{1024};
    group owner, callers;
    owner.spawn([&] {
        int64_t balance = 0;
        request request;
        while (requests.pop(request) == OK) {
            balance += request.value;
            MUST(request.reply->push(balance) == OK);
        }
    });
    for (int k = 0; k < CALLERS; k++)
        callers.spawn([&] {
            buffered reply{2}; // the least it has: room for one
            int64_t balance;
            for (int i = 0; i < OPS / CALLERS; i++)
                MUST(requests.push({1, &reply}) == OK && reply.pop(balance) == OK);
        });
    callers.wait();
    requests.close();
    owner.wait();
}

static void bench_mutex()
{
    fibers::mutex mutex;
    int64_t guarded = 0;
    group all;
    for (int k = 0; k < CALLERS; k++)
        all.spawn([&] {
            for (int i = 0; i < OPS / CALLERS; i++) {
                std::lock_guard<fibers::mutex> held{mutex};
                guarded++;
            }
        });
    all.wait();
}

static void bench_million()
{
    unbuffered gate;
    int arrived = 0;
    group all;
    for (int i = 0; i < CROWD; i++)
        all.spawn([&] {
            int64_t item;
            arrived++;
            MUST(gate.pop(item) == fibers::channel_op_status::closed);
        });
    while (arrived < CROWD)
        boost::this_fiber::yield();
    peer_report_resident();
    gate.close();
    all.wait();
}

static const peer_row rows[] = {
    {"spawn", bench_spawn, OPS},
    {"pingpong", bench_pingpong, OPS},
    {"buffered", bench_buffered, OPS},
    {"many_to_one", bench_many_to_one, OPS},
    {"yield", bench_yield, OPS},
    {"owner", bench_owner, OPS},
    {"mutex", bench_mutex, OPS},
    {"million", bench_million, 1},
};

int main(int argc, char **argv)
{
    for (const auto &row : rows)
        if (peer_is_wanted(&row, argc, argv))
            peer_time(&row);
    return 0;
}
