//go:build !yomo116

package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/yomorun/yomo/core/frame"
	"github.com/yomorun/yomo/core/metadata"
	"github.com/yomorun/yomo/pkg/frame-codec/y3codec"
)

// A line is one vector, its columns are separated by tabs: a name, then bytes in hex, where "5a*300" stands for a run of 300
// equal bytes, tokens are separated by spaces and "-" is none at all.
func vectors(directory string) {
	write(directory, "data.tsv", "name, tag, metadata, payload, encoded", dataVectors())
	write(directory, "handshakes.tsv",
		"name, name, id, clientType, tags, authName, authPayload, version, definition, target, encoded", handshakeVectors())
	write(directory, "messages.tsv", "name, type, text, encoded", messageVectors())
	write(directory, "decoded.tsv", "name, stream, then type and fields or the word error", decodedVectors())
	write(directory, "metadata.tsv", "name, key, value, encoded", metadataVectors())
}

func encode(f frame.Frame) []byte {
	encoded, err := y3codec.Codec().Encode(f)
	check(err)
	return encoded
}

func dataVectors() (out []string) {
	add := func(name string, tag uint32, md, payload []byte) {
		out = append(out, line(name, fmt.Sprintf("%x", tag), bin(md), bin(payload),
			bin(encode(&frame.DataFrame{Tag: tag, Metadata: md, Payload: payload}))))
	}
	add("upstream", 0x15, []byte("metadata"), []byte("yomo"))
	add("nothing", 0, nil, nil)
	for _, tag := range []uint32{0, 1, 0x20, 0x21, 0x7f, 0x80, 0x82, 0xff, 0x100, 0x7fff, 0x8000, 0xe001, 0xefff, 0x10000,
		0x7fffff, 0x800000, 0x7fffffff, 0x80000000, 0xffff0000, 0xffffff7f, 0xffffff80, 0xffffffff} {
		add(fmt.Sprintf("tag %x", tag), tag, []byte{0x80}, []byte("x"))
	}
	for _, length := range []int{0, 1, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 100, 127, 128, 8180, 8181, 8182, 8183, 8184,
		8185, 8190, 8191, 8192, 8193, 65536, 500_000, 1 << 20, 1<<20 + 1, 3 << 20} {
		add(fmt.Sprintf("payload of %d", length), 0x20, nil, bytes.Repeat([]byte{0x5a}, length))
		add(fmt.Sprintf("metadata of %d", length), 0x20, bytes.Repeat([]byte{0xa5}, length), []byte("p"))
	}
	for first := 0; first < 256; first++ {
		add(fmt.Sprintf("first byte %x", first), 0x21, nil, []byte{byte(first), 0xbf})
	}
	return out
}

func handshakeVectors() (out []string) {
	add := func(name string, h frame.HandshakeFrame) {
		var tags []string
		for _, tag := range h.ObserveDataTags {
			tags = append(tags, strconv.FormatUint(uint64(tag), 16))
		}
		observed := strings.Join(tags, ",")
		if observed == "" {
			observed = "-"
		}
		out = append(out, line(name, bin([]byte(h.Name)), bin([]byte(h.ID)), fmt.Sprintf("%x", h.ClientType), observed,
			bin([]byte(h.AuthName)), bin([]byte(h.AuthPayload)), bin([]byte(h.Version)), bin(h.FunctionDefinition),
			bin([]byte(h.WantedTarget)), bin(encode(&h))))
	}
	add("function", frame.HandshakeFrame{Name: "psig-sfn", ID: "id-0", ClientType: 0x5d, ObserveDataTags: []uint32{0x20},
		Version: "2024-01-03"})
	add("source", frame.HandshakeFrame{Name: "s", ID: "0-0", ClientType: 0x5f, Version: "2024-01-03"})
	add("upstream", frame.HandshakeFrame{Name: "the-name", ID: "the-id", ClientType: 104,
		ObserveDataTags: []uint32{'a', 'b', 'c'}, AuthName: "ddddd", AuthPayload: "eeeee"})
	add("all", frame.HandshakeFrame{Name: "náme", ID: "V1StGXR8_Z5jdHi6B-myT-17", ClientType: 0x5e,
		ObserveDataTags: []uint32{0, 1, 0x20, 0x21, 0xffff, 0xffffffff, 0x80000000}, AuthName: "token",
		AuthPayload: "a:b:c", Version: "1.17.0", FunctionDefinition: []byte(`{"name":"f"}`), WantedTarget: "you"})
	for _, length := range []int{1, 40, 50, 63, 64, 200, 8200} {
		add(fmt.Sprintf("name of %d", length), frame.HandshakeFrame{Name: strings.Repeat("n", length), ID: "i",
			ClientType: 0x5d, ObserveDataTags: []uint32{0x20}, Version: "2024-01-03"})
		if length > 200 {
			continue
		}
		tags := make([]uint32, length)
		for i := range tags {
			tags[i] = uint32(i * 77)
		}
		add(fmt.Sprintf("%d tags", length), frame.HandshakeFrame{Name: "n", ID: "i", ClientType: 0x5d, ObserveDataTags: tags})
	}
	return out
}

func messageVectors() (out []string) {
	texts := []string{"", "rejected error", "goaway error", "11.11.11.11:8080", "ä€😀", strings.Repeat("x", 61),
		strings.Repeat("x", 62), strings.Repeat("x", 63), strings.Repeat("x", 64), strings.Repeat("x", 10_000)}
	for _, text := range texts {
		for _, f := range []frame.Frame{&frame.RejectedFrame{Message: text}, &frame.GoawayFrame{Message: text},
			&frame.ConnectToFrame{Endpoint: text}} {
			out = append(out, line(fmt.Sprintf("%v of %d", f.Type(), len(text)), fmt.Sprintf("%x", byte(f.Type())),
				bin([]byte(text)), bin(encode(f))))
		}
	}
	return append(out, line("ack", "29", "-", bin(encode(&frame.HandshakeAckFrame{}))))
}

// What Go makes of a stream that carries these bytes and ends.
func decodedVectors() (out []string) {
	add := func(name string, stream string) {
		data := unhex(strings.ReplaceAll(stream, " ", ""))
		out = append(out, line(name, bin(data), decode(data)))
	}
	add("data", "bf13 010115 03086d65746164617461 0204796f6d6f")
	add("data in another order", "bf13 0204796f6d6f 03086d65746164617461 010115")
	add("data without metadata", "bf09 010115 0204796f6d6f")
	add("data without tag", "bf06 0204796f6d6f")
	add("data, nothing", "bf00")
	add("data, the last payload counts", "bf0c 010115 02026162 0203636465")
	add("data, an unknown key", "bf09 010115 3f0101 0201aa")
	add("data, an unknown node", "bf0a 010115 8702 0100 0201aa")
	add("data, a tag of two bytes", "bf06 01020082 0200")
	add("data, a tag of four bytes", "bf06 010480000000")
	add("data, a tag longer than needed", "bf06 010400000020")
	add("data, a tag of no bytes", "bf02 0100")
	add("data, a tag of five bytes", "bf07 01050000000020")
	add("data, a length longer than needed", "bf8009 010115 0204796f6d6f")
	add("data, a field's length longer than needed", "bf0a 010115 028004796f6d6f")
	add("data, a field longer than the frame", "bf06 010115 020aaa")
	add("data, a field cut after its key", "bf04 010115 02")
	add("data, a field of negative length", "bf07 010115 02 7faaaa")
	add("negative length", "bf7f")
	add("negative length of two bytes", "bfff7f")
	add("length without end", "bfffffffffffff")
	add("length of six bytes", "bf808080808002 0200")
	add("cut after the tag", "bf")
	add("cut in the length", "bf80")
	add("cut in the value", "bf13 010115")
	add("a gigabyte announced", "bf83ffffff7f 010115")
	add("ack", "a900")
	add("ack with a field", "a903 010161")
	add("rejected", "b910 010e 72656a6563746564206572726f72")
	add("rejected, nothing", "b900")
	add("rejected, empty", "b902 0100")
	add("rejected, an unknown key", "b906 020161 010162")
	add("goaway", "ae0e 010c 676f61776179206572726f72")
	add("connect to", "be12 0110 31312e31312e31312e31313a38303830")
	add("backflow", "ad06 010115 020161")
	add("an unknown frame", "8000")
	add("another unknown frame", "bd03 010161")
	add("an array", "ff00")
	add("not a node", "3f00")
	add("zeros", "00000000")
	add("text", "48545450")
	add("handshake without type", "b103 010161")
	add("handshake with a type of no bytes", "b102 0200")
	add("handshake with tags cut short", "b10b 02015d 0606 200000002100")
	return out
}

func decode(stream []byte) (result string) {
	defer func() {
		if recover() != nil {
			result = "error"
		}
	}()
	kind, packet, err := y3codec.PacketReadWriter().ReadPacket(bytes.NewReader(stream))
	if err != nil {
		return "error"
	}
	f, err := frame.NewFrame(kind)
	if err != nil {
		return "error"
	}
	if err := y3codec.Codec().Decode(packet, f); err != nil {
		return "error"
	}
	switch read := f.(type) {
	case *frame.DataFrame:
		return fmt.Sprintf("data %x %s %s", read.Tag, bin(read.Metadata), bin(read.Payload))
	case *frame.HandshakeFrame:
		var tags []string
		for _, tag := range read.ObserveDataTags {
			tags = append(tags, strconv.FormatUint(uint64(tag), 16))
		}
		return fmt.Sprintf("handshake %s %s %x [%s]", bin([]byte(read.Name)), bin([]byte(read.ID)), read.ClientType,
			strings.Join(tags, ","))
	case *frame.HandshakeAckFrame:
		return "ack"
	case *frame.RejectedFrame:
		return "rejected " + bin([]byte(read.Message))
	case *frame.GoawayFrame:
		return "goaway " + bin([]byte(read.Message))
	case *frame.ConnectToFrame:
		return "connectTo " + bin([]byte(read.Endpoint))
	}
	return "error"
}

// Go writes maps in any order: one entry each.
func metadataVectors() (out []string) {
	add := func(key, value string) {
		encoded, err := metadata.New(map[string]string{key: value}).Encode()
		check(err)
		out = append(out, line(fmt.Sprintf("%d and %d", len(key), len(value)), bin([]byte(key)), bin([]byte(value)), bin(encoded)))
	}
	add("yomo-tid", "V1StGXR8_Z5jdHi6B-myT")
	add("yomo-source-id", "ä€😀")
	for _, length := range []int{1, 31, 32, 255, 256, 65535, 65536} {
		add("k", strings.Repeat("v", length))
		add(strings.Repeat("k", length), "v")
	}
	return out
}

func line(columns ...string) string {
	return strings.Join(columns, "\t")
}

// Hex, runs of sixteen equal bytes and more in short.
func bin(data []byte) string {
	if len(data) == 0 {
		return "-"
	}
	var tokens []string
	plain := 0
	for i := 0; i < len(data); {
		end := i
		for end < len(data) && data[end] == data[i] {
			end++
		}
		if end-i >= 16 {
			if plain < i {
				tokens = append(tokens, hex.EncodeToString(data[plain:i]))
			}
			tokens = append(tokens, fmt.Sprintf("%02x*%d", data[i], end-i))
			plain = end
		}
		i = end
	}
	if plain < len(data) {
		tokens = append(tokens, hex.EncodeToString(data[plain:]))
	}
	return strings.Join(tokens, " ")
}

func write(directory, file, columns string, lines []string) {
	text := "# " + columns + "\n" + strings.Join(lines, "\n") + "\n"
	check(os.WriteFile(filepath.Join(directory, file), []byte(text), 0o644))
}
