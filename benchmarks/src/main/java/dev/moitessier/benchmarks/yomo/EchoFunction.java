package dev.moitessier.benchmarks.yomo;

import dev.moitessier.yomo.StreamFunction;
import dev.moitessier.yomo.ZipperTls;
import java.io.IOException;
import java.io.OutputStream;

/** Echoes 0x30 as 0x31 with all defaults, in a process of its own, until its standard input ends. */
final class EchoFunction {
    private EchoFunction() {}

    public static void main(String[] args) throws IOException {
        try (StreamFunction function = StreamFunction.builder("java-echo")
                .zipper(args[0])
                .tls(ZipperTls.trustAll())
                .observe(0x30)
                .handler(context -> context.write(0x31, context.data()))
                .connect()) {
            System.out.println("@READY");
            System.in.transferTo(OutputStream.nullOutputStream());
            System.err.println(function.traffic());
        }
    }
}
