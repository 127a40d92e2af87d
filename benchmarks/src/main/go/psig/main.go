// Encodes and decodes one signalling with the library that psig and prscd use, for the table of PsigBenchmark.
//
//	go run . HEX
//
// HEX is the encoded signalling. Each line of the output: a name, nanoseconds, bytes and allocations for each call.
package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

type signalling struct {
	Type    string `msgpack:"t"`
	OpCode  string `msgpack:"op,omitempty"`
	Channel string `msgpack:"c"`
	Sid     string `msgpack:"sid,omitempty"`
	Payload []byte `msgpack:"pl,omitempty"`
	Cid     string `msgpack:"p"`
	AppID   string `msgpack:"app,omitempty"`
	MeshID  string `msgpack:"mesh,omitempty"`
}

var sink interface{}

func main() {
	message, err := hex.DecodeString(os.Args[1])
	check(err)
	var s signalling
	check(msgpack.Unmarshal(message, &s))
	encoded, err := msgpack.Marshal(&s)
	check(err)
	if !bytes.Equal(encoded, message) {
		check(fmt.Errorf("encoded as %x", encoded))
	}

	report("encode", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			encoded, _ := msgpack.Marshal(&s)
			sink = encoded
		}
	})
	report("decode", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			var decoded signalling
			check(msgpack.Unmarshal(message, &decoded))
			sink = &decoded
		}
	})
}

func report(name string, f func(b *testing.B)) {
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		f(b)
	})
	fmt.Printf("%s %.1f %d %d\n", name, float64(r.T.Nanoseconds())/float64(r.N), r.AllocedBytesPerOp(), r.AllocsPerOp())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
