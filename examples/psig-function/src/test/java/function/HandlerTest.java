package function;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdContext;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.ServerlessContext;
import dev.moitessier.psig.Signalling;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandlerTest {
    @Test
    void answersAnEventInItsChannel() {
        List<Signalling> answers = handle(Signalling.data("room", new ChannelEvent("ask", "{\"n\":1}")));

        assertEquals(1, answers.size());
        assertEquals("room", answers.get(0).channel());
        assertEquals(new ChannelEvent("completed", "{\"n\":1}"), answers.get(0).event());
    }

    @Test
    void saysNothingToWhoComesAndGoes() {
        assertEquals(List.of(), handle(Signalling.control(Psig.OP_PEER_ONLINE, "room")));
    }

    private static List<Signalling> handle(Signalling message) {
        List<Signalling> answers = new ArrayList<>();
        new Handler().handle(PrscdContext.of(
                new ServerlessContext() {
                    @Override
                    public byte[] data() {
                        return message.encode();
                    }

                    @Override
                    public int tag() {
                        return Psig.TAG_FROM_PRSCD;
                    }

                    @Override
                    public void write(int tag, byte[] data) {
                        answers.add(Signalling.decode(data));
                    }
                },
                "presence-backend-sfn"));
        return answers;
    }
}
