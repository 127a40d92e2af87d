package dev.moitessier.store.datastore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One transaction of a scope at a time within this process: others would only make it start again, or wait for locks. Appends that
 * wait meanwhile go together in the next one (group commit), so what limits a scope is bytes, not round trips.
 */
final class Lanes {
    private final Calls calls;
    private final Consumer<List<Appends.Element>> appends;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, ArrayDeque<Job>> lanes = new HashMap<>();

    /** @param appends writes elements of one scope in their order, and answers each */
    Lanes(Calls calls, Consumer<List<Appends.Element>> appends) {
        this.calls = calls;
        this.appends = appends;
    }

    /** What waits in a lane: an element of a batch, or a transaction of its own. */
    sealed interface Job permits Appends.Element, Alone {}

    private record Alone(Runnable work) implements Job {}

    /** Runs a call on a scope when it is its turn. */
    <T> T call(String scope, String doing, long deadline, Calls.Work<T> work) {
        calls.ensureMayStart();
        Call call = new Call(doing, deadline);
        return calls.await(submit(scope, call, work), call);
    }

    /** The same without waiting. */
    <T> CompletableFuture<T> submit(String scope, Call call, Calls.Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        add(scope, List.of(new Alone(() -> Calls.complete(result, call, work))));
        return result;
    }

    /** A call that is one transaction. */
    <T> T transact(String scope, String doing, Calls.Transacted<T> work) {
        return call(scope, doing, calls.deadline(), call -> calls.transacting(call, work));
    }

    void add(String scope, List<? extends Job> jobs) {
        lock.lock();
        try {
            ArrayDeque<Job> lane = lanes.get(scope);
            if (lane != null) {
                lane.addAll(jobs);
                return;
            }
            lanes.put(scope, new ArrayDeque<>(jobs));
        } finally {
            lock.unlock();
        }
        calls.threads().execute(() -> run(scope));
    }

    private void run(String scope) {
        for (List<Job> jobs = next(scope); !jobs.isEmpty(); jobs = next(scope)) {
            if (jobs.get(0) instanceof Alone alone) {
                alone.work.run();
            } else {
                appends.accept(jobs.stream().map(Appends.Element.class::cast).toList());
            }
        }
    }

    /** The first that waits, with the appends right behind it if it is one; without any the lane ends. */
    private List<Job> next(String scope) {
        List<Job> jobs = new ArrayList<>();
        lock.lock();
        try {
            ArrayDeque<Job> lane = lanes.get(scope);
            if (lane == null) {
                return jobs;
            }
            Appends.Size size = new Appends.Size();
            for (Job job = lane.peek(); job != null; job = lane.peek()) {
                boolean taken = job instanceof Appends.Element element ? size.takes(element) : jobs.isEmpty();
                if (!taken) {
                    break;
                }
                jobs.add(lane.remove());
                if (job instanceof Alone) {
                    break;
                }
            }
            if (jobs.isEmpty()) {
                lanes.remove(scope);
            }
        } finally {
            lock.unlock();
        }
        return jobs;
    }
}
