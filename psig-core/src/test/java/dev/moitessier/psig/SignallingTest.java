package dev.moitessier.psig;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class SignallingTest {
    private static final ChannelEvent EVENT = new ChannelEvent("cursor", "{\"x\":1}");

    private static Signalling full() {
        return Signalling.of("data", "op", "room")
                .withSid("sid")
                .withPayload("payload".getBytes(UTF_8))
                .withCid("ada")
                .withAppId("app")
                .withMeshId("mesh");
    }

    @Test
    void holdsAllFields() {
        Signalling s = full();

        assertThat(List.of(s.type(), s.opCode(), s.channel(), s.sid(), s.cid(), s.appId(), s.meshId()))
                .containsExactly("data", "op", "room", "sid", "ada", "app", "mesh");
        assertThat(UTF_8.decode(s.payload()).toString()).isEqualTo("payload");
    }

    @Test
    void absentFieldsAreEmpty() {
        Signalling s = Signalling.decode(new byte[] {(byte) 0x80});

        assertThat(List.of(s.type(), s.opCode(), s.channel(), s.sid(), s.cid(), s.appId(), s.meshId()))
                .containsOnly("");
        assertThat(s.payload().remaining()).isZero();
        assertThat(s.isData()).isFalse();
        assertThat(s.isControl()).isFalse();
        assertThat(s).isEqualTo(Signalling.of("", "", ""));
    }

    @Test
    void dataCarriesItsEvent() {
        Signalling s = Signalling.data("room", EVENT);

        assertThat(s.isData()).isTrue();
        assertThat(s.isControl()).isFalse();
        assertThat(s.opCode()).isEmpty();
        assertThat(s.event()).isEqualTo(EVENT);
        assertThat(Signalling.decode(s.encode()).event()).isEqualTo(EVENT);
    }

    @Test
    void controlCarriesNoEvent() {
        Signalling s = Signalling.control(Psig.OP_PEER_ONLINE, "room");

        assertThat(s.isControl()).isTrue();
        assertThat(s.isData()).isFalse();
        assertThat(s.opCode()).isEqualTo("peer_online");
        assertThatThrownBy(s::event)
                .isInstanceOf(MalformedMessageException.class)
                .hasMessage("the message ends too early at offset 0");
    }

    @Test
    void theStateOfAPeerIsNoEvent() {
        byte[] state = {(byte) 0x81, (byte) 0xa2, 'i', 'd', (byte) 0xa3, 'a', 'd', 'a'};

        assertThatThrownBy(Signalling.control(Psig.OP_STATE, "room").withPayload(state)::event)
                .isInstanceOf(MalformedMessageException.class)
                .hasMessage("a payload without an event's name at offset 0");
    }

    @Test
    void withReturnsACopyAndChangesOneField() {
        Signalling s = full();

        assertThat(s.withSid("x").sid()).isEqualTo("x");
        assertThat(s.withCid("x").cid()).isEqualTo("x");
        assertThat(s.withAppId("x").appId()).isEqualTo("x");
        assertThat(s.withMeshId("x").meshId()).isEqualTo("x");
        assertThat(s.withEvent(EVENT).event()).isEqualTo(EVENT);
        assertThat(s.withPayload(new byte[0]).payload().hasRemaining()).isFalse();
        assertThat(s).isEqualTo(full());
        assertThat(s.withSid("x").withSid("sid")).isEqualTo(s);
    }

    @Test
    void isEqualByContent() {
        Signalling s = full();
        List<Signalling> others = List.of(
                Signalling.of("other", "op", "room")
                        .withSid("sid")
                        .withPayload("payload".getBytes(UTF_8))
                        .withCid("ada")
                        .withAppId("app")
                        .withMeshId("mesh"),
                s.withSid("other"),
                s.withCid("other"),
                s.withAppId("other"),
                s.withMeshId("other"),
                s.withPayload("other".getBytes(UTF_8)),
                s.withEvent(EVENT),
                Signalling.of("data", "op", "room"));

        assertThat(Signalling.decode(s.encode())).isEqualTo(s).hasSameHashCodeAs(s);
        assertThat(others).doesNotContain(s).doesNotHaveDuplicates();
        assertThat(s).isNotEqualTo("another type");
    }

    @Test
    void thePayloadIsReadOnlyAndFreshAtEachCall() {
        Signalling s = Signalling.decode(full().encode());
        ByteBuffer payload = s.payload();

        assertThat(payload.isReadOnly()).isTrue();
        assertThatExceptionOfType(ReadOnlyBufferException.class).isThrownBy(() -> payload.put(0, (byte) 1));
        payload.position(3);
        assertThat(s.payload().position()).isZero();
        assertThat(s.payload().remaining()).isEqualTo(7);
        assertThat(s.payload().rewind().remaining())
                .as("the rest of the message does not show")
                .isEqualTo(7);
        assertThat(s.payload().capacity()).isEqualTo(7);
    }

    @Test
    void thePayloadOfADecodedMessageIsAViewOfIt() {
        byte[] message = full().encode();
        ByteBuffer direct =
                ByteBuffer.allocateDirect(message.length).put(message).flip();
        int at = new String(message, UTF_8).indexOf("payload");
        Signalling fromArray = Signalling.decode(message);
        Signalling fromDirect = Signalling.decode(direct);

        message[at] = 'P';
        direct.put(at, (byte) 'P');

        assertThat(UTF_8.decode(fromArray.payload()).toString()).isEqualTo("Payload");
        assertThat(UTF_8.decode(fromDirect.payload()).toString()).isEqualTo("Payload");
        assertThat(fromDirect.payload().isDirect()).isTrue();
    }

    @Test
    void aGivenPayloadIsCopied() {
        byte[] payload = {1, 2, 3};
        Signalling s = Signalling.of("data", "", "room").withPayload(payload);

        payload[0] = 9;

        assertThat(s.payload().get(0)).isEqualTo((byte) 1);
    }

    @Test
    void decodesBetweenPositionAndLimit() {
        byte[] message = full().encode();
        ByteBuffer buffer = ByteBuffer.allocate(message.length + 20).put(7, message);
        buffer.position(7).limit(7 + message.length);

        assertThat(Signalling.decode(buffer)).isEqualTo(full());
        assertThat(Signalling.decode(buffer.slice())).isEqualTo(full());
        assertThat(Signalling.decode(buffer.asReadOnlyBuffer())).isEqualTo(full());
        assertThat(buffer.position()).isEqualTo(7);
        assertThat(buffer.remaining()).isEqualTo(message.length);
    }

    @Test
    void offsetsCountFromWhereTheMessageStarts() {
        byte[] cut = {(byte) 0x81, (byte) 0xa1, 't', (byte) 0xc3};
        for (ByteBuffer buffer : List.of(ByteBuffer.allocate(20), ByteBuffer.allocateDirect(20))) {
            buffer.put(9, cut).position(9).limit(13);
            assertThatThrownBy(() -> Signalling.decode(buffer))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessage("BOOLEAN where text or bytes is expected at offset 3");
        }
    }

    @Test
    void encodesIntoABufferWithRoom() {
        Signalling s = full();
        for (ByteBuffer target : List.of(
                ByteBuffer.allocate(s.encodedLength()),
                ByteBuffer.allocateDirect(s.encodedLength()),
                ByteBuffer.allocate(s.encodedLength() + 5).slice(5, s.encodedLength()))) {
            s.encodeTo(target);
            assertThat(target.hasRemaining()).isFalse();
            assertThat(Signalling.decode(target.flip())).isEqualTo(s);
        }
    }

    @Test
    void encodesNothingIntoABufferWithoutRoom() {
        Signalling s = full();
        for (ByteBuffer target :
                List.of(ByteBuffer.allocate(s.encodedLength() - 1), ByteBuffer.allocateDirect(s.encodedLength() - 1))) {
            assertThatExceptionOfType(BufferOverflowException.class).isThrownBy(() -> s.encodeTo(target));
            assertThat(target.position()).isZero();
            for (int i = 0; i < target.limit(); i++) {
                assertThat(target.get(i)).isZero();
            }
        }
        ByteBuffer readOnly = ByteBuffer.allocate(s.encodedLength()).asReadOnlyBuffer();
        assertThatExceptionOfType(ReadOnlyBufferException.class).isThrownBy(() -> s.encodeTo(readOnly));
    }

    @Test
    void anUnpairedSurrogateIsRefusedWhereItComesIn() {
        String high = "a\ud83d";
        String low = "a\ude00b";
        for (String text : List.of(high, low, "\ud83d\ud83d\ude00")) {
            ChannelEvent event = new ChannelEvent("e", text);
            List<Supplier<?>> ways = List.of(
                    () -> Signalling.of(text, "", ""),
                    () -> Signalling.of("", text, ""),
                    () -> Signalling.control("", text),
                    () -> Signalling.data("room", event),
                    () -> full().withSid(text),
                    () -> full().withCid(text),
                    () -> full().withAppId(text),
                    () -> full().withMeshId(text),
                    () -> full().withEvent(event),
                    event::encode);
            for (Supplier<?> way : ways) {
                assertThatThrownBy(way::get)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageMatching("unpaired surrogate at index [01]: not to be written as UTF-8");
            }
        }
    }

    @Test
    void saysWhatItIsWithoutItsPayload() {
        assertThat(full())
                .hasToString("Signalling[t=data, op=op, c=room, sid=sid, pl=7 bytes, p=ada, app=app, mesh=mesh]");
    }
}
