package dev.moitessier.psig;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Coverage-guided search for payloads that break one of the laws. */
class ChannelEventFuzzTest {
    @FuzzTest
    void anyPayload(byte[] payload) {
        Laws.holdForPayload(payload);
    }
}
