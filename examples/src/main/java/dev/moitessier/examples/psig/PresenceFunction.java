package dev.moitessier.examples.psig;

import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdContext;
import dev.moitessier.psig.Signalling;

/** The function of psig's readme, in Java. */
final class PresenceFunction {
    private PresenceFunction() {}

    // snippet: psig-function
    static void handle(PrscdContext prscd) {
        Signalling signalling = prscd.readSignalling();
        if (!signalling.isData()) {
            return;
        }
        String data = prscd.readEvent().data();
        System.out.println("presencejs: channel: " + signalling.channel() + ", data: " + data);
        prscd.writeEvent(new ChannelEvent("completed", "{\"ok\":true}"));
    }
    // end
}
