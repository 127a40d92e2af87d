package function;

import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdContext;
import dev.moitessier.psig.PrscdFunction;

/** What you write: called for every message of every channel, those of one channel one after the other. */
final class Handler implements PrscdFunction {
    @Override
    public void handle(PrscdContext presence) {
        if (!presence.readSignalling().isData()) {
            return;
        }
        ChannelEvent event = presence.readEvent();
        presence.writeEvent(new ChannelEvent("completed", event.data()));
    }
}
