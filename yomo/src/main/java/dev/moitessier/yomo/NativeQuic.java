package dev.moitessier.yomo;

import io.netty.handler.codec.quic.Quic;

/** The native half of Netty's QUIC: one jar for each platform, and the application's to choose. */
final class NativeQuic {
    private NativeQuic() {}

    /** {@link IllegalStateException} that names the jar if it is not there. */
    static void require() {
        if (!Quic.isAvailable()) {
            throw new IllegalStateException(
                    "no native QUIC for this platform: add io.netty:netty-codec-native-quic, in the version of"
                            + " netty-codec-classes-quic, with one of the classifiers linux-x86_64, linux-aarch_64,"
                            + " osx-x86_64, osx-aarch_64, windows-x86_64 (there is none for musl)",
                    Quic.unavailabilityCause());
        }
    }
}
