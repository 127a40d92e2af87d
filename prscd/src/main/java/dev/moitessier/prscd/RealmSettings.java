package dev.moitessier.prscd;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;

/**
 * One realm as configured.
 *
 * @param authorizer of {@code join} and {@code publish}; empty if neither is there
 */
record RealmSettings(NodeSettings node, ChannelRules channels, Set<String> keys, Optional<Authorizer> authorizer) {
    private static final Set<String> REALM_KEYS = Set.of("keys", "join", "publish", "channels");
    private static final Set<String> CHANNEL_KEYS = Set.of("order", "scope", "volatile", "state-id");

    RealmSettings {
        keys = Set.copyOf(keys);
    }

    /** The realms of {@code prscd.realms}, and what a realm is that only an {@link Authenticator} knows. */
    static final class Catalog {
        private final Config prscd;
        private final Duration lease;
        private final Map<String, RealmSettings> configured = new TreeMap<>();
        private final Map<String, String> realmOfKey = new HashMap<>();

        /**
         * {@link IllegalArgumentException} that names the key if something cannot be.
         *
         * @param lease of the sessions that the rooms live by
         */
        Catalog(Config prscd, Duration lease) {
            this.prscd = prscd;
            this.lease = lease;
            for (String name : prscd.getObject("realms").keySet()) {
                RealmSettings realm = configured(name);
                configured.put(name, realm);
                for (String key : realm.keys()) {
                    if (realmOfKey.putIfAbsent(key, name) != null) {
                        throw new IllegalArgumentException(
                                "prscd.realms." + name + ".keys: one of them belongs to another realm too");
                    }
                }
            }
        }

        Collection<String> names() {
            return configured.keySet();
        }

        /** The rules of channels in a realm that is not configured. */
        ChannelRules commonRules() {
            return rules(List.of(prscd.getConfig("channels")));
        }

        boolean hasKeys() {
            return !realmOfKey.isEmpty();
        }

        Optional<String> realmOf(String publicKey) {
            return Optional.ofNullable(realmOfKey.get(publicKey));
        }

        RealmSettings of(String name) {
            RealmSettings known = configured.get(name);
            return known != null
                    ? known
                    : new RealmSettings(
                            node(name), rules(List.of(prscd.getConfig("channels"))), Set.of(), Optional.empty());
        }

        private RealmSettings configured(String name) {
            String path = ConfigUtil.joinPath("realms", name);
            Config realm = prscd.getConfig(path);
            requireKnown("prscd." + path, realm, REALM_KEYS);
            Set<String> keys = new HashSet<>(strings(realm, "keys"));
            if (keys.stream().anyMatch(String::isBlank)) {
                throw new IllegalArgumentException("prscd." + path + ".keys: a blank key lets nobody in");
            }
            Optional<Authorizer> authorizer = realm.hasPath("join") || realm.hasPath("publish")
                    ? Optional.of(new Patterns(globs(realm, "join"), globs(realm, "publish")))
                    : Optional.empty();
            List<Config> patterns = new ArrayList<>();
            if (realm.hasPath("channels")) {
                patterns.add(realm.getConfig("channels"));
            }
            patterns.add(prscd.getConfig("channels"));
            return new RealmSettings(node(name), rules(patterns), keys, authorizer);
        }

        private NodeSettings node(String name) {
            Config rooms = prscd.getConfig("rooms");
            Config limits = rooms.getConfig("limits");
            return new NodeSettings(
                    name,
                    prscd.getString("mesh-id"),
                    lease,
                    rooms.getDuration("settle"),
                    rooms.getDuration("tick"),
                    rooms.getDuration("linger"),
                    rooms.getDuration("linger-on-loss"),
                    rooms.getDuration("reconcile"),
                    new NodeSettings.Limits(
                            limits.getInt("channels-per-peer"),
                            bytes(limits, "state-bytes"),
                            bytes(limits, "entry-bytes"),
                            limits.getInt("ring-messages"),
                            bytes(limits, "ring-bytes"),
                            limits.getBytes("node-ring-bytes"),
                            limits.getInt("queue-messages"),
                            bytes(limits, "queue-bytes"),
                            limits.getBytes("node-queue-bytes")));
        }

        /** A realm's own patterns before those of all realms; among each, the one that says more of the name first. */
        private static ChannelRules rules(List<Config> blocks) {
            var ordered = new LinkedHashMap<String, ChannelSettings>();
            for (Config block : blocks) {
                block.root().keySet().stream()
                        .sorted(Comparator.comparingInt(Catalog::literals)
                                .reversed()
                                .thenComparing(Comparator.naturalOrder()))
                        .forEach(pattern -> ordered.putIfAbsent(pattern, channel(pattern, block)));
            }
            return ChannelRules.of(ordered);
        }

        private static int literals(String pattern) {
            return (int) pattern.chars().filter(c -> c != '*').count();
        }

        private static ChannelSettings channel(String pattern, Config block) {
            Config settings = block.getConfig(ConfigUtil.quoteString(pattern));
            requireKnown("channels \"" + pattern + "\"", settings, CHANNEL_KEYS);
            String stateId = settings.hasPath("state-id") ? settings.getString("state-id") : "enforce";
            if (!stateId.equals("enforce") && !stateId.equals("trust")) {
                throw new IllegalArgumentException("state-id = " + stateId + ": must be enforce or trust");
            }
            return new ChannelSettings(
                    settings.hasPath("order")
                            ? ChannelSettings.Order.of(settings.getString("order"))
                            : ChannelSettings.Order.IMMEDIATE,
                    settings.hasPath("scope") ? settings.getString("scope") : null,
                    Set.copyOf(strings(settings, "volatile")),
                    stateId.equals("enforce"));
        }

        private static List<String> strings(Config config, String key) {
            return config.hasPath(key) ? config.getStringList(key) : List.of();
        }

        private static List<Pattern> globs(Config realm, String key) {
            return strings(realm, key).stream().map(Catalog::glob).toList();
        }

        private static Pattern glob(String pattern) {
            return Pattern.compile(Pattern.quote(pattern).replace("*", "\\E.*\\Q"), Pattern.DOTALL);
        }

        private static int bytes(Config limits, String key) {
            return Math.toIntExact(limits.getBytes(key));
        }

        private static void requireKnown(String where, Config config, Set<String> known) {
            for (String key : config.root().keySet()) {
                if (!known.contains(key)) {
                    throw new IllegalArgumentException(
                            where + ": unknown key " + key + "; there are " + new java.util.TreeSet<>(known));
                }
            }
        }
    }

    /** What clients may do, by the names of channels. */
    private record Patterns(List<Pattern> join, List<Pattern> publish) implements Authorizer {
        @Override
        public CompletionStage<Boolean> mayJoin(PeerIdentity peer, String channel) {
            return CompletableFuture.completedStage(matches(join, channel));
        }

        @Override
        public boolean mayPublish(PeerIdentity peer, String channel) {
            return matches(publish, channel);
        }

        private static boolean matches(List<Pattern> patterns, String channel) {
            return patterns.stream()
                    .anyMatch(pattern -> pattern.matcher(channel).matches());
        }
    }
}
