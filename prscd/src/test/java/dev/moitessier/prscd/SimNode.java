package dev.moitessier.prscd;

import dev.moitessier.prscd.Roster.Presence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The real node and its real rooms, with some mistakes put back. */
final class SimNode extends Node {
    private final Set<Flaw> flaws;
    /** When rooms were opened that had not been open under a former life. */
    final List<Opened> openings = new ArrayList<>();

    record Opened(String channel, long at) {}

    /** Told what an ordered room has accepted. */
    BiConsumer<String, Datum> accepted = (channel, datum) -> {};

    private final LongSupplier now;

    SimNode(
            NodeSettings settings,
            RoomStore store,
            SimProcess loop,
            Random random,
            ChannelRules rules,
            Set<Flaw> flaws) {
        super(settings, store, loop, random, rules, loop);
        this.now = loop.sim::now;
        this.flaws = flaws;
    }

    static NodeSettings simulated() {
        NodeSettings defaults = NodeSettings.of("sim", "m1");
        return new NodeSettings(
                defaults.realm(),
                defaults.mesh(),
                defaults.lease(),
                defaults.settle(),
                defaults.tick(),
                defaults.linger(),
                defaults.lingerOnLoss(),
                Duration.ofSeconds(8),
                defaults.limits());
    }

    @Override
    Room newRoom(String channel, String scope) {
        return new FlawedRoom(this, channel, scope);
    }

    @Override
    void adopt(Room room, String former) {
        if (!flaws.contains(Flaw.OLD_OWNER)) {
            super.adopt(room, former);
        }
    }

    @Override
    void drainUnknown() {
        if (!flaws.contains(Flaw.DRAIN_FORGOTTEN)) {
            super.drainUnknown();
        }
    }

    @Override
    @Nullable
    Long drainedTill(String life) {
        return flaws.contains(Flaw.DRAIN_IGNORED) && isDead(life) ? null : super.drainedTill(life);
    }

    /** Whether a room has been trying to append one entry for longer than anybody waits for a roster. */
    boolean isMute(String channel) {
        return existing(channel) instanceof FlawedRoom room
                && room.muteSince >= 0
                && now.getAsLong() - room.muteSince > 2 * leaseNanos();
    }

    private final class FlawedRoom extends Room {
        private final boolean ordered;
        private boolean opened;
        private long muteSince = -1;

        FlawedRoom(Node node, String channel, String scope) {
            super(node, channel, scope);
            ordered = settings.order() == ChannelSettings.Order.ORDERED;
        }

        @Override
        boolean say(Datum datum) {
            boolean taken = super.say(datum);
            if (taken && ordered) {
                accepted.accept(channel, datum);
            }
            return taken;
        }

        @Override
        boolean holdsBack() {
            return !flaws.contains(Flaw.HASTY_LEAVE) && super.holdsBack();
        }

        @Override
        void appended(InFlight mine, RoomStore.Appended appended) {
            muteSince = -1;
            super.appended(mine, appended);
        }

        @Override
        void uncertain(InFlight mine) {
            muteSince = muteSince < 0 ? now.getAsLong() : muteSince;
            if (flaws.contains(Flaw.ABANDONED_APPEND)) {
                abandon(mine);
            } else {
                super.uncertain(mine);
            }
        }

        @Override
        boolean isRepeated(LogEntry entry) {
            return !flaws.contains(Flaw.REPEATED_ENTRY) && super.isRepeated(entry);
        }

        @Override
        boolean countsAsPresence(long position) {
            return flaws.contains(Flaw.OLD_PRESENCE) || super.countsAsPresence(position);
        }

        @Override
        void subscribers(RoomStore.Answer<RoomStore.Present> answer) {
            if (!flaws.contains(Flaw.NO_RECONCILING)) {
                super.subscribers(answer);
            }
        }

        @Override
        void applyVolatile(String life, VolatileNote.State note) {
            if (flaws.contains(Flaw.VOLATILE_JOIN) && roster.get(note.sid()) == null) {
                String clientId = SimClient.clientIn(note.state());
                roster.put(new Presence(note.sid(), clientId, life, note.version(), note.stamp(), note.state()));
                show(clientId);
            }
            super.applyVolatile(life, note);
        }

        @Override
        long readFrom(long position) {
            if (!opened) {
                opened = true;
                openings.add(new Opened(channel, now.getAsLong()));
            }
            return flaws.contains(Flaw.CURSOR_FORGOTTEN) ? position : super.readFrom(position);
        }

        @Override
        boolean keepsMailbox() {
            return !flaws.contains(Flaw.UNHEARD_FORGOTTEN) && super.keepsMailbox();
        }

        @Override
        void unheard(List<Datum> data) {
            super.unheard(flaws.contains(Flaw.UNHEARD_FORGOTTEN) ? List.of() : data);
        }

        @Override
        boolean isIdle() {
            return flaws.contains(Flaw.EARLY_CLOSE) ? isDeserted() : super.isIdle();
        }
    }
}
