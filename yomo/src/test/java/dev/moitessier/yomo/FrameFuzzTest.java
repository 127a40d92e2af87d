package dev.moitessier.yomo;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Coverage-guided search for streams that break one of the laws. */
class FrameFuzzTest {
    @FuzzTest
    void anyStream(byte[] stream) {
        Laws.holdForStream(stream);
    }
}
