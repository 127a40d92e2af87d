package dev.moitessier.yomo;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Coverage-guided search for metadata that breaks one of the laws. */
class MetadataFuzzTest {
    @FuzzTest
    void anyMetadata(byte[] metadata) {
        Laws.holdForMetadata(metadata);
    }
}
