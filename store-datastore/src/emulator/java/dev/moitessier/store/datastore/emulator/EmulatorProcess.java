package dev.moitessier.store.datastore.emulator;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * The first class of an emulator's JVM: runs the emulator, and ends with the end of standard input, which comes even when the JVM of
 * the tests was killed. Arguments: the emulator's main class and its arguments.
 */
final class EmulatorProcess {
    private EmulatorProcess() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        Thread watch = new Thread(EmulatorProcess::endWithInput, "ends-with-the-tests");
        watch.setDaemon(true);
        watch.start();
        try {
            Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException failed) {
            throw new IllegalStateException("the emulator failed", failed.getCause());
        }
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is said on it; only its end counts.
            }
        } catch (IOException closed) {
            System.err.println("standard input broke: " + closed);
        }
        Runtime.getRuntime().halt(0);
    }
}
