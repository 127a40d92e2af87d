package dev.moitessier.testkit;

import dev.moitessier.store.HintSink;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** Counts hints. */
final class Hints implements HintSink {
    private final Map<String, LongAdder> byScope = new ConcurrentHashMap<>();
    private final AtomicInteger all = new AtomicInteger();
    private final Consumer<String> also;

    Hints() {
        this(scope -> {});
    }

    /** Calls this as well, on the store's thread; with "*" for all. */
    Hints(Consumer<String> also) {
        this.also = also;
    }

    @Override
    public void dirty(String scope) {
        byScope.computeIfAbsent(scope, key -> new LongAdder()).increment();
        also.accept(scope);
    }

    @Override
    public void allDirty() {
        all.incrementAndGet();
        also.accept("*");
    }

    /** Hints for this scope, those for all included. */
    long of(String scope) {
        LongAdder count = byScope.get(scope);
        return (count == null ? 0 : count.sum()) + all.get();
    }

    int all() {
        return all.get();
    }
}
