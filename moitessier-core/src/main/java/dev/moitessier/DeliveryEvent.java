package dev.moitessier;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** In a flight recording: one hand-over of messages to a responder, and how long that took. */
@Name("dev.moitessier.Delivery")
@Label("Delivery")
@Category("Moitessier")
@Description("A responder has handled messages of a scope")
@StackTrace(false)
final class DeliveryEvent extends Event {
    @Label("Scope")
    String scope = "";

    @Label("Messages")
    int messages;

    @Label("Last Position")
    long position;

    @Label("Lag")
    @Description("Since the newest of the messages was dispatched, by the store's clock and this node's")
    @Timespan(Timespan.NANOSECONDS)
    long lag;
}
