package dev.moitessier.prscd;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Pages that may connect. A browser always says where a page comes from; any other program leaves that out, or lies: so this
 * guards users of browsers from foreign pages, and nothing else. A client without an origin is let through to the key check.
 */
final class Origins {
    private final List<String> allowed;

    /** Each {@code https://host[:port]}, {@code https://*.host[:port]} for its subdomains, or {@code *}. */
    Origins(List<String> allowed) {
        this.allowed = allowed.stream()
                .map(origin -> origin.toLowerCase(Locale.ROOT))
                .map(origin -> origin.endsWith("/") ? origin.substring(0, origin.length() - 1) : origin)
                .toList();
        for (String origin : this.allowed) {
            if (!origin.equals("*") && !origin.equals("null") && !origin.contains("://")) {
                throw new IllegalArgumentException(
                        "prscd.origins: \"" + origin + "\" is no origin; it looks like https://app.example.org");
            }
        }
    }

    boolean allow(@Nullable String origin) {
        if (origin == null) {
            return true;
        }
        String asked = origin.toLowerCase(Locale.ROOT);
        return allowed.stream().anyMatch(pattern -> matches(pattern, asked));
    }

    private static boolean matches(String pattern, String origin) {
        int star = pattern.indexOf("://*.");
        if (star < 0) {
            return pattern.equals("*") || pattern.equals(origin);
        }
        String scheme = pattern.substring(0, star + 3);
        String domain = pattern.substring(star + 4);
        return origin.startsWith(scheme)
                && origin.endsWith(domain)
                && origin.length() > scheme.length() + domain.length();
    }
}
