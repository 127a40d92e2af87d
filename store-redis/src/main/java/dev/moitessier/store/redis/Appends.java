package dev.moitessier.store.redis;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Appends. All elements of a shard (without a cluster: of all shards) go in one call of the script, and the calls in one pipeline
 * for each server. A batch that is too large for that goes in rounds, one after the other, so that the elements of a scope keep
 * their order whatever fails (B3).
 */
final class Appends {
    /** Bounds how long one script holds up the server: about four milliseconds. */
    private static final int ELEMENTS_IN_CALL = 500;

    private static final int BYTES_IN_CALL = 16 << 20;
    /** Texts of an append up to so many bytes go with the entry to all its readers; others are kept apart and asked for by owner. */
    private static final int INLINE = 4 << 10;

    /** What the scripts remember ids for at least, without a key for each; core's own have just that. */
    private static final Duration USUAL = Duration.ofSeconds(20);
    /** Ids of a shorter time are not kept for so long. */
    private static final Duration LEAST_USUAL = Duration.ofSeconds(5);

    private static final byte[] NOTHING = {};

    private final Shards shards;
    private final Keys keys;
    private final Capabilities capabilities;
    private final Heads heads;
    private final Hints hints;

    Appends(Shards shards, Keys keys, Capabilities capabilities, Heads heads, Hints hints) {
        this.shards = shards;
        this.keys = keys;
        this.capabilities = capabilities;
        this.heads = heads;
        this.hints = hints;
    }

    List<Appended> append(List<Append> batch) {
        shards.ensureOpen();
        @Nullable Appended[] answers = new @Nullable Appended[batch.size()];
        Map<String, StoreException> broken = new HashMap<>();
        for (Map<Integer, Load> round : rounds(batch, answers)) {
            send(round.values(), answers, broken);
        }
        List<Appended> all = new ArrayList<>(answers.length);
        for (Appended answer : answers) {
            if (answer == null) {
                throw new IllegalStateException("an element without an answer");
            }
            all.add(answer);
        }
        return all;
    }

    /** One element and its place in the batch. */
    private record Element(int number, Append append) {}

    /** The elements of one scope in one call. */
    private static final class Share {
        final Scope scope;
        final List<Element> elements = new ArrayList<>(1);
        /** None has a condition, texts that are kept apart, or a time of its own to be remembered. */
        boolean plain = true;
        /** The script publishes the hint; otherwise it comes a moment later. */
        boolean tells;

        Share(Scope scope) {
            this.scope = scope;
        }
    }

    /** What one call of the script will append. */
    private static final class Load {
        final Map<String, Share> shares = new LinkedHashMap<>();
        final int shard;
        int elements;
        long bytes;
        boolean remembered = true;

        Load(int shard) {
            this.shard = shard;
        }

        void add(int number, Append append, Scope scope, long size) {
            Share share = shares.computeIfAbsent(scope.name(), name -> new Share(scope));
            share.elements.add(new Element(number, append));
            share.plain &= append.ifMembers().isEmpty() && isUsual(append.remember()) && !isApart(append.content());
            elements++;
            bytes += size;
            remembered &= !append.remember().isZero();
        }

        boolean isFullFor(long size) {
            return elements > 0 && (elements == ELEMENTS_IN_CALL || bytes + size > BYTES_IN_CALL);
        }
    }

    /** Refuses what is beyond a limit, and puts each other element into the round at which its shard is. */
    private List<Map<Integer, Load>> rounds(List<Append> batch, @Nullable Appended[] answers) {
        List<Map<Integer, Load>> rounds = new ArrayList<>();
        Map<Integer, Integer> roundOf = new HashMap<>();
        for (int i = 0; i < answers.length; i++) {
            Append append = batch.get(i);
            try {
                capabilities.check(append);
            } catch (StoreException.Rejected refused) {
                answers[i] = new Appended.Failed(refused);
                continue;
            }
            Scope scope = Scope.of(append.scope());
            // Without a cluster all shards are in one place, and all ids are noted in one.
            int group = shards.cluster() ? scope.shard() : 0;
            long size = append.content().size();
            int round = roundOf.getOrDefault(group, 0);
            Load load = load(rounds, round, group);
            if (load.isFullFor(size)) {
                roundOf.put(group, ++round);
                load = load(rounds, round, group);
            }
            load.add(i, append, scope, size);
        }
        return rounds;
    }

    private static Load load(List<Map<Integer, Load>> rounds, int round, int group) {
        while (rounds.size() <= round) {
            rounds.add(new LinkedHashMap<>());
        }
        return rounds.get(round).computeIfAbsent(group, Load::new);
    }

    private void send(Collection<Load> round, @Nullable Appended[] answers, Map<String, StoreException> broken) {
        List<Load> loads = new ArrayList<>();
        List<Call> calls = new ArrayList<>();
        boolean repeatable = true;
        for (Load load : round) {
            load.shares.values().removeIf(share -> failed(share, answers, broken));
            if (!load.shares.isEmpty()) {
                loads.add(load);
                calls.add(call(load));
                repeatable &= load.remembered;
            }
        }
        if (calls.isEmpty()) {
            return;
        }
        List<Outcome> outcomes;
        try {
            outcomes = shards.all("append", true, repeatable, calls);
        } catch (StoreException.Interrupted interrupted) {
            outcomes = calls.stream().map(call -> Outcome.failed(interrupted)).toList();
        }
        for (int i = 0; i < loads.size(); i++) {
            take(loads.get(i), outcomes.get(i), answers, broken);
        }
    }

    /** Whether an earlier element of the scope has failed, so that these do as well (B3). */
    private static boolean failed(Share share, @Nullable Appended[] answers, Map<String, StoreException> broken) {
        StoreException cause = broken.get(share.scope.name());
        if (cause == null) {
            return false;
        }
        StoreException unsent = new StoreException.Unavailable(
                "an earlier append to the scope failed: " + cause.getMessage(), cause, false);
        share.elements.forEach(element -> answers[element.number] = new Appended.Failed(unsent));
        return true;
    }

    private Call call(Load load) {
        Call call = Call.of(load.shard, Script.APPEND).arg(hints.origin()).arg(load.elements);
        call.key(keys.of(load.shard, "ids")).key(keys.of(load.shard, "older"));
        for (Share share : load.shares.values()) {
            for (Element element : share.elements) {
                call.key(keys.of(share.scope, "d:", Keys.bytes(element.append.dispatch())));
            }
        }
        for (Share share : load.shares.values()) {
            Scope scope = share.scope;
            int elements = share.elements.size();
            call.key(keys.of(scope, "s:")).key(keys.of(scope, "m:"));
            share.tells = hints.tellsNow(scope, load.elements == 1);
            call.arg(heads.known(scope));
            (share.tells ? hints.tellCommand(call) : call.arg(NOTHING)).arg(share.plain ? elements : -elements);
            for (Element element : share.elements) {
                if (share.plain) {
                    call.arg(Contents.entry(element.append.dispatch(), element.append.content(), null));
                } else {
                    addFull(call, scope, element.append);
                }
            }
        }
        return call;
    }

    private void addFull(Call call, Scope scope, Append append) {
        Content content = append.content();
        byte[] mark = isApart(content) ? mark() : null;
        call.arg(
                        append.ifMembers().isPresent()
                                ? Long.toString(append.ifMembers().getAsLong())
                                : "")
                .arg(
                        isUsual(append.remember())
                                ? ""
                                : Long.toString(
                                        append.remember().plusNanos(999_999).toMillis()))
                .arg(Contents.entry(append.dispatch(), content, mark))
                .arg(mark == null ? 0 : content.texts().size())
                .arg(mark == null ? NOTHING : mark);
        if (mark != null) {
            call.key(keys.of(scope, "y:")).key(keys.of(scope, "x:", mark));
            content.texts()
                    .forEach((owner, text) -> call.arg(Contents.owner(owner)).arg(Contents.bytes(text)));
        }
    }

    private static boolean isUsual(Duration remember) {
        return remember.compareTo(USUAL) <= 0 && remember.compareTo(LEAST_USUAL) >= 0;
    }

    private static boolean isApart(Content content) {
        long size = 0;
        for (Payload text : content.texts().values()) {
            size += text.size();
        }
        return size > INLINE;
    }

    private static byte[] mark() {
        byte[] mark = new byte[Contents.MARK];
        ThreadLocalRandom.current().nextBytes(mark);
        return mark;
    }

    private void take(Load load, Outcome outcome, @Nullable Appended[] answers, Map<String, StoreException> broken) {
        StoreException failure = outcome.failure();
        if (failure != null) {
            if (failure instanceof StoreException.Closed || failure instanceof StoreException.Misconfigured) {
                throw failure; // B4
            }
            load.shares.forEach((scope, share) -> {
                broken.put(scope, failure);
                share.elements.forEach(element -> answers[element.number] = new Appended.Failed(failure));
            });
            if (failure.outcomeUnknown()) {
                tell(load, load.shares.keySet());
            }
            return;
        }
        List<?> reply = outcome.list();
        Set<String> readable = new HashSet<>();
        int at = 0;
        for (Share share : load.shares.values()) {
            long version = Replies.number(reply.get(at++));
            for (Element element : share.elements) {
                Appended answer = answer(share.scope, (byte[]) reply.get(at++), version);
                answers[element.number] = answer;
                if (answer instanceof Appended.Stored stored && !stored.duplicate()) {
                    readable.add(share.scope.name());
                }
            }
        }
        if (!readable.isEmpty()) {
            tell(load, readable);
        }
    }

    /** Entries of these scopes are readable, or may be. */
    private void tell(Load load, Set<String> scopes) {
        hints.readable(scopes);
        List<String> untold = new ArrayList<>(0);
        load.shares.forEach((scope, share) -> {
            if (!share.tells && scopes.contains(scope)) {
                untold.add(scope);
            }
        });
        hints.later(untold);
    }

    private Appended answer(Scope scope, byte[] said, long version) {
        switch (said[0]) {
            case 'd' -> {
                return stored(scope, Positions.of(said, 1), version, true);
            }
            case 'u' -> {
                return new Appended.Unheard();
            }
            case 'v' -> {
                return new Appended.Stale(version);
            }
            default -> {
                return stored(scope, Positions.of(said), version, false);
            }
        }
    }

    private Appended stored(Scope scope, long position, long version, boolean duplicate) {
        heads.saw(scope, position);
        return new Appended.Stored(position, version, duplicate);
    }
}
