package dev.moitessier;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A dispatch in Java Flight Recorder, from the call to the store's answer. */
@Name("dev.moitessier.Dispatch")
@Label("Dispatch")
@Category("Moitessier")
@Description("A dispatch, from the call to the store's answer")
@StackTrace(false)
final class DispatchEvent extends Event {
    @Label("Scope")
    @Description("The first of its scopes")
    String scope = "";

    @Label("Scopes")
    int scopes;

    @Label("Dispatch id")
    String dispatch = "";

    @Label("Body")
    @DataAmount
    int body;

    @Label("Failed")
    boolean failed;

    /** Null unless somebody records: then a dispatch should not pay for it. */
    static @Nullable DispatchEvent begun() {
        if (!FlightRecorder.isInitialized()) {
            return null;
        }
        DispatchEvent event = new DispatchEvent();
        event.begin();
        return event;
    }
}
