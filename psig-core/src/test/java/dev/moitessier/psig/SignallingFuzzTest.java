package dev.moitessier.psig;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Coverage-guided search for bytes that break one of the laws. */
class SignallingFuzzTest {
    @FuzzTest
    void anyBytes(byte[] message) {
        Laws.hold(message);
    }
}
