package dev.moitessier.examples.psig;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class PsigDemoTest {
    @Test
    void answersTheEventAndNotTheJoin() throws Exception {
        List<String> lines = linesOf(() -> PsigDemo.main(new String[0]));

        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).startsWith("in   85a174a7636f6e74726f6c");
        assertThat(lines.get(1)).startsWith("in   87a174a464617461");
        assertThat(lines.get(2)).isEqualTo("presencejs: channel: room, data: {\"x\":1}");
        assertThat(lines.get(3))
                .startsWith("out  87a174a464617461a163a4726f6f6da3736964b470726573656e63652d6261636b656e64");
        assertThat(lines.get(4))
                .isEqualTo("     Signalling[t=data, op=, c=room, sid=presence-backend-sfn, pl=34 bytes, "
                        + "p=presence-backend-sfn, app=shop, mesh=m1], "
                        + "ChannelEvent[event=completed, data={\"ok\":true}]");
    }

    private interface Program {
        void run() throws Exception;
    }

    private static List<String> linesOf(Program program) throws Exception {
        PrintStream console = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            program.run();
        } finally {
            System.setOut(console);
        }
        return printed.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
