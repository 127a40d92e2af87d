package dev.moitessier;

import dev.moitessier.micrometer.MicrometerObserver;

/** The observers there are without asking for one. */
final class Observers {
    private static final Observer NONE = new Observer() {};

    private Observers() {}

    /** Hears nothing and costs nothing. */
    static Observer none() {
        return NONE;
    }

    /** Micrometer's global registry where Micrometer is on the class path. */
    static Observer standard() {
        return micrometerIsThere() ? WithMicrometer.observer() : NONE;
    }

    private static boolean micrometerIsThere() {
        try {
            Class.forName("io.micrometer.core.instrument.Metrics", false, Observers.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    /** Apart, so that it is linked only where Micrometer is there. */
    private static final class WithMicrometer {
        static Observer observer() {
            return MicrometerObserver.global();
        }
    }
}
