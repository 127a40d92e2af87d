package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.prscd.Bench.Client;
import dev.moitessier.prscd.Bench.Server;
import dev.moitessier.psig.ChannelEvent;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Mistakes that need a rare coincidence to show: each is scripted, once as it should be and once with the mistake. */
class FlawTest {
    @Test
    @DisplayName("old presence: who left while a node was away does not come back from the log it missed")
    void oldPresence() {
        Predicate<Flaw[]> ghost = flaws -> {
            Bench bench = new Bench(flaws);
            Server away = bench.server();
            Server stays = bench.server();
            away.client("ada").in("room");
            Client bob = stays.client("bob").in("room");
            bench.run(4);
            away.process.pause(8);
            bench.run(1);
            // Said while others still count the absent node; left when it is known to be dead, without a word.
            Client brief = stays.client("brief").join("room");
            bench.run(5.5);
            brief.leave("room");
            bob.leave("room");
            bench.run(4);
            return away.shown("room").containsKey("brief");
        };
        assertThat(ghost.test(new Flaw[] {})).isFalse();
        assertThat(ghost.test(new Flaw[] {Flaw.OLD_PRESENCE})).isTrue();
    }

    @Test
    @DisplayName("volatile join: a state that was late on the lane does not bring back who has left")
    void volatileJoin() {
        Predicate<Flaw[]> ghost = flaws -> {
            Bench bench = new Bench(flaws);
            Server here = bench.server();
            Server there = bench.server();
            Client ada = here.client("ada").in("room");
            Client bob = there.client("bob").in("room");
            bench.run(4);
            assertThat(ada.members()).containsExactly("bob");
            Roster.Presence known = here.node
                    .existing("room")
                    .roster
                    .where(each -> each.clientId.equals("bob"))
                    .get(0);
            // What bob's node would have said of a change in the moment before he left.
            byte[] late = new VolatileNote(
                            known.owner,
                            List.of(new VolatileNote.State(
                                    "room", known.sid, known.version + 1, known.stamp + 1, Bench.state("bob:late"))))
                    .encode();
            bob.leave("room");
            bench.run(4);
            assertThat(ada.offlines()).containsExactly("bob");
            there.core.lane().publish("", late);
            bench.run(4);
            return here.shown("room").containsKey("bob");
        };
        assertThat(ghost.test(new Flaw[] {})).isFalse();
        assertThat(ghost.test(new Flaw[] {Flaw.VOLATILE_JOIN})).isTrue();
    }

    @Test
    @DisplayName("no reconciling: a node that closed the channel without a word is missed in the end")
    void noReconciling() {
        Predicate<Flaw[]> ghost = flaws -> {
            Bench bench = new Bench(flaws);
            bench.store.hintsLost = 1;
            bench.reconcile = Duration.ofSeconds(5);
            Server away = bench.server();
            Server stays = bench.server();
            Client ada = away.client("ada").in("room");
            Client bob = stays.client("bob").in("room");
            bench.run(4);
            away.process.pause(8);
            bench.run(7.5);
            assertThat(bob.offlines()).containsExactly("ada");
            // Back, and subscribed: it sees the other subscribed too, whose next look at the log is still to come.
            for (int i = 0; i < 200 && bench.log("room").stream().noneMatch(entry -> isBack(entry, away)); i++) {
                bench.run(.01);
            }
            bob.leave("room");
            bench.run(20);
            assertThat(ada.got).isNotEmpty();
            return away.shown("room").containsKey("bob");
        };
        assertThat(ghost.test(new Flaw[] {})).isFalse();
        assertThat(ghost.test(new Flaw[] {Flaw.NO_RECONCILING})).isTrue();
    }

    private static boolean isBack(LogEntry entry, Server server) {
        return entry.ask() && entry.life().equals(server.node.life());
    }

    @Test
    @DisplayName("unheard forgotten: what is said to an ordered channel between two lives of all its nodes is heard")
    void unheardForgotten() {
        Predicate<Flaw[]> lost = flaws -> {
            Bench bench = new Bench(flaws);
            Server one = bench.server();
            bench.server();
            Client ada = one.client("ada").in("ordered-1");
            bench.run(4);
            one.process.pause(8);
            bench.run(6);
            LogEntry entry = new LogEntry(
                    "another",
                    1,
                    false,
                    false,
                    0,
                    0,
                    List.of(),
                    List.of(),
                    List.of(new Datum("@x", "x", new ChannelEvent("m", "hello").encode())));
            bench.store.append(
                    new RoomStore.Append("prscd/sim/c/ordered-1", one.node.newId(), "prscd", entry.encode(), Map.of()));
            bench.run(6);
            return ada.heard().isEmpty();
        };
        assertThat(lost.test(new Flaw[] {})).isFalse();
        assertThat(lost.test(new Flaw[] {Flaw.UNHEARD_FORGOTTEN})).isTrue();
    }

    @Test
    @DisplayName("outage.lateSweep: a request to sweep that was held over an outage ends nobody")
    void lateSweep() {
        Predicate<Flaw[]> ended = flaws -> {
            Bench bench = new Bench(flaws);
            Server one = bench.server();
            Server two = bench.server();
            one.client("ada").in("room");
            Client bob = two.client("bob").in("room");
            bench.run(4);
            long asked = bench.sim.now();
            bench.outage(6);
            bench.run(6);
            bench.store.sweep(asked, 100);
            bench.run(5);
            return !bob.offlines().isEmpty();
        };
        assertThat(ended.test(new Flaw[] {})).isFalse();
        assertThat(ended.test(new Flaw[] {Flaw.LATE_SWEEP})).isTrue();
    }
}
