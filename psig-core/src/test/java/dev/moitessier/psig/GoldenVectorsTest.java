package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.psig.Vectors.Vector;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Byte for byte what Go writes, and of what Go reads the same. */
class GoldenVectorsTest {
    /** Where we answer otherwise than Go, and why. Every one of these must really differ. */
    private static final Map<String, String> STRICTER = new TreeMap<>(Map.ofEntries(
            Map.entry("not UTF-8: t", "text that is not UTF-8"),
            Map.entry("not UTF-8: overlong", "text that is not UTF-8"),
            Map.entry("not UTF-8: surrogate", "text that is not UTF-8"),
            Map.entry("not UTF-8: beyond Unicode", "text that is not UTF-8"),
            Map.entry("not UTF-8: cut", "text that is not UTF-8"),
            Map.entry("trailing byte", "1 bytes after the end of the message"),
            Map.entry("trailing nil", "1 bytes after the end of the message"),
            Map.entry("trailing message", "21 bytes after the end of the message"),
            Map.entry("more pairs than declared", "6 bytes after the end of the message"),
            Map.entry("unknown value: 65 arrays deep", "nested deeper than 64")));

    /** Go's decoder wants text as key; what is not text cannot be a key that matters. */
    private static final List<String> MORE_LIBERAL = List.of(
            "unknown key: integer", "unknown key: true", "unknown key: map", "unknown key: array", "unknown key: ext");

    private static final Map<String, String> STRICTER_EVENTS = new TreeMap<>(Map.ofEntries(
            Map.entry("not UTF-8", "text that is not UTF-8"),
            Map.entry("trailing byte", "1 bytes after the end of the message"),
            Map.entry("unknown value: 65 arrays deep", "nested deeper than 64"),
            Map.entry("no event", "a payload without an event's name"),
            Map.entry("event is nil", "a payload without an event's name"),
            Map.entry("state", "a payload without an event's name"),
            Map.entry("nil", "a payload without an event's name"),
            Map.entry("empty map", "a payload without an event's name"),
            Map.entry("empty array", "a payload without an event's name")));

    @Test
    void thereAreEnough() {
        assertThat(Vectors.of("signallings.tsv")).hasSizeGreaterThan(400);
        assertThat(Vectors.of("decoded.tsv")).hasSizeGreaterThan(200);
    }

    @ParameterizedTest
    @MethodSource("signallings")
    void writesWhatGoWrites(Vector vector) {
        Signalling signalling = vector.signalling(0);
        byte[] expected = vector.bytes(8);

        assertThat(signalling.encode()).isEqualTo(expected);
        assertThat(signalling.encodedLength()).isEqualTo(expected.length);
        for (ByteBuffer target :
                List.of(ByteBuffer.allocate(expected.length + 7), ByteBuffer.allocateDirect(expected.length + 7))) {
            target.position(3);
            signalling.encodeTo(target);
            assertThat(target.position()).isEqualTo(3 + expected.length);
            assertThat(target.slice(3, expected.length)).isEqualTo(ByteBuffer.wrap(expected));
        }
    }

    @ParameterizedTest
    @MethodSource("signallings")
    void readsWhatGoWrites(Vector vector) {
        Signalling decoded = Signalling.decode(vector.bytes(8));

        assertThat(decoded).isEqualTo(vector.signalling(0));
        assertThat(decoded.encode()).isEqualTo(vector.bytes(8));
    }

    @ParameterizedTest
    @MethodSource("events")
    void writesAndReadsEventsAsGo(Vector vector) {
        ChannelEvent event = new ChannelEvent(vector.text(0), vector.text(1));

        assertThat(event.encode()).isEqualTo(vector.bytes(2));
        assertThat(ChannelEvent.decode(ByteBuffer.wrap(vector.bytes(2)))).isEqualTo(event);
    }

    @ParameterizedTest
    @MethodSource("replies")
    void repliesAsGo(Vector vector) {
        RecordedContext context = new RecordedContext(vector.bytes(0));

        PrscdContext.of(context, vector.text(1)).writeEvent(new ChannelEvent(vector.text(2), vector.text(3)));

        assertThat(context.onlyWrite(Psig.TAG_FROM_BACKEND)).isEqualTo(vector.bytes(4));
    }

    @ParameterizedTest
    @MethodSource("decoded")
    void readsWhatGoReads(Vector vector) {
        byte[] message = vector.bytes(0);
        String stricter = STRICTER.get(vector.name());
        if (stricter != null) {
            assertThat(vector.isError()).isFalse();
            assertMalformed(() -> Signalling.decode(message), stricter, message.length);
        } else if (MORE_LIBERAL.contains(vector.name())) {
            assertThat(vector.isError()).isTrue();
            assertThat(Signalling.decode(message))
                    .isEqualTo(Signalling.of(Psig.SIG_DATA, "", "room").withCid("ada"));
        } else if (vector.isError()) {
            assertMalformed(() -> Signalling.decode(message), "", message.length);
        } else {
            assertThat(Signalling.decode(message)).isEqualTo(vector.signalling(1));
        }
    }

    @ParameterizedTest
    @MethodSource("decodedEvents")
    void readsTheEventsThatGoReads(Vector vector) {
        byte[] payload = vector.bytes(0);
        String stricter = STRICTER_EVENTS.get(vector.name());
        if (stricter != null) {
            assertThat(vector.isError()).isFalse();
            assertMalformed(() -> ChannelEvent.decode(ByteBuffer.wrap(payload)), stricter, payload.length);
        } else if (vector.isError()) {
            assertMalformed(() -> ChannelEvent.decode(ByteBuffer.wrap(payload)), "", payload.length);
        } else {
            assertThat(ChannelEvent.decode(ByteBuffer.wrap(payload)))
                    .isEqualTo(new ChannelEvent(vector.text(1), vector.text(2)));
        }
    }

    @Test
    void everyDifferenceIsAVector() {
        List<String> names =
                Vectors.of("decoded.tsv").stream().map(Vector::name).toList();
        assertThat(names).containsAll(STRICTER.keySet()).containsAll(MORE_LIBERAL);
        assertThat(Vectors.of("decoded-events.tsv").stream().map(Vector::name)).containsAll(STRICTER_EVENTS.keySet());
    }

    private static void assertMalformed(Runnable decode, String reason, int length) {
        assertThatThrownBy(decode::run).isInstanceOfSatisfying(MalformedMessageException.class, e -> {
            assertThat(e.reason()).contains(reason);
            assertThat(e.offset()).isBetween(0, length);
            assertThat(e).hasMessage(e.reason() + " at offset " + e.offset());
        });
    }

    static List<Vector> signallings() {
        return Vectors.of("signallings.tsv");
    }

    static List<Vector> events() {
        return Vectors.of("events.tsv");
    }

    static List<Vector> replies() {
        return Vectors.of("replies.tsv");
    }

    static List<Vector> decoded() {
        return Vectors.of("decoded.tsv");
    }

    static List<Vector> decodedEvents() {
        return Vectors.of("decoded-events.tsv");
    }
}
