package dev.moitessier.examples.psig;

import dev.moitessier.yomo.Source;
import dev.moitessier.yomo.ZipperTls;
import java.nio.charset.StandardCharsets;

/** Writes to a zipper what any function may observe. */
public final class ThermometerSource {
    private ThermometerSource() {}

    public static void main(String[] args) {
        write(args.length > 0 ? args[0] : "localhost:9000", ZipperTls.trustAll(), "21.5");
    }

    // snippet: yomo-source
    static void write(String zipper, ZipperTls tls, String degrees) {
        try (Source thermometer =
                Source.builder("thermometer").zipper(zipper).tls(tls).connect()) {
            thermometer.write(0x33, degrees.getBytes(StandardCharsets.UTF_8));
        }
    }
    // end
}
