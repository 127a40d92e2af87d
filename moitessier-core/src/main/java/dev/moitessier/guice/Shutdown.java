package dev.moitessier.guice;

/** Closes what is open when the process ends in order. */
final class Shutdown {
    private final Thread hook;

    private Shutdown(Thread hook) {
        this.hook = hook;
    }

    static Shutdown of(MoitessierInstances instances) {
        Thread hook = new Thread(instances::close, "moitessier-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        return new Shutdown(hook);
    }

    @SuppressWarnings("ReferenceEquality") // this very thread
    void cancel() {
        if (Thread.currentThread() == hook) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException endingAlready) {
            // the hook runs or will, and finds nothing left to close
            assert !hook.isDaemon();
        }
    }
}
