package dev.moitessier.examples.psig;

import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Psig;
import dev.moitessier.yomo.StreamFunction;
import dev.moitessier.yomo.ZipperTls;

/** {@link PresenceFunction} on a zipper, such as {@code yomo serve} starts: {@code OnZipper localhost:9000 token:SECRET}. */
public final class OnZipper {
    private OnZipper() {}

    public static void main(String[] args) {
        String address = args.length > 0 ? args[0] : "localhost:9000";
        String credential = args.length > 1 ? args[1] : "";
        // A zipper without files of TLS makes a certificate of its own: nothing could vouch for it.
        try (StreamFunction function = connect(address, credential, ZipperTls.trustAll())) {
            System.out.println("on " + address + " until it is rejected, or Ctrl-C");
            function.ended().toCompletableFuture().join();
        }
    }

    // snippet: yomo-function
    static StreamFunction connect(String zipper, String credential, ZipperTls tls) {
        PrscdFunction presence = PresenceFunction::handle;
        return StreamFunction.builder("presence-backend-sfn")
                .zipper(zipper)
                .credential(credential)
                .tls(tls)
                .observe(Psig.TAG_FROM_PRSCD)
                .handler(presence.named("presence-backend-sfn"))
                .connect();
    }
    // end
}
