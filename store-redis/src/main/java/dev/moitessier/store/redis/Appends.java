package dev.moitessier.store.redis;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.nio.charset.StandardCharsets;
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

    /** What one call of the script will append: elements by scope. */
    private static final class Load {
        final Map<String, List<Element>> scopes = new LinkedHashMap<>();
        final int shard;
        int elements;
        long bytes;
        boolean remembered = true;

        Load(int shard) {
            this.shard = shard;
        }

        void add(Element element, long size) {
            scopes.computeIfAbsent(element.append.scope(), scope -> new ArrayList<>())
                    .add(element);
            elements++;
            bytes += size;
            remembered &= !element.append.remember().isZero();
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
            int shard = Scope.of(append.scope()).shard();
            int group = shards.cluster() ? shard : 0;
            long size = append.content().size();
            int round = roundOf.getOrDefault(group, 0);
            Load load = load(rounds, round, group, shard);
            if (load.isFullFor(size)) {
                roundOf.put(group, ++round);
                load = load(rounds, round, group, shard);
            }
            load.add(new Element(i, append), size);
        }
        return rounds;
    }

    private static Load load(List<Map<Integer, Load>> rounds, int round, int group, int shard) {
        while (rounds.size() <= round) {
            rounds.add(new LinkedHashMap<>());
        }
        return rounds.get(round).computeIfAbsent(group, each -> new Load(shard));
    }

    private void send(Collection<Load> round, @Nullable Appended[] answers, Map<String, StoreException> broken) {
        List<Load> loads = new ArrayList<>();
        List<Call> calls = new ArrayList<>();
        boolean repeatable = true;
        for (Load load : round) {
            load.scopes.entrySet().removeIf(scope -> failed(scope.getKey(), scope.getValue(), answers, broken));
            if (!load.scopes.isEmpty()) {
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
            outcomes =
                    calls.stream().map(call -> new Outcome(null, interrupted)).toList();
        }
        for (int i = 0; i < loads.size(); i++) {
            take(loads.get(i), outcomes.get(i), answers, broken);
        }
    }

    /** Whether an earlier element of the scope has failed, so that these do as well (B3). */
    private static boolean failed(
            String scope, List<Element> elements, @Nullable Appended[] answers, Map<String, StoreException> broken) {
        StoreException cause = broken.get(scope);
        if (cause == null) {
            return false;
        }
        StoreException unsent = new StoreException.Unavailable(
                "an earlier append to the scope failed: " + cause.getMessage(), cause, false);
        elements.forEach(element -> answers[element.number] = new Appended.Failed(unsent));
        return true;
    }

    private Call call(Load load) {
        Call call = hints.tell(Call.of(load.shard, Script.APPEND));
        heads.tell(call).arg(load.scopes.size());
        load.scopes.forEach((name, elements) -> {
            Scope scope = Scope.of(name);
            call.key(keys.of(scope, "s:")).key(keys.of(scope, "m:")).key(keys.of(scope, "y:"));
            call.arg(keys.of(scope, "h:")).arg(elements.size());
            elements.forEach(element -> add(call, scope, element.append));
        });
        return call;
    }

    private void add(Call call, Scope scope, Append append) {
        Content content = append.content();
        Map<Party, Payload> texts = content.texts();
        boolean apart = sizeOf(texts) > INLINE;
        byte[] mark = apart ? mark() : null;
        call.key(keys.of(scope, "d:", Keys.bytes(append.dispatch())));
        call.arg(
                        append.ifMembers().isPresent()
                                ? Long.toString(append.ifMembers().getAsLong())
                                : "")
                .arg(append.remember().plusNanos(999_999).toMillis())
                .arg(Contents.envelope(append.dispatch(), content, mark))
                .arg(Contents.body(content))
                .arg(Contents.inline(apart ? Map.of() : texts))
                .arg(apart ? texts.size() : 0)
                .arg(mark == null ? new byte[0] : mark);
        if (mark != null) {
            call.key(keys.of(scope, "x:", mark));
            texts.forEach((owner, text) -> call.arg(Contents.owner(owner)).arg(Contents.bytes(text)));
        }
    }

    private static long sizeOf(Map<Party, Payload> texts) {
        long size = 0;
        for (Payload text : texts.values()) {
            size += text.size();
        }
        return size;
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
            load.scopes.forEach((scope, elements) -> {
                broken.put(scope, failure);
                elements.forEach(element -> answers[element.number] = new Appended.Failed(failure));
            });
            if (failure.outcomeUnknown()) {
                hints.readable(load.scopes.keySet());
            }
            return;
        }
        List<?> reply = outcome.list();
        Set<String> readable = new HashSet<>();
        int at = 0;
        for (Map.Entry<String, List<Element>> scope : load.scopes.entrySet()) {
            byte[] version = (byte[]) reply.get(at++);
            for (Element element : scope.getValue()) {
                Appended answer = answer((byte[]) reply.get(at++), version);
                answers[element.number] = answer;
                if (answer instanceof Appended.Stored stored && !stored.duplicate()) {
                    readable.add(scope.getKey());
                }
            }
        }
        if (!readable.isEmpty()) {
            hints.readable(readable);
        }
    }

    private Appended answer(byte[] said, byte[] version) {
        switch (said[0]) {
            case 's', 'd' -> {
                long position = Positions.of(said, 1);
                heads.saw(position);
                return new Appended.Stored(position, Replies.number(version), said[0] == 'd');
            }
            case 'u' -> {
                return new Appended.Unheard();
            }
            case 'v' -> {
                return new Appended.Stale(Replies.number(version));
            }
            default ->
                throw new IllegalStateException("the script answered " + new String(said, StandardCharsets.UTF_8));
        }
    }
}
