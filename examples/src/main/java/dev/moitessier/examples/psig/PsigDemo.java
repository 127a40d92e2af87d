package dev.moitessier.examples.psig;

import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.ServerlessContext;
import dev.moitessier.psig.ServerlessFunction;
import dev.moitessier.psig.Signalling;
import java.util.HexFormat;

/** Hands a function, in process, what a prscd node sends: somebody joins a channel, then sends an event to it. */
public final class PsigDemo {
    private static final String JOIN =
            "85a174a7636f6e74726f6ca26f70ac6368616e6e656c5f6a6f696ea163a4726f6f6da1" + "70a3616461a3617070a473686f70";
    private static final String EVENT = "87a174a464617461a163a4726f6f6da3736964aa31302e302e302e373a35a2706cc418"
            + "82a56576656e74a361736ba464617461a77b2278223a317da170a3616461a3617070a4"
            + "73686f70a46d657368a26d31";

    private PsigDemo() {}

    public static void main(String[] args) throws Exception {
        PrscdFunction presence = PresenceFunction::handle;
        ServerlessFunction function = presence.named("presence-backend-sfn");
        for (String message : new String[] {JOIN, EVENT}) {
            System.out.println("in   " + message);
            function.handle(new InProcess(HexFormat.of().parseHex(message)));
        }
    }

    /** Prints what a YoMo zipper would be sent. */
    private record InProcess(byte[] data) implements ServerlessContext {
        @Override
        public int tag() {
            return Psig.TAG_FROM_PRSCD;
        }

        @Override
        public void write(int tag, byte[] data) {
            Signalling reply = Signalling.decode(data);
            System.out.println("out  " + HexFormat.of().formatHex(data));
            System.out.println("     " + reply + ", " + reply.event());
        }
    }
}
