package function;

import dev.moitessier.psig.Psig;
import dev.moitessier.yomo.StreamFunction;
import dev.moitessier.yomo.ZipperTls;

public final class Main {
    private static final String NAME = "presence-backend-sfn";

    private Main() {}

    public static void main(String[] args) {
        try (StreamFunction function = StreamFunction.builder(NAME)
                .zipper(args.length > 0 ? args[0] : "localhost:9000")
                .credential(args.length > 1 ? args[1] : "")
                // For development. In production: YOMO_TLS_CACERT_FILE and ZipperTls.fromEnvironment().
                .tls(ZipperTls.trustAll())
                .observe(Psig.TAG_FROM_PRSCD)
                .handler(new Handler().named(NAME))
                .start()) {
            function.ended().toCompletableFuture().join();
        }
    }
}
