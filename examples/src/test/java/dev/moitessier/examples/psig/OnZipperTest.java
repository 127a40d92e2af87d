package dev.moitessier.examples.psig;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.yomo.ZipperException;
import dev.moitessier.yomo.ZipperTls;
import java.net.DatagramSocket;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

/** That it works on a real zipper is tested in yomo; here, that it says so where there is none. */
class OnZipperTest {
    @Test
    void withoutAZipperItSaysWhichOneIsMissing() throws Exception {
        int free;
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        assertThatThrownBy(() -> OnZipper.connect("127.0.0.1:" + free, "", ZipperTls.trustAll()))
                .isInstanceOf(ZipperException.Unreachable.class)
                .hasMessageContaining("127.0.0.1:" + free);
        assertThatThrownBy(() -> ThermometerSource.write("127.0.0.1:" + free, ZipperTls.trustAll(), "21.5"))
                .isInstanceOf(ZipperException.Unreachable.class);
    }
}
