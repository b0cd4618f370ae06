// SPDX-License-Identifier: MIT

// Package bench measures Go's own primitives, each as coro/bench/bench.c measures ours: the same
// shape, the same number of goroutines, the same rooms of channels.
package bench

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Rooms and crowds that both sides use.
const (
	flock   = 1000 // goroutines that are started before they are waited for
	buffer  = 128
	senders = 64
	queue   = 1024
	parked  = 1000000
)

// sink receives until the channel is closed, and tells the sum.
func sink(from <-chan int) <-chan int {
	sum := make(chan int)
	go func() {
		total := 0
		for v := range from {
			total += v
		}
		sum <- total
	}()
	return sum
}

// share runs work in `senders` goroutines, an equal part of n each, and waits for all.
func share(n int, work func(part int)) {
	var wg sync.WaitGroup
	for i := 0; i < senders; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			work(n / senders)
		}()
	}
	wg.Wait()
}

func BenchmarkSpawn(b *testing.B) {
	var wg sync.WaitGroup
	for i := 1; i <= b.N; i++ {
		wg.Add(1)
		go func() { wg.Done() }()
		if i%flock == 0 {
			wg.Wait()
		}
	}
	wg.Wait()
}

func BenchmarkPingPong(b *testing.B) {
	ping, pong := make(chan int), make(chan int)
	go func() {
		defer close(pong)
		for v := range ping {
			pong <- v
		}
	}()
	for i := 0; i < b.N; i++ {
		ping <- i
		<-pong
	}
	close(ping)
}

func BenchmarkBuffered(b *testing.B) {
	items := make(chan int, buffer)
	sum := sink(items)
	for i := 0; i < b.N; i++ {
		items <- i
	}
	close(items)
	<-sum
}

func BenchmarkManyToOne(b *testing.B) {
	items := make(chan int, queue)
	sum := sink(items)
	share(b.N, func(part int) {
		for i := 0; i < part; i++ {
			items <- i
		}
	})
	close(items)
	<-sum
}

func BenchmarkYield(b *testing.B) {
	for i := 0; i < b.N; i++ {
		runtime.Gosched()
	}
}

func BenchmarkSelect(b *testing.B) {
	one, two, quit := make(chan int), make(chan int), make(chan int)
	go func() {
		for {
			select {
			case one <- 1:
			case two <- 2:
			case <-quit:
				return
			}
		}
	}()
	for i := 0; i < b.N; i++ {
		select {
		case <-one:
		case <-two:
		}
	}
	close(quit)
}

func BenchmarkOwner(b *testing.B) {
	type request struct {
		amount int
		reply  chan int
	}
	requests := make(chan request, queue)
	go func() {
		balance := 0
		for r := range requests {
			balance += r.amount
			r.reply <- balance
		}
	}()
	share(b.N, func(part int) {
		reply := make(chan int, 1)
		for i := 0; i < part; i++ {
			requests <- request{1, reply}
			<-reply
		}
	})
	close(requests)
}

func BenchmarkMutex(b *testing.B) {
	var mutex sync.Mutex
	count := 0
	b.SetParallelism(senders / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mutex.Lock()
			count++
			mutex.Unlock()
		}
	})
}

func BenchmarkContext(b *testing.B) {
	for i := 0; i < b.N; i++ {
		_, cancel := context.WithTimeout(context.Background(), time.Second)
		cancel()
	}
}

// BenchmarkUneven has jobs, one in eight of them eight times as long, done by eight goroutines.
func BenchmarkUneven(b *testing.B) {
	const hands, light, heavy = 8, 400000, 3200000
	queue := make(chan int, 64)
	var ended sync.WaitGroup
	var result uint64
	ended.Add(hands)
	for k := 0; k < hands; k++ {
		go func() {
			for steps := range queue {
				x := uint64(1)
				for ; steps > 0; steps-- {
					x = x*6364136223846793005 + 1442695040888963407
				}
				atomic.StoreUint64(&result, x)
			}
			ended.Done()
		}()
	}
	runtime.Gosched()
	for i := 0; i < b.N; i++ {
		if i%hands == 0 {
			queue <- heavy
		} else {
			queue <- light
		}
	}
	close(queue)
	ended.Wait()
}

// BenchmarkMillion starts a million goroutines that wait at a channel, wakes them and ends them.
// Run with -benchtime 1x.
func BenchmarkMillion(b *testing.B) {
	for i := 0; i < b.N; i++ {
		gate := make(chan struct{})
		var started, ended sync.WaitGroup
		started.Add(parked)
		ended.Add(parked)
		for k := 0; k < parked; k++ {
			go func() {
				started.Done()
				<-gate
				ended.Done()
			}()
		}
		started.Wait()
		if i == b.N-1 {
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			b.ReportMetric(float64(memory.Sys)/1e9, "GB")
		}
		close(gate)
		ended.Wait()
	}
}
