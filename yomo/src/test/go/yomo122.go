//go:build !yomo116

package main

import (
	"github.com/yomorun/yomo"
	"github.com/yomorun/yomo/serverless"
)

const version = "1.22"

func awaitZipper(address, given string) {
	probe := yomo.NewSource("probe", address, yomo.WithSourceReConnect(), yomo.WithCredential(given))
	check(probe.Connect())
	_ = probe.Close()
}

func writeWithTarget(s yomo.Source, tag uint32, data []byte, target string) error {
	return s.WriteWithTarget(tag, data, target)
}

func origin(ctx serverless.Context) (source, tid string) {
	source, _ = ctx.Metadata("yomo-source-id")
	tid, _ = ctx.Metadata("yomo-tid")
	return source, tid
}
