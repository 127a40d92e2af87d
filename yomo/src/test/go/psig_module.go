//go:build psig

package main

import (
	module "github.com/yomorun/psig"
	"github.com/yomorun/yomo/serverless"
)

// psig answers an event by the module itself.
func psig(ctx serverless.Context, name string) {
	context, err := module.NewContext(ctx, name)
	if err != nil {
		say("ERROR %v", err)
		return
	}
	if context.ReadSignalling().Type != module.SigData {
		return
	}
	event, err := context.ReadEvent()
	if err != nil {
		say("ERROR %v", err)
		return
	}
	if err := context.WriteEvent(&module.ChannelEvent{Event: "re:" + event.Event, Data: event.Data}); err != nil {
		say("ERROR %v", err)
	}
}
