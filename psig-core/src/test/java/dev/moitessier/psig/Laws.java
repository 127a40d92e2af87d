package dev.moitessier.psig;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What holds for any bytes whatever; the fuzzer and the random tests look for bytes for which it does not. Written without
 * a library of assertions, since a fuzzer is worth as much as it tries per second.
 */
final class Laws {
    private record Change(SignallingRewriter rewriter, UnaryOperator<Signalling> same) {}

    private static final String LONG = "é".repeat(40);

    private static final List<Change> CHANGES = List.of(
            new Change(SignallingRewriter.unchanged(), s -> s),
            new Change(SignallingRewriter.unchanged().withSid("").withAppId(""), s -> s.withSid("")
                    .withAppId("")),
            new Change(SignallingRewriter.unchanged().withCid("grace"), s -> s.withCid("grace")),
            new Change(
                    SignallingRewriter.unchanged()
                            .withSid("sid")
                            .withCid("")
                            .withAppId("app")
                            .withMeshId(LONG),
                    s -> s.withSid("sid").withCid("").withAppId("app").withMeshId(LONG)));

    private Laws() {}

    /** Decoding ends in a signalling or in the one exception, alike from any kind of buffer; a signalling survives. */
    static void hold(byte[] message) {
        byte[] before = message.clone();
        Signalling signalling = attempt(message.length, () -> Signalling.decode(message));
        alikeInAnyBuffer(message, signalling);
        for (Change change : CHANGES) {
            byte[] rewritten = attempt(message.length, () -> change.rewriter().rewrite(message));
            byte[] expected =
                    signalling == null ? null : change.same().apply(signalling).encode();
            require(Arrays.equals(rewritten, expected), "the rewriter differs from decode and encode", message);
        }
        if (signalling != null) {
            survives(signalling, message);
            eventSurvives(signalling.payload(), message);
        }
        eventSurvives(ByteBuffer.wrap(message), message);
        require(Arrays.equals(before, message), "the input was changed", before);
    }

    /** The same of an event. */
    static void holdForPayload(byte[] payload) {
        byte[] before = payload.clone();
        ChannelEvent event = attempt(payload.length, () -> ChannelEvent.decode(ByteBuffer.wrap(payload)));
        ByteBuffer direct = inTheMiddle(ByteBuffer.allocateDirect(payload.length + 5), payload);
        ChannelEvent fromDirect = attempt(payload.length, () -> ChannelEvent.decode(direct));
        require(event == null ? fromDirect == null : event.equals(fromDirect), "differs in a buffer", payload);
        eventSurvives(ByteBuffer.wrap(payload), payload);
        byte[] message = Signalling.of("data", "", "room").withPayload(payload).encode();
        ByteBuffer passed = Signalling.decode(message).payload();
        require(passed.equals(ByteBuffer.wrap(payload)), "the payload was touched", payload);
        require(Arrays.equals(before, payload), "the input was changed", before);
    }

    private static void alikeInAnyBuffer(byte[] message, @Nullable Signalling expected) {
        ByteBuffer direct = inTheMiddle(ByteBuffer.allocateDirect(message.length + 5), message);
        ByteBuffer heap = inTheMiddle(ByteBuffer.allocate(message.length + 8).slice(3, message.length + 5), message);
        for (ByteBuffer buffer : List.of(direct, heap, heap.asReadOnlyBuffer())) {
            Signalling decoded = attempt(message.length, () -> Signalling.decode(buffer));
            require(decoded == null ? expected == null : decoded.equals(expected), "differs in a buffer", message);
            require(buffer.position() == 2 && buffer.remaining() == message.length, "the buffer was moved", message);
        }
    }

    private static ByteBuffer inTheMiddle(ByteBuffer buffer, byte[] message) {
        return buffer.put(2, message).limit(2 + message.length).position(2);
    }

    private static void survives(Signalling signalling, byte[] message) {
        byte[] encoded = signalling.encode();
        Signalling again = Signalling.decode(encoded);
        require(again.equals(signalling) && again.hashCode() == signalling.hashCode(), "decodes otherwise", message);
        require(Arrays.equals(again.encode(), encoded), "encodes otherwise", message);
    }

    private static void eventSurvives(ByteBuffer payload, byte[] message) {
        int position = payload.position();
        ChannelEvent event = attempt(payload.remaining(), () -> ChannelEvent.decode(payload));
        require(payload.position() == position, "the payload was moved", message);
        if (event != null) {
            ChannelEvent again = ChannelEvent.decode(ByteBuffer.wrap(event.encode()));
            require(again.equals(event), "the event decodes otherwise", message);
        }
    }

    private static <T> @Nullable T attempt(int length, Supplier<T> decode) {
        try {
            return decode.get();
        } catch (MalformedMessageException e) {
            if (e.offset() < 0 || e.offset() > length || e.reason().isBlank()) {
                throw new AssertionError("not where it can be", e);
            }
            return null;
        }
    }

    private static void require(boolean holds, String otherwise, byte[] message) {
        if (!holds) {
            throw new AssertionError(otherwise + ": " + HexFormat.of().formatHex(message));
        }
    }
}
