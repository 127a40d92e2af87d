package main

import (
	"strings"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/yomorun/yomo"
	"github.com/yomorun/yomo/serverless"
)

// The struct has the fields and tags of psig's readme.
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

// node is to the zipper what a prscd written in Go is: a source of 0x20 and a function on 0x20 and 0x21, which drops what
// is of another realm, and hands the rest to the peers of the channel but the one it comes from.
//
//	join PEER CHANNEL        PEER is a sid; nobody is told, as in prscd
//	say PEER HEX             a signalling as the client sends it; a client's peer id is its sid here
//
// It says "TO peer hex" for each frame that a peer would get.
func node(address, given, realm, mesh string) {
	var mutex sync.Mutex
	channels := map[string]map[string]bool{}

	out := yomo.NewSource("prscd-source-"+mesh, address, yomo.WithCredential(credential(given)))
	check(out.Connect())
	in := yomo.NewStreamFunction("prscd-function-"+mesh, address, yomo.WithSfnCredential(credential(given)))
	in.SetObserveDataTags(0x20, 0x21)
	check(in.SetHandler(func(ctx serverless.Context) {
		var message signalling
		if err := msgpack.Unmarshal(ctx.Data(), &message); err != nil || message.AppID != realm {
			return
		}
		from := message.Sid
		message.AppID, message.Sid = "", ""
		frame, err := msgpack.Marshal(&message)
		check(err)
		mutex.Lock()
		defer mutex.Unlock()
		for peer := range channels[message.Channel] {
			if peer != from {
				say("TO %s %x", peer, frame)
			}
		}
	}))
	check(in.Connect())
	say("READY")
	lines(func(line string) {
		words := strings.Split(line, " ")
		mutex.Lock()
		defer mutex.Unlock()
		switch words[0] {
		case "join":
			if channels[words[2]] == nil {
				channels[words[2]] = map[string]bool{}
			}
			channels[words[2]][words[1]] = true
		case "leave":
			delete(channels[words[2]], words[1])
		case "say":
			var message signalling
			check(msgpack.Unmarshal(unhex(words[2]), &message))
			message.Sid, message.Cid, message.AppID, message.MeshID = words[1], words[1], realm, mesh
			frame, err := msgpack.Marshal(&message)
			check(err)
			go func() { check(out.Write(0x20, frame)) }()
		}
	})
	_ = out.Close()
	_ = in.Close()
}
