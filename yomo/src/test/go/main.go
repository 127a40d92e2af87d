// The other side of the tests: zippers, sources, functions and mesh nodes as Go has them, of the public module
// github.com/yomorun/yomo, and the golden vectors of its codec.
//
//	peer vectors DIRECTORY
//	peer zipper ADDRESS [CREDENTIAL]
//	peer source ADDRESS CREDENTIAL NAME
//	peer function ADDRESS CREDENTIAL NAME TAGS print|echo=TAG|psig
//	peer node ADDRESS CREDENTIAL REALM MESH
//	peer bench ADDRESS FRAMES WINDOW ROUNDS
//	peer version
//
// A credential of "-" is none, tags are in hex with commas. What it says to the test is a line that begins with "@"; what
// the test says are lines on its standard input, at whose end it exits.
//
// Built with -tags yomo116 it is a program over github.com/yomorun/yomo v1.16.2, and with -tags psig its function is one over
// github.com/yomorun/psig v1.0.0; go.mod then wants "require" and "replace" lines for what the module proxy does not have.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/yomorun/yomo"
	"github.com/yomorun/yomo/serverless"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		say("%s", version)
		return
	}
	if len(os.Args) < 3 {
		fail("usage: see main.go")
	}
	args := os.Args[2:]
	switch os.Args[1] {
	case "vectors":
		vectors(args[0])
	case "zipper":
		zipper(args)
	case "source":
		source(args[0], args[1], args[2])
	case "function":
		function(args[0], args[1], args[2], args[3], args[4])
	case "node":
		node(args[0], args[1], args[2], args[3])
	case "bench":
		bench(args[0], args[1:])
	default:
		fail("no such role: " + os.Args[1])
	}
}

var saying sync.Mutex

func say(format string, args ...any) {
	saying.Lock()
	defer saying.Unlock()
	fmt.Printf("@"+format+"\n", args...)
}

func fail(what any) {
	fmt.Fprintln(os.Stderr, what)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		say("ERROR %v", err)
		os.Exit(1)
	}
}

// lines calls with each line of the standard input, and returns at its end.
func lines(each func(string)) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		each(in.Text())
	}
}

func credential(text string) string {
	if text == "-" {
		return ""
	}
	return text
}

func zipper(args []string) {
	var options []yomo.ZipperOption
	given := ""
	if len(args) > 1 {
		given = args[1]
		name, payload, _ := strings.Cut(given, ":")
		options = append(options, yomo.WithAuth(name, payload))
	}
	z, err := yomo.NewZipper("zipper", nil, options...)
	check(err)
	go func() {
		check(z.ListenAndServe(context.Background(), args[0]))
	}()
	awaitZipper(args[0], given)
	say("READY")
	lines(func(string) {})
	os.Exit(0)
}

// A line is a tag in hex, a blank, the data in hex; a third word is a target.
func source(address, given, name string) {
	s := yomo.NewSource(name, address, yomo.WithCredential(credential(given)))
	check(s.Connect())
	say("READY")
	lines(func(line string) {
		words := strings.Split(line, " ")
		if len(words) > 2 {
			check(writeWithTarget(s, tag(words[0]), unhex(words[1]), words[2]))
		} else {
			check(s.Write(tag(words[0]), unhex(words[1])))
		}
	})
	_ = s.Close()
	os.Exit(0)
}

func function(address, given, name, tags, answer string) {
	f := yomo.NewStreamFunction(name, address, yomo.WithSfnCredential(credential(given)))
	var observed []uint32
	for _, each := range strings.Split(tags, ",") {
		observed = append(observed, tag(each))
	}
	f.SetObserveDataTags(observed...)
	check(f.SetHandler(func(ctx serverless.Context) {
		switch {
		case answer == "print":
			source, tid := origin(ctx)
			say("DATA %x %x source=%s tid=%s", ctx.Tag(), ctx.Data(), source, tid)
		case answer == "psig":
			psig(ctx, name)
		default:
			_, reply, _ := strings.Cut(answer, "=")
			if err := ctx.Write(tag(reply), ctx.Data()); err != nil {
				say("ERROR %v", err)
			}
		}
	}))
	check(f.Connect())
	say("READY")
	lines(func(string) {})
	_ = f.Close()
	os.Exit(0)
}

func tag(text string) uint32 {
	number, err := strconv.ParseUint(text, 16, 32)
	check(err)
	return uint32(number)
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	check(err)
	return data
}
