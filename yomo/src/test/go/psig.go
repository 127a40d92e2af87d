//go:build !psig

package main

import (
	"github.com/vmihailenco/msgpack/v5"
	"github.com/yomorun/yomo/serverless"
)

type channelEvent struct {
	Event string `msgpack:"event"`
	Data  string `msgpack:"data"`
}

// psig answers an event as psig's WriteEvent does: the signalling that came, with another payload, sid and p being the
// function's name.
func psig(ctx serverless.Context, name string) {
	var message signalling
	if err := msgpack.Unmarshal(ctx.Data(), &message); err != nil {
		say("ERROR %v", err)
		return
	}
	if message.Type != "data" {
		return
	}
	var event channelEvent
	if err := msgpack.Unmarshal(message.Payload, &event); err != nil {
		say("ERROR %v", err)
		return
	}
	payload, err := msgpack.Marshal(&channelEvent{Event: "re:" + event.Event, Data: event.Data})
	check(err)
	message.Payload, message.Sid, message.Cid = payload, name, name
	reply, err := msgpack.Marshal(&message)
	check(err)
	if err := ctx.Write(0x21, reply); err != nil {
		say("ERROR %v", err)
	}
}
