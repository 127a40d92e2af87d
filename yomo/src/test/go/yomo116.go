//go:build yomo116

package main

import (
	"errors"
	"time"

	"github.com/yomorun/yomo"
	"github.com/yomorun/yomo/serverless"
)

const version = "1.16"

// This version's sources try once.
func awaitZipper(address, given string) {
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		probe := yomo.NewSource("probe", address, yomo.WithCredential(given))
		err := probe.Connect()
		_ = probe.Close()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			check(err)
		}
	}
}

func writeWithTarget(yomo.Source, uint32, []byte, string) error {
	return errors.New("this version has no targets")
}

// Functions of this version are not shown the metadata.
func origin(serverless.Context) (source, tid string) {
	return "-", "-"
}

func vectors(string) {
	fail("the vectors are of the newer version")
}
