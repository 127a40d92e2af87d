// Writes the golden vectors that psig-core is tested against: what Go writes and what Go reads.
//
//	go run . DIRECTORY
//
// The encoder and the decoder are those that psig and prscd use, in the version that psig asks for. The struct has the
// fields and tags of psig's readme.
//
// A line is one vector, its columns are separated by tabs: a name, then bytes in hex, where "5a*300" stands for a run of
// 300 equal bytes, tokens are separated by spaces and "-" is none at all.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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

type channelEvent struct {
	Event string `msgpack:"event"`
	Data  string `msgpack:"data"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . DIRECTORY")
		os.Exit(2)
	}
	write(os.Args[1], "signallings.tsv", "name, t, op, c, sid, pl, p, app, mesh, encoded", signallings())
	write(os.Args[1], "events.tsv", "name, event, data, encoded", events())
	write(os.Args[1], "replies.tsv", "name, message, function, event, data, reply", replies())
	write(os.Args[1], "decoded.tsv", "name, message, then t, op, c, sid, pl, p, app, mesh or the word error", decoded())
	write(os.Args[1], "decoded-events.tsv", "name, payload, then event, data or the word error", decodedEvents())
}

// ---- what Go writes

func signallings() (lines []string) {
	add := func(name string, s signalling) {
		lines = append(lines, line(name, s.Type, s.OpCode, s.Channel, s.Sid, string(s.Payload), s.Cid, s.AppID, s.MeshID,
			string(encode(&s))))
	}
	full := signalling{"data", "op", "room", "sid", []byte("payload"), "ada", "app", "mesh"}
	fields := func(s *signalling) []*string {
		return []*string{&s.Type, &s.OpCode, &s.Channel, &s.Sid, &s.Cid, &s.AppID, &s.MeshID}
	}
	keys := []string{"t", "op", "c", "sid", "p", "app", "mesh"}

	for present := 0; present < 256; present++ {
		s := full
		var name []string
		for i, field := range fields(&s) {
			if present&(1<<i) == 0 {
				*field = ""
			} else {
				name = append(name, keys[i])
			}
		}
		if present&128 == 0 {
			s.Payload = nil
		} else {
			name = append(name, "pl")
		}
		add("fields["+strings.Join(name, " ")+"]", s)
	}
	for i, key := range keys {
		for _, length := range []int{1, 31, 32, 255, 256, 65535, 65536} {
			s := full
			*fields(&s)[i] = text(length)
			add(fmt.Sprintf("%s of %d bytes", key, length), s)
		}
	}
	for _, length := range []int{0, 1, 30, 31, 32, 33, 254, 255, 256, 257, 65534, 65535, 65536, 65537} {
		s := full
		s.Payload = []byte(text(length))
		add(fmt.Sprintf("payload of %d bytes", length), s)
	}
	for _, t := range texts() {
		for i, key := range keys {
			s := full
			*fields(&s)[i] = t
			add(fmt.Sprintf("%s %+q", key, t), s)
		}
	}
	for _, length := range []int{15, 16, 127, 128} {
		s := full
		s.Channel = strings.Repeat("é", length)
		add(fmt.Sprintf("c of %d two-byte characters", length), s)
	}
	for _, op := range []string{"channel_join", "peer_offline", "peer_online", "peer_state"} {
		add("from the client: "+op, signalling{Type: "control", OpCode: op, Channel: "room"})
		add("to the client: "+op, signalling{Type: "control", OpCode: op, Channel: "room", Cid: "bob", MeshID: "m1"})
		add("between nodes: "+op, signalling{"control", op, "room", "127.0.0.1:52000", state(), "bob", "app", "m1"})
	}
	return lines
}

func events() (lines []string) {
	add := func(name, event, data string) {
		lines = append(lines, line(name, event, data, string(encode(&channelEvent{event, data}))))
	}
	add("empty", "", "")
	add("json", "cursor", `{"x":1}`)
	for _, length := range []int{1, 31, 32, 255, 256, 65535, 65536} {
		add(fmt.Sprintf("event of %d bytes", length), text(length), "1")
		add(fmt.Sprintf("data of %d bytes", length), "e", text(length))
	}
	for _, t := range texts() {
		add(fmt.Sprintf("event %+q", t), t, "1")
		add(fmt.Sprintf("data %+q", t), "e", t)
	}
	return lines
}

// What psig's WriteEvent sends: the message that came in, with the event as payload, sid and p the function's name.
func replies() (lines []string) {
	add := func(name, function string, s signalling, event channelEvent) {
		message := encode(&s)
		s.Payload = encode(&event)
		s.Sid = function
		s.Cid = function
		lines = append(lines, line(name, string(message), function, event.Event, event.Data, string(encode(&s))))
	}
	done := channelEvent{"completed", `{"ok":true}`}
	ask := encode(&channelEvent{"ask", "1"})
	add("data", "sfn", signalling{Type: "data", Channel: "room", Payload: ask, Cid: "ada"}, done)
	add("data between nodes", "sfn", signalling{"data", "", "room", "10.0.0.1:5", ask, "ada", "shop", "m1"}, done)
	add("data with op", "sfn", signalling{"data", "1", "room", "10.0.0.1:5", ask, "ada", "shop", "m1"}, done)
	add("without payload", "sfn", signalling{Type: "data", Channel: "room", Cid: "ada", AppID: "shop"}, done)
	add("join", "sfn", signalling{"control", "channel_join", "room", "", nil, "ada", "shop", "m1"}, done)
	add("state", "sfn", signalling{"control", "peer_state", "room", "x", state(), "ada", "shop", "m1"}, done)
	add("empty message", "sfn", signalling{}, channelEvent{})
	add("long event", "sfn", signalling{Type: "data", Channel: "room", Payload: ask}, channelEvent{"e", text(70000)})
	add("names beyond ASCII", "função", signalling{Type: "data", Channel: "комната", Payload: ask, Cid: "Ада"},
		channelEvent{"終", "\"é\""})
	return lines
}

// ---- what Go reads

func decoded() (lines []string) {
	for _, v := range inputs() {
		var s signalling
		if err := msgpack.Unmarshal(v.bytes, &s); err != nil {
			lines = append(lines, line(v.name, string(v.bytes))+"\terror")
		} else {
			lines = append(lines, line(v.name, string(v.bytes), s.Type, s.OpCode, s.Channel, s.Sid, string(s.Payload), s.Cid,
				s.AppID, s.MeshID))
		}
	}
	return lines
}

func decodedEvents() (lines []string) {
	for _, v := range eventInputs() {
		var e channelEvent
		if err := msgpack.Unmarshal(v.bytes, &e); err != nil {
			lines = append(lines, line(v.name, string(v.bytes))+"\terror")
		} else {
			lines = append(lines, line(v.name, string(v.bytes), e.Event, e.Data))
		}
	}
	return lines
}

type input struct {
	name  string
	bytes []byte
}

func inputs() (all []input) {
	add := func(name string, parts ...string) { all = append(all, input{name, []byte(strings.Join(parts, ""))}) }
	t, c, p := "\xa1t\xa4data", "\xa1c\xa4room", "\xa1p\xa3ada"
	pl := "\xa2pl\xc4\x03\x01\x02\x03"

	add("client order", "\x83", t, c, pl)
	add("any order", "\x84", pl, p, c, t)
	add("nothing", "")
	add("nil", "\xc0")
	add("empty map", "\x80")
	add("map16", "\xde\x00\x03", t, c, p)
	add("map32", "\xdf\x00\x00\x00\x03", t, c, p)
	add("empty map32", "\xdf\x00\x00\x00\x00")
	add("array of all fields", "\x98\xa4data\xa2op\xa4room\xa3sid\xc4\x01\x09\xa3ada\xa3app\xa4mesh")
	add("array16 of all fields", "\xdc\x00\x08\xa4data\xa0\xa4room\xa0\xc0\xa3ada\xa0\xa0")
	add("array32 of nils", "\xdd\x00\x00\x00\x08\xc0\xc0\xc0\xc0\xc0\xc0\xc0\xc0")
	add("empty array", "\x90")
	add("empty array16", "\xdc\x00\x00")
	add("array of seven", "\x97\xc0\xc0\xc0\xc0\xc0\xc0\xc0")
	add("array of nine", "\x99\xc0\xc0\xc0\xc0\xc0\xc0\xc0\xc0\xc0")

	for _, v := range []struct{ name, value string }{
		{"nil", "\xc0"}, {"empty", "\xa0"}, {"fixstr", "\xa2ab"}, {"str8", "\xd9\x02ab"}, {"str16", "\xda\x00\x02ab"},
		{"str32", "\xdb\x00\x00\x00\x02ab"}, {"bin8", "\xc4\x02ab"}, {"bin16", "\xc5\x00\x02ab"},
		{"bin32", "\xc6\x00\x00\x00\x02ab"}, {"empty bin", "\xc4\x00"}, {"empty str32", "\xdb\x00\x00\x00\x00"},
		{"integer", "\x07"}, {"true", "\xc3"}, {"float", "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"}, {"map", "\x80"},
		{"array", "\x91\xa1a"}, {"ext", "\xd4\x05\x61"}, {"reserved", "\xc1"},
	} {
		for _, key := range []string{"t", "op", "c", "sid", "pl", "p", "app", "mesh"} {
			add(key+" as "+v.name, "\x81", string([]byte{byte(0xa0 + len(key))}), key, v.value)
		}
	}
	for _, key := range []struct{ name, key string }{
		{"str8", "\xd9\x01c"}, {"str16", "\xda\x00\x01c"}, {"str32", "\xdb\x00\x00\x00\x01c"}, {"bin8", "\xc4\x01c"},
		{"bin16", "\xc5\x00\x01c"}, {"bin32", "\xc6\x00\x00\x00\x01c"},
	} {
		add("key as "+key.name, "\x83", t, key.key, "\xa4room", p)
	}
	for _, key := range []struct{ name, key string }{
		{"nil", "\xc0"}, {"empty", "\xa0"}, {"longer", "\xa2cc"}, {"upper case", "\xa1C"}, {"with zero byte", "\xa2\x00c"},
		{"long", "\xd9\x28" + strings.Repeat("k", 40)}, {"not UTF-8", "\xa1\xff"}, {"empty bin", "\xc4\x00"},
		{"integer", "\x01"}, {"true", "\xc3"}, {"map", "\x81\x01\x02"}, {"array", "\x91\xa1c"}, {"ext", "\xd4\x05c"},
	} {
		add("unknown key: "+key.name, "\x84", t, key.key, "\xa1x", c, p)
	}
	for _, v := range values() {
		add("unknown value: "+v.name, "\x84", t, "\xa1x", string(v.bytes), c, p)
	}
	add("twice: the last counts", "\x84", t, c, "\xa1c\xa5other", p)
	add("twice: nil comes last", "\x84", t, c, "\xa1c\xc0", p)
	add("twice: nil comes first", "\x84", t, "\xa1c\xc0", c, p)
	add("twice: payload", "\x84", t, c, pl, "\xa2pl\xc4\x01\x09")
	add("twice: payload, then nil", "\x84", t, c, pl, "\xa2pl\xc0")
	add("not UTF-8: t", "\x82\xa1t\xa2\xc3\x28", c)
	add("not UTF-8: overlong", "\x81\xa1c\xa2\xc0\xaf")
	add("not UTF-8: surrogate", "\x81\xa1c\xa3\xed\xa0\x80")
	add("not UTF-8: beyond Unicode", "\x81\xa1c\xa4\xf4\x90\x80\x80")
	add("not UTF-8: cut", "\x81\xa1c\xa2a\xe2")
	add("U+FFFD is a character", "\x81\xa1c\xa3\xef\xbf\xbd")
	add("payload is not text", "\x81\xa2pl\xa2\xc3\x28")
	add("trailing byte", "\x83", t, c, p, "\x00")
	add("trailing nil", "\x83", t, c, p, "\xc0")
	add("trailing message", "\x83", t, c, p, "\x83", t, c, p)
	add("more pairs than declared", "\x82", t, c, p)

	add("cut: fewer pairs than declared", "\x84", t, c, p)
	add("cut: key without value", "\x82", t, "\xa1c")
	add("cut: in a key", "\x82", t, "\xa4me")
	add("cut: in a text", "\x82", t, "\xa1c\xa4roo")
	add("cut: in a length", "\x82", t, "\xa1c\xda\x00")
	add("cut: map16 without length", "\xde\x00")
	add("declared: text of 2^31", "\x81\xa1c\xdb\x80\x00\x00\x00ab")
	add("declared: text of 2^32-1", "\x81\xa1c\xdb\xff\xff\xff\xffab")
	add("declared: payload of 2^31-1", "\x81\xa2pl\xc6\x7f\xff\xff\xffab")
	add("declared: key of 2^32-1", "\x81\xdb\xff\xff\xff\xffab")
	add("declared: map of 2^32-1", "\xdf\xff\xff\xff\xff", t)
	add("declared: unknown value of 2^32-1", "\x81\xa1x\xc6\xff\xff\xff\xffab")
	add("declared: ext of 2^32-1", "\x81\xa1x\xc9\xff\xff\xff\xff\x01ab")
	add("declared: array of 2^32-1", "\x81\xa1x\xdd\xff\xff\xff\xff\x01")
	add("declared: map of 2^31 in a map", "\x81\xa1x\xdf\x80\x00\x00\x00\x01")
	for _, header := range []struct{ name, header string }{
		{"integer", "\x07"}, {"negative", "\xff"}, {"text", "\xa4text"}, {"bytes", "\xc4\x01a"}, {"true", "\xc3"},
		{"float", "\xca\x00\x00\x00\x00"}, {"ext", "\xd4\x05c"}, {"reserved", "\xc1"}, {"letters", "bytes"},
	} {
		add("no map: "+header.name, header.header)
	}
	return all
}

func eventInputs() (all []input) {
	add := func(name string, parts ...string) { all = append(all, input{name, []byte(strings.Join(parts, ""))}) }
	event, data := "\xa5event\xa3msg", "\xa4data\xa7{\"x\":1}"
	add("event and data", "\x82", event, data)
	add("any order", "\x82", data, event)
	add("data is nil", "\x82", event, "\xa4data\xc0")
	add("no data", "\x81", event)
	add("as bin", "\x82\xa5event\xc4\x03msg\xa4data\xc4\x011")
	add("keys as bin", "\x82\xc4\x05event\xa3msg\xc4\x04data\xa11")
	add("array", "\x92\xa3msg\xa11")
	add("array16 with nil", "\xdc\x00\x02\xa3msg\xc0")
	add("map32", "\xdf\x00\x00\x00\x02", event, data)
	add("empty event", "\x82\xa5event\xa0", data)
	add("twice", "\x83", event, data, "\xa5event\xa5other")
	for _, v := range values() {
		add("unknown value: "+v.name, "\x83", event, "\xa1x", string(v.bytes), data)
	}
	add("no event", "\x81", data)
	add("event is nil", "\x82\xa5event\xc0", data)
	add("state", string(state()))
	add("nil", "\xc0")
	add("empty map", "\x80")
	add("empty array", "\x90")
	add("nothing", "")
	add("array of three", "\x93\xa3msg\xa11\xc0")
	add("data is a map", "\x82", event, "\xa4data\x80")
	add("event is an integer", "\x82\xa5event\x07", data)
	add("not UTF-8", "\x82\xa5event\xa1\xff", data)
	add("trailing byte", "\x82", event, data, "\x00")
	add("cut", "\x82", event, "\xa4data\xa7{\"x\"")
	return all
}

// One value of each MessagePack format.
func values() []input {
	v := func(name, bytes string) input { return input{name, []byte(bytes)} }
	return []input{
		v("nil", "\xc0"), v("false", "\xc2"), v("true", "\xc3"), v("positive fixint", "\x7f"), v("negative fixint", "\xe0"),
		v("uint8", "\xcc\xff"), v("uint16", "\xcd\xff\xff"), v("uint32", "\xce\xff\xff\xff\xff"),
		v("uint64", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), v("int8", "\xd0\x80"), v("int16", "\xd1\x80\x00"),
		v("int32", "\xd2\x80\x00\x00\x00"), v("int64", "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
		v("float32", "\xca\x3f\x80\x00\x00"), v("float64", "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"),
		v("fixstr", "\xa2\xc3\x28"), v("str8", "\xd9\x01a"), v("str16", "\xda\x00\x01a"), v("str32", "\xdb\x00\x00\x00\x01a"),
		v("bin8", "\xc4\x01a"), v("bin16", "\xc5\x00\x01a"), v("bin32", "\xc6\x00\x00\x00\x01a"),
		v("fixarray", "\x92\x01\xa1a"), v("array16", "\xdc\x00\x02\x01\x02"), v("array32", "\xdd\x00\x00\x00\x01\x01"),
		v("fixmap", "\x81\xa1a\x01"), v("map16", "\xde\x00\x01\xa1a\x01"), v("map32", "\xdf\x00\x00\x00\x01\xa1a\x01"),
		v("map with odd keys", "\x83\xc0\x01\x91\x02\x03\x80\x90"), v("nested", "\x81\xa1a\x91\x81\xa1b\x92\x90\x80"),
		v("64 arrays deep", strings.Repeat("\x91", 63)+"\x90"),
		v("fixext1", "\xd4\x01a"), v("fixext2", "\xd5\x01aa"), v("fixext4", "\xd6\xffaaaa"),
		v("fixext8", "\xd7\xffaaaaaaaa"), v("fixext16", "\xd8\x01aaaaaaaaaaaaaaaa"), v("ext8", "\xc7\x03\x01aaa"),
		v("ext8 of nothing", "\xc7\x00\x01"), v("ext16", "\xc8\x00\x01\x01a"), v("ext32", "\xc9\x00\x00\x00\x01\x01a"),
		v("reserved", "\xc1"), v("65 arrays deep", strings.Repeat("\x91", 64)+"\x90"),
	}
}

// ---- material

func texts() []string {
	return []string{"\x00", "a\x00b", "\x7f", "\u0080", "é", "\u07ff", "\u0800", "комната", "部屋", "\ufffd", "\uffff", "😀",
		"\U0010ffff", "e\u0301", "\ue000", "30 bytes of ASCII, then two: é", "29 bytes of ASCII, three: 部"}
}

// Not one byte repeated, so that a shifted copy shows.
func text(length int) string {
	if length < 8 {
		return "abcdefgh"[:length]
	}
	return "abcd" + strings.Repeat("z", length-8) + "efgh"
}

// The state that a Presencejs client sends, as JavaScript encodes it.
func state() []byte {
	return []byte("\x88\xa2id\xa5alice\xa4name\xa5ALICE\xa1n\xcd\x01\x2c\xa1f\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa3neg\xff" +
		"\xa3big\xcf\x00\x00\x00\x01\x2a\x05\xf2\x00\xa1u\xc0\xa3nul\xc0")
}

// ---- writing

func encode(v interface{}) []byte {
	b, err := msgpack.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func line(name string, columns ...string) string {
	var b strings.Builder
	b.WriteString(name)
	for _, column := range columns {
		b.WriteByte('\t')
		b.WriteString(hex(column))
	}
	return b.String()
}

func hex(bytes string) string {
	if bytes == "" {
		return "-"
	}
	var tokens []string
	literal := ""
	for i := 0; i < len(bytes); {
		j := i
		for j < len(bytes) && bytes[j] == bytes[i] {
			j++
		}
		if j-i >= 16 {
			if literal != "" {
				tokens = append(tokens, literal)
				literal = ""
			}
			tokens = append(tokens, fmt.Sprintf("%02x*%d", bytes[i], j-i))
		} else {
			literal += fmt.Sprintf("%x", bytes[i:j])
		}
		i = j
	}
	if literal != "" {
		tokens = append(tokens, literal)
	}
	return strings.Join(tokens, " ")
}

func write(directory, file, columns string, lines []string) {
	f, err := os.Create(filepath.Join(directory, file))
	if err != nil {
		panic(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "# %s\n", columns)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}
