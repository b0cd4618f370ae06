/* SPDX-License-Identifier: MIT */
/* The runtime in C++: typed channels, ranges, select, lambdas as coroutines, scopes that wait. Built
 * and run outside the tree by tests/install, in C++17 and C++20. */
#include <cstdio>
#include <string>

#include "coro/coro.hpp"

static void program()
{
    coro::chan<int> squares(3);
    {
        coro::wait_group senders;
        coro::go([out = squares.sender()] {
            coro::wait_group all;
            for (int i = 1; i <= 10; i++)
                all.go([out, i] { out.send(i * i); });
            all.wait();
            out.close();
        });
        int sum = 0;
        for (int square : squares)
            sum += square;
        std::printf("the squares are together %d\n", sum);
    }

    coro::chan<double> none(0);
    coro::chan<int> one(1);
    double number = 0;
    int item = 7;
    int taken = coro::select(none.when_received(number), one.when_sent(item));
    std::printf("case %d; then %d\n", taken, one.try_recv().value_or(-1));
    std::printf("%s\n", one.try_recv() ? "an item" : "no item");

    std::string text = "a string that is long enough to lie on the heap";
    coro::wait_group group;
    group.go([text] { std::printf("%zu characters were copied\n", text.size()); });
    group.wait();
    coro::yield();
}

int main()
{
    return static_cast<int>(coro::run(program));
}
