// SPDX-License-Identifier: MIT
// What the teaching page says, in order: a subject, what there is to know of it, the programs that
// show it, and where this service uses it.

export const LESSONS = [
    {
        id: 'goroutines', title: 'Goroutines',
        text: 'A goroutine is a function that runs beside its caller. It costs a stack of a few ' +
            'kilobytes, so there may be a hundred thousand. Here they are called coroutines: ' +
            'go(f, x) is go f(x).',
        examples: ['hello', 'mistake_sleep', 'mistake_variable', 'million'],
        where: 'every HTTP request is answered on a coroutine (server/http). Others commit the ' +
            'journal, audit it, and end the holds whose time is over.',
    },
    {
        id: 'waitgroup', title: 'WaitGroup, Once, errgroup',
        text: 'Whoever starts coroutines waits for them. A wait group counts those that have not ' +
            'finished; a group also stops the others at the first error; once does a thing for ' +
            'the first who needs it, and the rest wait until it is done.',
        examples: ['fan_in', 'once', 'group'],
        where: 'a job for the owner carries a wait group of one, for which its sender waits ' +
            '(ledger/strategy/owner.c). A ledger closes when all its users have left ' +
            '(ledger/bank/ledger_open.c).',
    },
    {
        id: 'unbuffered', title: 'Channels without a buffer',
        text: 'A send waits until somebody receives: the two meet, and what one did before the ' +
            'meeting the other sees after it.',
        examples: ['unbuffered', 'mistake_nobody', 'sieve'],
        where: 'the end of a context is such a channel, which nothing is ever sent on: it is ' +
            'closed, and all who wait for it go on (coro/context.h).',
    },
    {
        id: 'buffered', title: 'Channels with a buffer',
        text: 'A send waits only while the buffer is full, a receive only while it is empty. A ' +
            'bounded buffer is how a fast producer is made to wait for slow consumers.',
        examples: ['buffered', 'producer_consumer'],
        where: 'the owner takes its jobs from a channel with room for 1,024; beyond that the ' +
            'senders wait, and memory does not grow. Idle connections to the database lie in a ' +
            'channel, too: to take one is to receive (ledger/db/readers.c).',
    },
    {
        id: 'close', title: 'Closing, and range',
        text: 'Closing says "no more". Receivers still get what is in the buffer, then learn ' +
            'that it is over. Sending on a closed channel is a panic in Go, and a status here.',
        examples: ['close_range'],
        where: 'a ledger that closes also closes the channel of its owner: what was sent before ' +
            'is still decided, then the owner returns (ledger/strategy/owner.c).',
    },
    {
        id: 'directions', title: 'Channel directions',
        text: 'A function that is given only the sending end cannot receive. The compiler says ' +
            'so, not a test.',
        examples: ['directions'],
        where: 'the rest of the ledger goes further, and sees no channel at all: it calls ' +
            'strategy_run(), and cannot know whether a message or a lock is behind it.',
    },
    {
        id: 'select', title: 'Select, with timeout and default',
        text: 'Select waits for whichever of several channels is ready first. With a timeout it ' +
            'gives up; with a default it does not wait at all.',
        examples: ['select_timeout', 'ticker', 'signals'],
        where: 'a reader waits for a free connection or for the end of its request, whichever is ' +
            'first (ledger/db/readers.c). Whether tokens have changed is asked five times a ' +
            'second, and sooner if somebody is waiting to know (server/auth/token_cache.c).',
    },
    {
        id: 'pool', title: 'Worker pools and semaphores',
        text: 'However many jobs there are, only a few are done at a time, so that what is ' +
            'behind them is not overrun.',
        examples: ['worker_pool', 'pool', 'semaphore'],
        where: 'of the large requests only some are parsed at a time: the others wait for a ' +
            'place (server/api/body.c).',
    },
    {
        id: 'fan', title: 'Fan-out and fan-in',
        text: 'Several coroutines read from one channel (out), and their results come together ' +
            'in one (in).',
        examples: ['fan', 'fan_in'],
        where: 'when the database has several hosts, each is asked by a coroutine of its own ' +
            'which of them may write, and the answers are gathered (ledger/db/pg_hosts.c).',
    },
    {
        id: 'pubsub', title: 'Publish and subscribe',
        text: 'Every subscriber gets every item, through a queue of its own. One that is too ' +
            'slow misses some and is told how many, so that nobody waits for it.',
        examples: ['pubsub', 'pubsub_all'],
        where: 'the stream of events that the dashboard follows. It misses nothing: a browser ' +
            'that has fallen behind reads on from the journal, and delays nobody ' +
            '(server/api/journal_events.c).',
    },
    {
        id: 'context', title: 'Context',
        text: 'A context says until when a call is wanted, and takes "stop now" down a tree of ' +
            'calls: by hand, by a deadline, by the first error.',
        examples: ['cancel', 'work_until', 'group'],
        where: 'every request has one with a deadline (server/api/call.c). If it ends before the ' +
            'database has answered, the answer says that the outcome is unknown.',
    },
    {
        id: 'mutex', title: 'Mutex, RWMutex, Cond',
        text: 'Data that stays where it is, and that many touch, is guarded by a lock. The check ' +
            'and the change that it allows must be under the same one.',
        examples: ['double_withdrawal', 'double_withdrawal_mutex', 'rwmutex', 'cond'],
        where: 'the strategy "sharded": each account belongs to one of 256 mutexes ' +
            '(ledger/strategy/sharded.c).',
    },
    {
        id: 'owner', title: 'Share by communicating',
        text: 'Do not communicate by sharing memory; share memory by communicating. One ' +
            'coroutine owns the data, the others send it what they want done.',
        examples: ['double_withdrawal_owner', 'lost_update_channel'],
        where: 'the strategy "owner": one coroutine decides every transfer of a ledger ' +
            '(ledger/strategy/owner.c).',
    },
    {
        id: 'atomics', title: 'Atomics',
        text: 'One number that is only added to needs no lock. As soon as what is written ' +
            'depends on what was read before, atomic accesses alone are not enough.',
        examples: ['lost_update', 'lost_update_atomic', 'lost_update_mutex'],
        where: 'the counters behind /metrics. Never a balance.',
    },
    {
        id: 'leaks', title: 'Leaks',
        text: 'A coroutine that waits for what never comes stays for good. Whoever starts one ' +
            'must know how it ends: by a buffer with room for every answer, or by a context.',
        examples: ['leak', 'leak_buffered', 'leak_cured'],
        where: 'the end of the program lists every coroutine that is left, with the line that ' +
            'spawned it (coro/runtime_report.c); every test program must end with none.',
    },
    {
        id: 'deadlock', title: 'Deadlock',
        text: 'Two locks taken in opposite orders: each coroutine holds what the other one waits ' +
            'for. The cure is one order for everybody.',
        examples: ['deadlock'],
        where: 'a transfer takes the mutexes of its accounts by rising number, however it names ' +
            'them (ledger/strategy/sharded.c).',
    },
    {
        id: 'races', title: 'The race detector, and beyond',
        text: 'go run -race sees two accesses that nothing orders. It says nothing of a check ' +
            'that is out of date, if each access is synchronized. For that, let a seed choose ' +
            'the schedule, try many, and replay the one that breaks: that is the race lab.',
        examples: ['race', 'lost_update', 'seeds'],
        where: 'make tsan runs the tests under ThreadSanitizer, which is told of each coroutine ' +
            'as if it were a thread; make seeds runs them under thousands of schedules.',
    },
    {
        id: 'parallelism', title: 'Concurrency is not parallelism',
        text: 'Concurrency is how a program is put together: of parts that can wait ' +
            'independently. Parallelism is that several of them run at the same moment. Waits ' +
            'overlap on a single processor, too; a long computation gets faster only with more ' +
            'of them.',
        examples: ['parallel'],
        where: 'thousands of requests wait for the same commit, on two processors. The race ' +
            'lab measures what each strategy makes of parallelism.',
    },
];
