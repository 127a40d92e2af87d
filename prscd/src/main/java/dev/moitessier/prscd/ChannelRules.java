package dev.moitessier.prscd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Which settings a channel has: those of the first pattern that matches its name. Immutable. */
final class ChannelRules {
    /** Every channel as {@link ChannelSettings#DEFAULT} says. */
    static final ChannelRules NONE = new ChannelRules(List.of());

    private final List<Rule> rules;

    private record Rule(Pattern pattern, ChannelSettings settings) {}

    private ChannelRules(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /** Patterns, tried in the map's order; {@code *} stands for any characters, also none. */
    static ChannelRules of(Map<String, ChannelSettings> patterns) {
        List<Rule> rules = new ArrayList<>();
        patterns.forEach((pattern, settings) -> rules.add(new Rule(glob(pattern), settings)));
        return new ChannelRules(rules);
    }

    ChannelSettings of(String channel) {
        for (Rule rule : rules) {
            if (rule.pattern.matcher(channel).matches()) {
                return rule.settings;
            }
        }
        return ChannelSettings.DEFAULT;
    }

    /** {@link IllegalArgumentException} that names the pattern if a channel needs more than a mesh can give. */
    void requireFitForMesh() {
        for (Rule rule : rules) {
            if (rule.settings.order() != ChannelSettings.Order.IMMEDIATE) {
                throw new IllegalArgumentException("channels that match " + rule.pattern
                        + " are ordered, and nodes of a mesh have no order among each other: only order = immediate");
            }
            if (rule.settings.scope() != null) {
                throw new IllegalArgumentException("channels that match " + rule.pattern
                        + " join a scope, and nodes of a mesh share no store: leave scope out");
            }
        }
    }

    private static Pattern glob(String pattern) {
        StringBuilder regex = new StringBuilder();
        int from = 0;
        for (int star = pattern.indexOf('*'); star >= 0; star = pattern.indexOf('*', from)) {
            regex.append(Pattern.quote(pattern.substring(from, star))).append(".*");
            from = star + 1;
        }
        regex.append(Pattern.quote(pattern.substring(from)));
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}
