package dev.moitessier.prscd;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the channels of one pattern behave.
 *
 * @param order who decides the order of data
 * @param scope joins each channel to this scope of the application, {@code {channel}} standing for its name; null: none
 * @param volatileEvents data events of which only the newest per peer matters: sent over the volatile lane, without order
 * @param enforceStateId replaces a state's {@code id} that is not the client's own; else one peer can overwrite another
 */
record ChannelSettings(Order order, @Nullable String scope, Set<String> volatileEvents, boolean enforceStateId) {
    static final String CHANNEL = "{channel}";

    /** Immediate, on a scope of prscd's own. */
    static final ChannelSettings DEFAULT = new ChannelSettings(Order.IMMEDIATE, null, Set.of(), true);

    static final ChannelSettings ORDERED = new ChannelSettings(Order.ORDERED, null, Set.of(), true);

    ChannelSettings {
        volatileEvents = Set.copyOf(volatileEvents);
        if (scope != null && !scope.contains(CHANNEL)) {
            throw new IllegalArgumentException("scope \"" + scope + "\" does not contain " + CHANNEL
                    + ": all channels of the pattern would share one scope");
        }
    }

    enum Order {
        /** Peers of the same node at once, others through the store; order per sender. */
        IMMEDIATE,
        /** Everybody when it is read back from the store; one order for all. */
        ORDERED;

        /** The value of {@code order} in the configuration. */
        static Order of(String configured) {
            return switch (configured) {
                case "immediate" -> IMMEDIATE;
                case "ordered" -> ORDERED;
                case "history" ->
                    throw new IllegalArgumentException(
                            "order = history: replay after a reconnect is not available; use ordered or immediate");
                default ->
                    throw new IllegalArgumentException("order = " + configured + ": must be immediate or ordered");
            };
        }
    }
}
