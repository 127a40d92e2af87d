package dev.moitessier;

import java.util.Map;

/** The limits of names and texts (N1), each refused with an {@link IllegalArgumentException} that says the number. */
final class Texts {
    static final int SCOPE_BYTES = 400;
    static final int NAME_BYTES = 200;
    static final int HEADERS = 16;
    static final int HEADER_BYTES = 4096;

    private static final int EXCERPT = 40;

    private Texts() {}

    static String scope(String scope) {
        return name("scope", scope, SCOPE_BYTES);
    }

    /** The beginning of scopes; the empty one begins all. */
    static String prefix(String prefix) {
        return bounded("prefix", prefix, SCOPE_BYTES);
    }

    static String person(String id) {
        return name("person", id, NAME_BYTES);
    }

    /** "" is the person as such. */
    static String client(String client) {
        return client.isEmpty() ? client : name("client", client, NAME_BYTES);
    }

    /** What {@link Conditions#durable(String)} is given. */
    static String subscriberName(String name) {
        return name("durable name", name, NAME_BYTES);
    }

    static void headers(Map<String, String> headers) {
        if (headers.size() > HEADERS) {
            throw new IllegalArgumentException(
                    "a dispatch carries at most " + HEADERS + " headers, not " + headers.size());
        }
        int bytes = 0;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            String name = header.getKey();
            String value = header.getValue();
            if (name.isBlank()) {
                throw new IllegalArgumentException("a header's name must not be blank");
            }
            bytes += wellFormed("header name", name) + wellFormed("header " + name, value);
            noNul("header name", name);
            noNul("header " + name, value);
        }
        if (bytes > HEADER_BYTES) {
            throw new IllegalArgumentException("the headers of a dispatch take at most " + HEADER_BYTES
                    + " bytes of UTF-8 in all, names included; these take " + bytes);
        }
    }

    private static String name(String what, String value, int most) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(
                    "a " + what + " must not be blank; it has 1 to " + most + " bytes of UTF-8");
        }
        return bounded(what, value, most);
    }

    private static String bounded(String what, String value, int most) {
        int bytes = wellFormed(what, value);
        if (bytes > most) {
            throw new IllegalArgumentException("a " + what + " has at most " + most + " bytes of UTF-8, this one has "
                    + bytes + ": " + excerpt(value));
        }
        noNul(what, value);
        return value;
    }

    /** Not every database's text can hold it, so no store needs to. */
    private static void noNul(String what, String value) {
        int at = value.indexOf('\0');
        if (at >= 0) {
            throw new IllegalArgumentException("a " + what + " must not contain U+0000; there is one at index " + at);
        }
    }

    /** Length in bytes of UTF-8; refuses a surrogate without its other half, which UTF-8 cannot say. */
    static int wellFormed(String what, String value) {
        int length = value.length();
        int bytes = 0;
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c < 0x80) {
                bytes++;
            } else if (c < 0x800) {
                bytes += 2;
            } else if (!Character.isSurrogate(c)) {
                bytes += 3;
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < length
                    && Character.isLowSurrogate(value.charAt(i + 1))) {
                bytes += 4;
                i++;
            } else {
                throw new IllegalArgumentException(
                        "a " + what + " must be valid Unicode: unpaired surrogate at index " + i);
            }
        }
        return bytes;
    }

    private static String excerpt(String value) {
        if (value.length() <= EXCERPT) {
            return value;
        }
        int end = value.offsetByCodePoints(0, value.codePointCount(0, EXCERPT));
        return value.substring(0, end) + "…";
    }
}
