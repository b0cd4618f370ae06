/* SPDX-License-Identifier: MIT */
/*
 * The runtime for C++17 and later: channels with a type, coroutines from any callable, and what
 * gives itself back at the end of its scope, over the C headers, which can be included as well.
 *
 *     coro::chan<int> ch(0);
 *     coro::go([out = ch.sender()] { for (int i = 0; i < 3; i++) out.send(i); out.close(); });
 *     for (int i : ch) std::printf("%d\n", i);
 *
 * What parks, and which thread may call what, is as the C header of the function says. Memory that
 * runs out is std::bad_alloc where a C function would return NULL or false. No exception may leave
 * a coroutine: there is nobody above it, and the program ends (std::terminate).
 */
#ifndef CORO_CORO_HPP
#define CORO_CORO_HPP

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "coro/chan.h"
#include "coro/chan_context.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/waitgroup.h"

namespace coro
{

/* --- channels --------------------------------------------------------------------------------- */

/* The end that sends. By value; the channel is its owner's. */
template <typename T> class sender
{
  public:
    explicit sender(struct co_chan *chan) : chan_(chan)
    {
    }
    /* False: it is closed, nothing was sent. */
    bool send(const T &item) const
    {
        return co_chan_send(chan_, &item) == CO_CHAN_OK;
    }
    /* False: it is closed, or it would have to wait. */
    bool try_send(const T &item) const
    {
        return co_chan_try_send(chan_, &item) == CO_CHAN_OK;
    }
    bool close() const
    {
        return co_chan_close(chan_);
    }
    struct co_select_case when_sent(T &item) const
    {
        return {CO_SELECT_SEND, chan_, &item, CO_CHAN_OK};
    }

  private:
    struct co_chan *chan_;
};

/* The end that receives; a range, too, which ends when the channel is closed and drained. */
template <typename T> class receiver
{
  public:
    explicit receiver(struct co_chan *chan) : chan_(chan)
    {
    }
    /* Nothing: it is closed and drained. */
    std::optional<T> recv() const
    {
        T item;
        return co_chan_recv(chan_, &item) == CO_CHAN_OK ? std::optional<T>(item) : std::nullopt;
    }
    /* Nothing: there is none now. */
    std::optional<T> try_recv() const
    {
        T item;
        return co_chan_try_recv(chan_, &item) == CO_CHAN_OK ? std::optional<T>(item) : std::nullopt;
    }
    struct co_select_case when_received(T &item) const
    {
        return {CO_SELECT_RECV, chan_, &item, CO_CHAN_OK};
    }

    class iterator
    {
      public:
        explicit iterator(struct co_chan *chan) : chan_(chan)
        {
            ++*this;
        }
        iterator() = default;
        const T &operator*() const
        {
            return item_;
        }
        iterator &operator++()
        {
            if (co_chan_recv(chan_, &item_) != CO_CHAN_OK)
                chan_ = nullptr;
            return *this;
        }
        bool operator!=(const iterator &other) const
        {
            return chan_ != other.chan_;
        }

      private:
        struct co_chan *chan_ = nullptr; /* nullptr: at the end */
        T item_{};
    };
    iterator begin() const
    {
        return iterator(chan_);
    }
    iterator end() const
    {
        return iterator();
    }

  private:
    struct co_chan *chan_;
};

/* A channel of T, whose bytes are copied. It must outlive all that use it. */
template <typename T> class chan : public sender<T>, public receiver<T>
{
    static_assert(std::is_trivially_copyable_v<T>, "items are copied byte by byte");

  public:
    explicit chan(std::size_t capacity = 0) : chan(made(capacity), nullptr)
    {
    }
    chan(const chan &) = delete;
    chan &operator=(const chan &) = delete;
    ~chan()
    {
        co_chan_free(&own_);
    }
    coro::sender<T> sender() const
    {
        return coro::sender<T>(own_);
    }
    coro::receiver<T> receiver() const
    {
        return coro::receiver<T>(own_);
    }
    std::size_t size() const
    {
        return co_chan_len(own_);
    }
    std::size_t capacity() const
    {
        return co_chan_cap(own_);
    }

  private:
    chan(struct ::co_chan *own, std::nullptr_t)
        : coro::sender<T>(own), coro::receiver<T>(own), own_(own)
    {
    }
    static struct ::co_chan *made(std::size_t capacity)
    {
        struct ::co_chan *made = co_chan_make(sizeof(T), capacity);
        if (!made)
            throw std::bad_alloc();
        return made;
    }
    struct ::co_chan *own_;
};

/* The index of the case that was done: coro::select(a.when_received(x), b.when_sent(y)). */
template <typename... Cases> int select(Cases... cases)
{
    struct co_select_case all[] = {cases...};
    return co_select_wait(all, sizeof...(cases));
}

/* --- coroutines ------------------------------------------------------------------------------- */

namespace detail
{
template <typename Function> void call(void *arg) noexcept
{
    std::unique_ptr<Function> function(static_cast<Function *>(arg));
    (*function)();
}
} // namespace detail

/* Call a copy of `function` as a coroutine of its own. */
template <typename Function> void go(Function &&function)
{
    using copy = std::decay_t<Function>;
    static const struct co_site site = {"coro::go", __FILE__, __LINE__};
    auto held = std::make_unique<copy>(std::forward<Function>(function));
    if (!co_spawn_at(&site, detail::call<copy>, held.get()))
        throw std::bad_alloc();
    held.release();
}

inline void yield()
{
    co_give_way();
}

/* Waits at the end of its scope for all that it started. */
class wait_group
{
  public:
    wait_group() = default;
    wait_group(const wait_group &) = delete;
    wait_group &operator=(const wait_group &) = delete;
    ~wait_group()
    {
        wait();
    }
    template <typename Function> void go(Function &&function)
    {
        co_waitgroup_add(&group_, 1);
        try {
            coro::go(
                [this, call = std::decay_t<Function>(std::forward<Function>(function))]() mutable {
                    call();
                    co_waitgroup_done(&group_);
                });
        } catch (...) {
            co_waitgroup_done(&group_);
            throw;
        }
    }
    void wait()
    {
        co_waitgroup_wait(&group_);
    }

  private:
    struct co_waitgroup group_ = {};
};

/* Run `program` as the first coroutine; how many were left behind when it had returned. */
template <typename Program>
std::size_t run(Program &&program, const co_runtime_options *options = nullptr)
{
    std::decay_t<Program> called(std::forward<Program>(program));
    return co_runtime_run(
        options, [](void *arg) { (*static_cast<std::decay_t<Program> *>(arg))(); }, &called);
}

} // namespace coro

#endif
