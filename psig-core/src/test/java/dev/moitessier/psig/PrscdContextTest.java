package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrscdContextTest {
    private static final ChannelEvent ASK = new ChannelEvent("ask", "1");
    private static final ChannelEvent ANSWER = new ChannelEvent("completed", "{\"ok\":true}");

    private static Signalling asked() {
        return Signalling.data("room", ASK)
                .withSid("10.0.0.1:5")
                .withCid("ada")
                .withAppId("shop")
                .withMeshId("m1");
    }

    @Test
    void readsWhatCameIn() {
        RecordedContext serverless = new RecordedContext(asked().encode());
        PrscdContext context = PrscdContext.of(serverless, "sfn");

        assertThat(context.readSignalling()).isEqualTo(asked());
        assertThat(context.readEvent()).isEqualTo(ASK);
        assertThat(context.serverless()).isSameAs(serverless);
        assertThat(serverless.metadata()).isEmpty();
        assertThat(serverless.writes).isEmpty();
    }

    @Test
    void writesUnderItsNameAndKeepsTheRest() {
        RecordedContext serverless = new RecordedContext(asked().encode());

        PrscdContext.of(serverless, "sfn").writeEvent(ANSWER);

        Signalling reply = Signalling.decode(serverless.onlyWrite(0x21));
        assertThat(reply).isEqualTo(asked().withEvent(ANSWER).withSid("sfn").withCid("sfn"));
    }

    @Test
    void writingChangesNothingThatIsRead() {
        byte[] data = asked().encode();
        RecordedContext serverless = new RecordedContext(data);
        PrscdContext context = PrscdContext.of(serverless, "sfn");

        context.writeEvent(ANSWER);
        context.writeEvent(new ChannelEvent("again", ""));

        assertThat(context.readSignalling()).isEqualTo(asked());
        assertThat(context.readEvent()).isEqualTo(ASK);
        assertThat(data).isEqualTo(asked().encode());
        assertThat(serverless.writes)
                .extracting(write -> Signalling.decode(write.data()).event())
                .containsExactly(ANSWER, new ChannelEvent("again", ""));
    }

    @Test
    void theAnswerToAControlSignallingIsControl() {
        RecordedContext serverless = new RecordedContext(
                Signalling.control(Psig.OP_CHANNEL_JOIN, "room").withCid("ada").encode());
        PrscdContext context = PrscdContext.of(serverless, "sfn");

        assertThatThrownBy(context::readEvent).isInstanceOf(MalformedMessageException.class);
        context.writeEvent(ANSWER);

        Signalling reply = Signalling.decode(serverless.onlyWrite(Psig.TAG_FROM_BACKEND));
        assertThat(reply.isControl()).isTrue();
        assertThat(reply.opCode()).isEqualTo(Psig.OP_CHANNEL_JOIN);
        assertThat(reply.event()).isEqualTo(ANSWER);
    }

    @Test
    void dataThatIsNoSignallingMakesNoContext() {
        for (byte[] data : List.of(new byte[0], "bytes that are no message".getBytes())) {
            assertThatThrownBy(() -> PrscdContext.of(new RecordedContext(data), "sfn"))
                    .isInstanceOf(MalformedMessageException.class);
        }
    }

    @Test
    void anEventThatCannotBeEncodedWritesNothing() {
        RecordedContext serverless = new RecordedContext(asked().encode());
        PrscdContext context = PrscdContext.of(serverless, "sfn");

        assertThatIllegalArgumentException().isThrownBy(() -> context.writeEvent(new ChannelEvent("e", "\ud800")));
        assertThat(serverless.writes).isEmpty();
    }

    @Test
    void aFunctionNeedsAName() {
        RecordedContext serverless = new RecordedContext(asked().encode());
        for (String name : List.of("", "  ")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PrscdContext.of(serverless, name))
                    .withMessage("a function's name must not be blank");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> PrscdContext.of(serverless, "\udc00"));
    }

    @Test
    void aNamedFunctionIsAPlainOne() throws Exception {
        PrscdFunction echo = context -> context.writeEvent(context.readEvent());
        RecordedContext serverless = new RecordedContext(asked().encode());

        echo.named("echo").handle(serverless);

        Signalling reply = Signalling.decode(serverless.onlyWrite(Psig.TAG_FROM_BACKEND));
        assertThat(reply.cid()).isEqualTo("echo");
        assertThat(reply.event()).isEqualTo(ASK);
        assertThatIllegalArgumentException().isThrownBy(() -> echo.named(" "));
    }

    @Test
    void whatAFunctionThrowsReachesItsCaller() {
        List<Object> order = new ArrayList<>();
        PrscdFunction failing = context -> {
            order.add(context.readSignalling().channel());
            throw new IOException("disk full");
        };

        assertThatThrownBy(() -> failing.named("sfn").handle(new RecordedContext(asked().encode())))
                .isInstanceOf(IOException.class)
                .hasMessage("disk full");
        assertThat(order).containsExactly("room");
    }

    @Test
    void aLostConnectionReachesTheFunction() {
        ServerlessContext lost = new ServerlessContext() {
            @Override
            public byte[] data() {
                return asked().encode();
            }

            @Override
            public int tag() {
                return Psig.TAG_FROM_PRSCD;
            }

            @Override
            public void write(int tag, byte[] data) {
                throw new UncheckedIOException(new IOException("connection reset"));
            }
        };

        assertThatThrownBy(() -> PrscdContext.of(lost, "sfn").writeEvent(ANSWER))
                .isInstanceOf(UncheckedIOException.class);
    }
}
