package main

import (
	"encoding/binary"
	"fmt"
	"sort"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/yomorun/yomo"
	"github.com/yomorun/yomo/serverless"
)

// bench measures a function that echoes 0x30 as 0x31: FRAMES frames of 200 bytes, WINDOW of them under way, and then ROUNDS
// round trips one after the other. It says frames per second, and p50 and p99 of a round trip in microseconds.
func bench(address string, args []string) {
	frames, window, rounds := number(args[0]), number(args[1]), number(args[2])

	var answered atomic.Int64
	room := make(chan struct{}, window)
	arrived := make(chan uint64, 1)
	var timing atomic.Bool
	sink := yomo.NewStreamFunction("bench-sink", address)
	sink.SetObserveDataTags(0x31)
	check(sink.SetHandler(func(ctx serverless.Context) {
		if timing.Load() {
			arrived <- binary.BigEndian.Uint64(ctx.Data())
			return
		}
		answered.Add(1)
		<-room
	}))
	check(sink.Connect())
	source := yomo.NewSource("bench-source", address)
	check(source.Connect())
	say("READY")
	payload := make([]byte, 200)

	run := func(count int) time.Duration {
		answered.Store(0)
		start := time.Now()
		for i := 0; i < count; i++ {
			select {
			case room <- struct{}{}:
			case <-time.After(10 * time.Second):
				say("ERROR %d of %d answers after ten seconds without one", answered.Load(), count)
				fail("lost frames")
			}
			check(source.Write(0x30, payload))
		}
		for deadline := time.Now().Add(10 * time.Second); answered.Load() < int64(count); {
			if time.Now().After(deadline) {
				say("ERROR %d of %d answers", answered.Load(), count)
				fail("lost frames")
			}
			time.Sleep(100 * time.Microsecond)
		}
		return time.Since(start)
	}
	run(frames / 2)
	took := run(frames)

	timing.Store(true)
	trips := make([]time.Duration, 0, rounds)
	for i := 0; i < rounds/4+rounds; i++ {
		binary.BigEndian.PutUint64(payload, uint64(i))
		start := time.Now()
		check(source.Write(0x30, payload))
		if got := <-arrived; got != uint64(i) {
			fail(fmt.Sprintf("answer %d for %d", got, i))
		}
		if i >= rounds/4 {
			trips = append(trips, time.Since(start))
		}
	}
	sort.Slice(trips, func(i, j int) bool { return trips[i] < trips[j] })
	say("RESULT %.0f %.1f %.1f", float64(frames)/took.Seconds(), micros(trips[len(trips)/2]), micros(trips[len(trips)*99/100]))
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}
