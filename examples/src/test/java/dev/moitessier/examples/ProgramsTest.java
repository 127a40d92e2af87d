package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProgramsTest {
    @Test
    void quickStart() throws Exception {
        assertThat(Printed.by(QuickStart::main)).containsExactly("bob: hello", "hello again");
    }

    @Test
    void inbox() throws Exception {
        assertThat(Printed.by(Inbox::main))
                .containsExactly("history: order 17 is on its way", "phone: order 18 is on its way");
    }

    @Test
    void chat() throws Exception {
        List<String> lines = Printed.by(Chat::main);
        assertThat(lines.subList(0, 2)).containsExactly("ada: anybody there?", "ada: hi bob");
        assertThat(lines.subList(2, 4)).containsExactlyInAnyOrder("ada is here", "bob is here");
        assertThat(lines.subList(4, lines.size())).containsExactly("bob said bye");
    }

    @Test
    void greetings() throws Exception {
        assertThat(Printed.by(Greetings::main))
                .containsExactly(
                        "bob: no template for bob", "ada reads: Dear ada", "bob reads 0 messages", "it reached 1");
    }

    @Test
    void fromGo() throws Exception {
        assertThat(Printed.by(FromGo::main))
                .containsExactly(
                        "response string",
                        "response string",
                        "saver was called for: saver",
                        "in Java",
                        "ended by TIMEOUT");
    }

    @Test
    void wiring() throws Exception {
        assertThat(Printed.by(Wiring::main)).containsExactly("open: [orders]", "clerk: 18 paid", "open: [orders]");
    }

    @Test
    void rooms() throws Exception {
        assertThat(Printed.by(Rooms::main))
                .containsExactly(
                        "ada: channel_join",
                        "ada hears of the shop: shop, message, \"order 17 is on its way\"",
                        "here: ada",
                        "ada hears of the server: server, news, {\"n\":1}",
                        "ada hears of the function: upper, answer, \"HELLO\"",
                        "kept: server, news, {\"n\":1}",
                        "kept: ada, word, \"hello\"");
    }

    @Test
    void ticks() throws Exception {
        assertThat(Printed.by(Ticks::main)).containsExactly("tick 1", "tick 2", "tick 3", "closed");
    }

    @Test
    void million() throws Exception {
        assertThat(Printed.by(() -> Million.main("20000"))).containsExactly("20000 readings of 100 meters, 0 failed");
    }

    @Test
    void scopes() throws Exception {
        List<String> lines = Printed.by(Scopes::main);
        assertThat(lines.subList(0, 5))
                .containsExactly("closing: 2 rooms", "again: all known? true", "room/1: 1", "room/2: 2", "lobby: 1");
        assertThat(lines.get(5)).isIn("after closing, in room/1: 0", "after closing, in room/2: 1");
    }

    @Test
    void demo() throws Exception {
        List<String> lines = Printed.by(Demo::main);
        assertThat(lines).hasSize(16).allMatch(line -> line.matches(" *\\d+ ms  .*"));
        assertThat(lines)
                .anyMatch(line -> line.endsWith("ada hears in room/1: hello, room 1"))
                .anyMatch(line -> line.endsWith("bob hears in room/2: hello, room 2"))
                .anyMatch(line -> line.endsWith("on room/1 are now 2 subscribers, on both nodes"))
                .anyMatch(line -> line.endsWith("ada hears in desk: for ada's eyes"))
                .anyMatch(line -> line.endsWith("bob gets nothing: no template for bob"))
                .anyMatch(line -> line.matches(".* 8000 dispatches of 4 threads here, all heard .* 0 out of order"));
        assertThat(lines.subList(12, 16))
                .extracting(line -> line.replaceFirst(".* ms +(durable)? *", ""))
                .containsExactly(
                        "ada's phone is back, on the other node, and goes on where it left off",
                        "ada's phone hears in inbox/ada: call me",
                        "ada's phone hears in inbox/ada: when you can",
                        "done     that was all; both nodes close");
    }
}
